//! YAML configuration files: nodes that know their place, and a report of all mistakes at once.
//!
//! [`parse`] makes a tree of [`Node`]s, [`Reader`]s and [`Field`]s take it apart key by key, and
//! whatever is wrong on the way goes into one [`Report`], sorted by its place in the file.
//!
//! ```
//! use config_file::{Reader, Report};
//!
//! /// Which values must not be shown. The path is that of the key, such as `servers[0].password`.
//! fn secret(path: &str) -> bool {
//!     path.ends_with("password")
//! }
//!
//! let text = "\
//! servers:
//!   - name: a
//!     prot: 7070
//!   - name: b
//!     port: many
//!     password: [hunter2]
//! ";
//! let report = Report::new(secret);
//! let root = config_file::parse(text, &report).unwrap();
//! let mut top = Reader::new(&root, &report).unwrap();
//! for server in top.required("servers").and_then(|field| field.list()).unwrap_or_default() {
//!     let Some(mut server) = server.reader() else { continue };
//!     server.required("name").and_then(|field| field.text());
//!     server.optional("port").and_then(|field| field.integer(1..=65535));
//!     server.optional("password").and_then(|field| field.text());
//!     server.finish();
//! }
//! top.finish();
//!
//! assert_eq!(report.finish("servers.yaml").to_string(), "\
//! servers.yaml:3:5: warning: servers[0].prot: unknown key
//!   hint: did you mean `port`?
//! servers.yaml:5:11: servers[1].port: expected a number from 1 to 65535, found `many`
//! servers.yaml:6:15: servers[1].password: expected a text, found a list");
//! ```
//!
//! What was written for serde is read through [`Field::deserializer`], which also collects unknown keys.
//!
//! # The YAML that is read
//! YAML 1.2 with what files of YAML 1.1 rely on: `yes`, `no`, `on` and `off` where a boolean is
//! wanted, and merge keys (`<<`). Whether `1` is a number or a text is for the reader to say, not for
//! the file, so tags are passed over; only `!!str` keeps `null` a text. One document, at most
//! [`MAX_BYTES`] long; aliases are copied and count against [`MAX_NODES`].
//!
//! # What this does not know
//! Any key, any default, the file system, the environment. How durations are written: such texts are
//! read by a function that the caller gives to [`Field::parse`].

mod budget;
mod build;
mod deserialize;
mod excerpt;
mod field;
mod messages;
mod node;
mod report;
mod scalar;

pub use budget::{MAX_BYTES, MAX_DEPTH, MAX_NODES};
pub use build::parse;
pub use deserialize::{DeserializeError, Deserializer};
pub use field::Field;
pub use field::reader::Reader;
pub use node::{Key, Kind, Node, Position};
pub use report::{Grade, Mistake, Mistakes, Report};
