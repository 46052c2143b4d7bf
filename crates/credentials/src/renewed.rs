//! What is made of TLS settings, made anew when their files change.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rustls::ClientConfig;

use crate::{Pem, Tls, TlsProblem};

/// What a client makes of TLS settings, such as a pool of connections, for the files as they are now.
pub struct Renewed<T> {
    tls: Tls,
    make: Box<dyn Fn(ClientConfig) -> T + Send + Sync>,
    current: Mutex<Current<T>>,
}

struct Current<T> {
    made: T,
    /// The files' outside when they were last looked into, with or without success.
    stamps: Vec<Option<Stamp>>,
}

/// A file's outside; a new file under the old name (a ConfigMap's symlink, a rename) has another one.
type Stamp = (u64, u64, Option<SystemTime>);

impl<T: Clone> Renewed<T> {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// Everything that is wrong with authorities, certificate and key.
    pub fn new(
        tls: Tls,
        make: impl Fn(ClientConfig) -> T + Send + Sync + 'static,
    ) -> Result<Self, Vec<TlsProblem>> {
        // Before the reading: a change during it is seen next time.
        let stamps = stamps(&tls);
        let made = make(tls.load()?);
        Ok(Self { tls, make: Box::new(make), current: Mutex::new(Current { made, stamps }) })
    }

    /// What was made last. Looks at the outside of up to three files. Files that are no good, perhaps half written,
    /// leave what was made before, with a warning: they are looked into again when they change again.
    pub fn current(&self) -> T {
        let stamps = stamps(&self.tls);
        let mut current = self.lock();
        if current.stamps != stamps {
            current.stamps = stamps;
            match self.tls.load() {
                Ok(config) => current.made = (self.make)(config),
                Err(problems) => {
                    for problem in problems {
                        tracing::warn!(%problem, "changed certificates are not used");
                    }
                }
            }
        }
        current.made.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Current<T>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamps(tls: &Tls) -> Vec<Option<Stamp>> {
    [&tls.ca, &tls.cert, &tls.key].into_iter().flatten().filter_map(Pem::file).map(stamp).collect()
}

#[cfg(unix)]
fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.ino(), metadata.modified().ok()))
}

#[cfg(not(unix))]
fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), 0, metadata.modified().ok()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rcgen::generate_simple_self_signed;

    use super::*;
    use crate::Part;

    /// A file replaced by a rename, as rotations do it.
    fn replace(path: &Path, text: &str) {
        let fresh = path.with_extension("fresh");
        std::fs::write(&fresh, text).unwrap();
        std::fs::rename(&fresh, path).unwrap();
    }

    #[test]
    fn changed_files_count_and_broken_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let pair = || generate_simple_self_signed(["client.test".to_owned()]).unwrap();
        let write = |pair: &rcgen::CertifiedKey<rcgen::KeyPair>| {
            replace(&cert, &pair.cert.pem());
            replace(&key, &pair.signing_key.serialize_pem());
        };
        let first = pair();
        write(&first);
        let tls = Tls {
            ca: Some(Pem::Text(first.cert.pem().into())),
            cert: Some(Pem::File(cert.clone())),
            key: Some(Pem::File(key.clone())),
            ..Tls::default()
        };
        let count = Arc::new(AtomicUsize::new(0));
        let renewed = Renewed::new(tls, {
            let count = Arc::clone(&count);
            move |_| count.fetch_add(1, Ordering::Relaxed)
        })
        .unwrap();
        assert_eq!((renewed.current(), renewed.current()), (0, 0), "nothing changed");
        replace(&cert, "half a cer");
        assert_eq!(renewed.current(), 0, "a broken file is not used");
        write(&pair());
        assert_eq!(renewed.current(), 1);
        std::fs::remove_file(&key).unwrap();
        assert_eq!(renewed.current(), 1, "a file that is gone neither");
    }

    #[test]
    fn every_problem_is_told_and_none_shows_a_text() {
        let pem = |text: &str| Some(Pem::Text(text.into()));
        let tls = Tls { ca: pem("hunter1"), cert: pem("hunter2"), key: pem("hunter3"), ..Tls::default() };
        let problems = tls.load().unwrap_err();
        let parts: Vec<Part> = problems.iter().map(|problem| problem.part).collect();
        assert_eq!(parts, [Part::Ca, Part::Cert, Part::Key]);
        for problem in problems {
            assert!(!format!("{problem} {problem:?}").contains("hunter"), "{problem:?}");
        }
        let one = generate_simple_self_signed(["a.test".to_owned()]).unwrap();
        let other = generate_simple_self_signed(["b.test".to_owned()]).unwrap();
        let mixed = Tls {
            insecure_skip_verify: true,
            cert: Some(Pem::Text(one.cert.pem().into())),
            key: Some(Pem::Text(other.signing_key.serialize_pem().into())),
            ..Tls::default()
        };
        let problems = mixed.load().unwrap_err();
        assert_eq!(problems[0].part, Part::Cert);
        assert!(problems[0].to_string().contains("does not go with the key"), "{}", problems[0]);
    }
}
