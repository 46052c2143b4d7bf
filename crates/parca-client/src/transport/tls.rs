use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::pem::{self, Source};
use crate::settings::{Mistake, Protocol, TlsSettings, TlsVersion};

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
        let verifier = verifier(settings, &provider).map_err(|(field, message)| note(field, message));
        let identity = identity(settings).map_err(|(field, message)| note(field, message));
        let versions = versions(settings).map_err(|message| note("tls.max_version", message));
        let (server_name, verifier, identity, versions) =
            (server_name.ok()?, verifier.ok()?, identity.ok()?, versions.ok()?);
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| note("tls", error.to_string()))
            .ok()?;
        let builder = match verifier {
            Verifier::Roots(roots) => builder.with_root_certificates(roots),
            Verifier::Anybody(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier),
        };
        let config = match identity {
            None => Ok(builder.with_no_client_auth()),
            Some((chain, key)) => builder.with_client_auth_cert(chain, key),
        };
        let field = if settings.key.is_some() { "tls.key" } else { "tls.key_file" };
        let mut config = config.map_err(|error| note(field, error.to_string())).ok()?;
        config.alpn_protocols = vec![if protocol.is_http2() { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        debug_assert_eq!(mistakes.len(), before, "a mistake ends the function earlier");
        Some(Self { config: Arc::new(config), server_name })
    }
}

enum Verifier {
    Roots(RootCertStore),
    Anybody(Arc<AcceptAnybody>),
}

/// What is wrong, and with which field.
type Fault = (&'static str, String);

const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
const ONLY_12: &[&SupportedProtocolVersion] = &[&TLS12];
const ONLY_13: &[&SupportedProtocolVersion] = &[&TLS13];

fn versions(settings: &TlsSettings) -> Result<&'static [&'static SupportedProtocolVersion], String> {
    let min = settings.min_version.unwrap_or(TlsVersion::Tls12);
    let max = settings.max_version.unwrap_or(TlsVersion::Tls13);
    match (min, max) {
        (TlsVersion::Tls12, TlsVersion::Tls12) => Ok(ONLY_12),
        (TlsVersion::Tls12, TlsVersion::Tls13) => Ok(BOTH),
        (TlsVersion::Tls13, TlsVersion::Tls13) => Ok(ONLY_13),
        (TlsVersion::Tls13, TlsVersion::Tls12) => {
            Err("expected no less than `min_version`, found TLS 1.2 below TLS 1.3".to_owned())
        }
    }
}

fn verifier(settings: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<Verifier, Fault> {
    let source =
        Source::of(("tls.ca", settings.ca.as_deref()), ("tls.ca_file", settings.ca_file.as_deref()))?;
    if settings.insecure_skip_verify {
        return Ok(Verifier::Anybody(Arc::new(AcceptAnybody { provider: Arc::clone(provider) })));
    }
    let mut roots = RootCertStore::empty();
    let Some(source) = source else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let message = "expected certificate authorities on this system, found none: set a file";
            return Err(("tls.ca_file", message.to_owned()));
        }
        return Ok(Verifier::Roots(roots));
    };
    for certificate in pem::certificates(&source)? {
        roots.add(certificate).map_err(|error| source.fault(error))?;
    }
    Ok(Verifier::Roots(roots))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(settings: &TlsSettings) -> Result<Option<Identity>, Fault> {
    let key = settings.key.as_ref().map(secrecy::ExposeSecret::expose_secret);
    let cert =
        Source::of(("tls.cert", settings.cert.as_deref()), ("tls.cert_file", settings.cert_file.as_deref()))?;
    let key = Source::of(("tls.key", key), ("tls.key_file", settings.key_file.as_deref()))?;
    match (cert, key) {
        (None, None) => Ok(None),
        (Some(_), None) => {
            Err(("tls.key_file", "expected the key to the certificate, found none".to_owned()))
        }
        (None, Some(_)) => {
            Err(("tls.cert_file", "expected the certificate to the key, found none".to_owned()))
        }
        (Some(cert), Some(key)) => Ok(Some((pem::certificates(&cert)?, pem::key(&key)?))),
    }
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
