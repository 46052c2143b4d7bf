//! One face for a Pyroscope and a Parca: what there is, and profiles of it.
//!
//! ```no_run
//! use query::backend::{Ask, Backend, Detail};
//! use query::deployments::{Deployment, Kind};
//! use query::times::Window;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let backend = Backend::connect(&Deployment::at_url("http://localhost:4040", Kind::Pyroscope)?)?;
//! let window = Window::last("10m", std::time::SystemTime::now())?;
//! for service in backend.services(window.range).await? {
//!     let ask = Ask::new("cpu", window.range).of_service(&service);
//!     let merged = backend.fetch(&ask, Detail::Whole).await?;
//!     println!("{service}: {} of {}", merged.total(), merged.query.profile_type);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Matchers mean the same on both: regular expressions have to match a whole value. On a Parca, which
//! searches, they are anchored.

mod ask;
mod catalog;
mod connect;
mod error;
mod json;
mod merge;
mod nothing;
mod raw;
mod types;
mod upload;

pub use ask::Ask;
pub use catalog::Stats;
pub use error::{BackendError, Class};
pub use merge::{Detail, Merged, Outline};
pub use nothing::Nothing;
pub use raw::RawAnswer;
pub use types::{TypeError, default_type, resolve_type};
pub use upload::Upload;

use crate::deployments::{Deployment, Kind};

/// A server that can be asked. Connects with the first call.
#[derive(Clone, Debug)]
pub struct Backend {
    deployment: Deployment,
    server: Server,
}

#[derive(Clone, Debug)]
enum Server {
    Pyroscope(pyroscope_client::Client),
    Parca(parca_client::Client),
}

impl Backend {
    /// The deployment that it stands for.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// What runs there.
    pub fn kind(&self) -> Kind {
        self.deployment.kind
    }

    /// For `--verbose`: what is asked of whom; nothing secret is in it.
    fn note(&self, call: &str, about: &str) {
        let Deployment { name, url, .. } = &self.deployment;
        tracing::debug!(call, about, deployment = %name, %url, "asking");
    }
}
