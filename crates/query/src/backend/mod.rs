//! One face for a Pyroscope and a Parca: what there is, and profiles of it.
//!
//! ```no_run
//! use query::Ask;
//! use query::backend::{Backend, Detail};
//! use query::deployments::{Deployment, Kind};
//! use query::times::Window;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let backend = Backend::connect(&Deployment::at_url("http://localhost:4040", Kind::Pyroscope)?)?;
//! let window = Window::last("10m", std::time::SystemTime::now())?;
//! for service in backend.services(window.range).await? {
//!     let ask = Ask::new(window.range).of_service(&service);
//!     let fetched = backend.fetch(&ask, Detail::Whole).await?;
//!     println!("{service}: {} of {}", fetched.stacks.total(), fetched.query.profile_type);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Matchers mean the same on both: regular expressions have to match a whole value; on a Parca, which
//! searches, they are anchored. Windows mean the same on both: from the start up to the end, the latter excluded.

mod catalog;
mod connect;
mod error;
mod fetch;
mod json;
mod names;
mod nothing;
mod over_time;
mod raw;
mod snapshots;
mod spans;
mod types;
mod upload;
mod why;
mod window;

pub use catalog::Stats;
pub use error::{BackendError, Class};
pub use fetch::{Detail, MAX_TYPES};
pub(crate) use names::sample_types;
pub use names::{TypeError, default_type, resolve_type};
pub use nothing::Nothing;
pub use over_time::OverTime;
pub use raw::RawAnswer;
pub use upload::{Upload, sample_labels};

use std::pin::Pin;

use crate::deployments::{Deployment, Kind};

/// What a server is asked and not yet answered. Boxed: the body of an asynchronous function is compiled by every crate
/// that awaits it, and those of a [`Backend`] hold clients of two APIs.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, BackendError>> + Send + 'a>>;

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
    /// The deployment that this server is.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The server for people: its name and its address, or the address alone where that is its name.
    pub fn in_words(&self) -> String {
        let Deployment { name, url, .. } = &self.deployment;
        if name == url { url.clone() } else { format!("{name} at {url}") }
    }

    /// What runs on the server.
    pub fn kind(&self) -> Kind {
        self.deployment.kind
    }

    /// The client of a Parca; nothing for a Pyroscope.
    pub fn parca(&self) -> Option<&parca_client::Client> {
        match &self.server {
            Server::Parca(client) => Some(client),
            Server::Pyroscope(_) => None,
        }
    }

    /// For `--verbose`: what is asked of whom; nothing secret is in it.
    fn note(&self, call: &str, about: &str) {
        let Deployment { name, url, .. } = &self.deployment;
        tracing::debug!(call, about, deployment = %name, %url, "asking");
    }
}
