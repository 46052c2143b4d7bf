use std::sync::Arc;

use profile_model::Profile;
use query::backend::Backend;

/// What profiles are asked of.
#[derive(Clone, Debug)]
pub enum Source {
    /// A Parca or a Pyroscope.
    Server {
        /// What people call it.
        name: String,
        /// The deployment's name in the configuration of profile-query, if it has one.
        deployment: Option<String>,
        /// The server.
        backend: Box<Backend>,
    },
    /// A file.
    File(FileSource),
}

/// The profile of a file, with all of its sample types.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FileSource {
    /// What people call it.
    pub name: String,
    /// The path as it was typed.
    pub path: String,
    /// What is in it.
    pub profile: Arc<Profile>,
    /// What is to be said about it: when it was taken, that several profiles were merged.
    pub facts: Vec<String>,
}

impl Source {
    /// A server that is in no configuration.
    pub fn server(name: impl Into<String>, backend: Backend) -> Self {
        Self::Server { name: name.into(), deployment: None, backend: Box::new(backend) }
    }

    /// A file that was read.
    pub fn file(path: impl Into<String>, profile: Profile, facts: Vec<String>) -> Self {
        let path = path.into();
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        Self::File(FileSource { name, path, profile: Arc::new(profile), facts })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Server { name, .. } => name,
            Self::File(file) => &file.name,
        }
    }
}
