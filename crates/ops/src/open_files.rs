//! How many files a process may have open.

/// More than any server of ours has connections.
#[cfg(unix)]
const MOST: u64 = 1 << 20;

/// Lets this process have as many files open as the system allows it to ask for. Systems start programs with 1024, for
/// the sake of those that call `select`; a server has one for each connection, and needs some for its data besides.
pub fn allow_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let wanted = limit.maximum.unwrap_or(MOST).min(MOST);
        if limit.current.is_some_and(|current| current < wanted) {
            let limit = Rlimit { current: Some(wanted), maximum: limit.maximum };
            if let Err(error) = setrlimit(Resource::Nofile, limit) {
                tracing::debug!(%error, wanted, "no more files may be open");
            }
        }
    }
}

/// How many files this process may have open now; 1024 where the system does not say.
pub(crate) fn open_files() -> u64 {
    #[cfg(unix)]
    {
        rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(MOST)
    }
    #[cfg(not(unix))]
    {
        1024
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Resource, getrlimit};

    use super::*;

    #[test]
    fn as_many_as_the_system_allows_may_be_open() {
        let before = getrlimit(Resource::Nofile);
        allow_open_files();
        let after = getrlimit(Resource::Nofile);
        assert_eq!(after.maximum, before.maximum);
        assert!(after.current.is_none_or(|current| current >= before.maximum.unwrap_or(MOST).min(MOST)));
    }
}
