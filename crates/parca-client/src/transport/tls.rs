use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::settings::{Mistake, Protocol, TlsSettings};

/// What a TLS handshake with the server needs.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) server_name: ServerName<'static>,
}

impl Tls {
    /// Reads the files that the settings name; adds to `mistakes` where it returns nothing.
    pub(crate) fn new(
        settings: &TlsSettings,
        host: &str,
        protocol: Protocol,
        mistakes: &mut Vec<Mistake>,
    ) -> Option<Self> {
        let before = mistakes.len();
        let mut note = |field, message: String| mistakes.push(Mistake::new(field, message));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let name = settings.server_name.as_deref().unwrap_or(host);
        let server_name = ServerName::try_from(name.to_owned()).map_err(|_| {
            note("tls.server_name", format!("expected a DNS name or an address, found `{name}`"))
        });
        let verifier = verifier(settings, &provider).map_err(|message| note("tls.ca_file", message));
        let identity = identity(settings).map_err(|(field, message)| note(field, message));
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| note("tls", error.to_string()));
        let (server_name, verifier, identity, builder) =
            (server_name.ok()?, verifier.ok()?, identity.ok()?, builder.ok()?);
        let builder = match verifier {
            Verifier::Roots(roots) => builder.with_root_certificates(roots),
            Verifier::Anybody(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier),
        };
        let config = match identity {
            None => Ok(builder.with_no_client_auth()),
            Some((chain, key)) => builder.with_client_auth_cert(chain, key),
        };
        let mut config = config.map_err(|error| note("tls.key_file", error.to_string())).ok()?;
        config.alpn_protocols = vec![if protocol.is_http2() { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        debug_assert_eq!(mistakes.len(), before, "a mistake ends the function earlier");
        Some(Self { config: Arc::new(config), server_name })
    }
}

enum Verifier {
    Roots(RootCertStore),
    Anybody(Arc<AcceptAnybody>),
}

fn verifier(settings: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<Verifier, String> {
    if settings.insecure_skip_verify {
        return Ok(Verifier::Anybody(Arc::new(AcceptAnybody { provider: Arc::clone(provider) })));
    }
    let mut roots = RootCertStore::empty();
    let Some(path) = &settings.ca_file else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err("expected certificate authorities on this system, found none: set a file".to_owned());
        }
        return Ok(Verifier::Roots(roots));
    };
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| format!("in `{}`: {error}", path.display()))?;
    }
    Ok(Verifier::Roots(roots))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(settings: &TlsSettings) -> Result<Option<Identity>, (&'static str, String)> {
    match (&settings.cert_file, &settings.key_file) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(("tls.key_file", "expected the key to `cert_file`, found none".to_owned())),
        (None, Some(_)) => {
            Err(("tls.cert_file", "expected the certificate to `key_file`, found none".to_owned()))
        }
        (Some(cert), Some(key)) => {
            let chain = certificates(cert).map_err(|message| ("tls.cert_file", message))?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| {
                ("tls.key_file", format!("expected a PEM key in `{}`: {error}", key.display()))
            })?;
            Ok(Some((chain, key)))
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable = |error| format!("expected PEM certificates in `{}`: {error}", path.display());
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(unreadable)?;
    if found.is_empty() {
        return Err(format!("expected PEM certificates in `{}`, found none", path.display()));
    }
    Ok(found)
}

/// Skips the question who the server is, not the proof that it holds its key.
#[derive(Debug)]
struct AcceptAnybody {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AcceptAnybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
