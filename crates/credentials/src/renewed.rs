//! What is made of files, made anew when they change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use rustls::ClientConfig;

use crate::{Tls, TlsProblem};

/// What is made of files, such as a pool of connections or a list of who may come in, for the files as they are now.
pub struct Renewed<T> {
    files: Vec<PathBuf>,
    /// Nothing where the files are no good, which it has said.
    again: Box<dyn Fn() -> Option<T> + Send + Sync>,
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
    /// What a client makes of its TLS settings.
    ///
    /// # Errors
    /// Everything that is wrong with authorities, certificate and key.
    pub fn new(
        tls: Tls,
        make: impl Fn(ClientConfig) -> T + Send + Sync + 'static,
    ) -> Result<Self, Vec<TlsProblem>> {
        let refused = |problems: Vec<TlsProblem>| {
            for problem in problems {
                tracing::warn!(%problem, "changed certificates are not used");
            }
        };
        Self::of(tls.files(), move || tls.load().map(&make), refused)
    }

    /// Reads the files for the first time. `make` reads them again when they have changed; where it fails then, `refused`
    /// gets to say so.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn of<E>(
        files: Vec<PathBuf>,
        make: impl Fn() -> Result<T, E> + Send + Sync + 'static,
        refused: impl Fn(E) + Send + Sync + 'static,
    ) -> Result<Self, E> {
        // Before the reading: a change during it is seen next time.
        let stamps = stamps(&files);
        let made = make()?;
        let again = Box::new(move || make().map_err(&refused).ok());
        Ok(Self { files, again, current: Mutex::new(Current { made, stamps }) })
    }

    /// What was made last. Looks at the outside of the files. Files that are no good, perhaps half written, leave what was
    /// made before: they are looked into again when they change again.
    pub fn current(&self) -> T {
        let stamps = stamps(&self.files);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.stamps != stamps {
            current.stamps = stamps;
            if let Some(made) = (self.again)() {
                current.made = made;
            }
        }
        current.made.clone()
    }
}

/// Without what was made, which may be a secret.
impl<T> fmt::Debug for Renewed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewed").field("files", &self.files).finish_non_exhaustive()
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| stamp(file)).collect()
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
    use crate::{Part, Pem};

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
