//! What a client shows and trusts: secrets that cannot be printed, files that hold them, certificates and keys that are
//! renewed while a program runs.
//!
//! ```
//! use credentials::{Pem, Renewed, Secret, Tls};
//!
//! let token = Secret::new("hunter2");
//! assert_eq!(format!("{token:?}"), "<secret>");
//!
//! let tls = Tls { ca: Some(Pem::File("/no/such/ca.pem".into())), ..Tls::default() };
//! let problems = Renewed::new(tls, |config| config).err().unwrap();
//! assert_eq!(problems[0].part, credentials::Part::Ca);
//! ```
//!
//! What it does not know: names of settings, URLs, servers and the network.

mod file;
mod pem;
mod renewed;
mod secret;
mod tls;

pub use file::read_secret;
pub use pem::{Part, Pem, TlsProblem};
pub use renewed::Renewed;
pub use secret::Secret;
pub use tls::{Tls, Versions};
