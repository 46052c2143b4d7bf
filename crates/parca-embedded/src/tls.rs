//! TLS of the server's own, with certificates that are read again when their files change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use credentials::{Part, Pem, Renewed, TlsProblem};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take to say who it is.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The files of a server's TLS.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerTls {
    /// The certificate chain, leaf first, as PEM.
    pub cert: PathBuf,
    /// The certificate's key.
    pub key: PathBuf,
    /// Authorities of clients: with it a client needs a certificate of one of them.
    pub client_ca: Option<PathBuf>,
}

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// Files that cannot be read, or hold something else; all of them.
    #[error("{}", told(.0))]
    Files(Vec<TlsProblem>),
    /// Certificate, key and authorities do not go together.
    #[error("certificate and key cannot be used")]
    Config(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ServerTls {
    /// A server that shows a certificate and asks for none.
    pub fn new(cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { cert: cert.into(), key: key.into(), client_ca: None }
    }

    fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let [cert, key] = [&self.cert, &self.key].map(|path| Pem::File(path.clone()));
        let authorities =
            self.client_ca.clone().map(|path| Pem::File(path).certificates(Part::Ca)).transpose();
        let (chain, key, authorities) = match (cert.certificates(Part::Cert), key.key(), authorities) {
            (Ok(chain), Ok(key), Ok(authorities)) => (chain, key, authorities),
            (chain, key, authorities) => {
                let problems = [chain.err(), key.err(), authorities.err()].into_iter().flatten();
                return Err(TlsError::Files(problems.collect()));
            }
        };
        let config = |error: rustls::Error| TlsError::Config(error.into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(config)?;
        let builder = match authorities {
            None => builder.with_no_client_auth(),
            Some(authorities) => {
                let mut roots = RootCertStore::empty();
                authorities.into_iter().try_for_each(|authority| roots.add(authority).map_err(config))?;
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| TlsError::Config(error.into()))?)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(config)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn files(&self) -> Vec<PathBuf> {
        [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()].into_iter().flatten().cloned().collect()
    }
}

fn told(problems: &[TlsProblem]) -> String {
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    told.join("; ")
}

/// Takes connections with the files as they are now.
#[derive(Clone)]
pub(crate) struct Acceptor {
    config: Arc<Renewed<Arc<ServerConfig>>>,
}

impl Acceptor {
    pub(crate) fn new(tls: ServerTls) -> Result<Self, TlsError> {
        let refused = |error: TlsError| tracing::warn!(%error, "changed certificates are not used");
        let config = Renewed::of(tls.files(), move || tls.load(), refused)?;
        Ok(Self { config: Arc::new(config) })
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        let accepting = TlsAcceptor::from(self.config.current()).accept(stream);
        let late = |_| std::io::Error::new(std::io::ErrorKind::TimedOut, "no TLS handshake in time");
        tokio::time::timeout(HANDSHAKE, accepting).await.map_err(late)?
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn all_files_that_are_no_good_are_told_and_no_key_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("key.pem"), "-----BEGIN hunter2\nhunter2\n").unwrap();
        let mut tls = ServerTls::new(path("none.pem"), path("key.pem"));
        tls.client_ca = Some(path("none-either.pem"));
        let error = tls.load().unwrap_err();
        let words = format!("{error} {error:?}");
        for name in ["none.pem", "key.pem", "none-either.pem"] {
            assert!(words.contains(name), "{words}");
        }
        assert!(!words.contains("hunter2"), "{words}");
    }
}
