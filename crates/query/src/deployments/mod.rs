//! Which servers there are, and how to get in: the deployments of a configuration file, of
//! environment variables, or put together by hand.
//!
//! ```
//! use query::deployments::{Deployments, Kind};
//!
//! let file = "
//! [pyroscope.deployments.prod]
//! url = \"https://profiles.example.com/\"
//! token = \"glsa_0123\"   # kept back from every output
//!
//! [parca.deployments.lab]
//! address = \"localhost:7070\"
//! plaintext = true
//! ";
//! let deployments = Deployments::parse(file)?;
//! let prod = deployments.find("prod", None)?;
//! assert_eq!((prod.kind, prod.url.as_str()), (Kind::Pyroscope, "https://profiles.example.com"));
//! assert_eq!(prod.auth().to_string(), "token");
//! assert_eq!(deployments.find("lab", Some(Kind::Parca))?.url, "http://localhost:7070");
//! assert!(!format!("{prod:?}").contains("glsa"));
//! # Ok::<(), query::deployments::ConfigError>(())
//! ```
//!
//! The file is that of the axiom-sre scripts, whose reader looked at lines: what it took is taken
//! still, with a warning where it is no TOML. Sections of other tools are passed over.

mod build;
mod deployment;
mod environment;
mod error;
mod file;
mod lenient;
mod section;
mod strict;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use deployment::{Auth, Deployment, Kind, Protocol};
pub use environment::{config_path, from_environment};
pub use error::{ConfigError, ConfigMistake};
pub use file::{Deployments, Listed};
