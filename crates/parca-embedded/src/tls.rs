//! TLS of the server's own, with certificates that are read again when their files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use credentials::Renewed;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
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
    /// A file cannot be read, or holds something else.
    #[error("expected {expected} in `{}`", path.display())]
    File {
        /// What should be there.
        expected: &'static str,
        /// The file.
        path: PathBuf,
        /// The reader's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
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
        let chain = certificates(&self.cert)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|source| TlsError::File {
            expected: "a private key as PEM",
            path: self.key.clone(),
            source: source.into(),
        })?;
        let config = |error: rustls::Error| TlsError::Config(error.into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(config)?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots.add(certificate).map_err(config)?;
                }
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

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |source: Box<dyn std::error::Error + Send + Sync>| TlsError::File {
        expected: "certificates as PEM",
        path: path.to_owned(),
        source,
    };
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.into()))?.collect();
    let found = found.map_err(|error| wrong(error.into()))?;
    if found.is_empty() { Err(wrong("there is none".into())) } else { Ok(found) }
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
