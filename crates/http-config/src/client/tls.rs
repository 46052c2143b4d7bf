//! `tls_config` as rustls has it.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::tls_files::{self, Pem};
use crate::ConfigError;
use crate::config::{TlsConfig, TlsVersion};

/// The settings with the files as they are now; `block` is their key. Without ALPN.
pub(super) fn client_config(block: &str, tls: &TlsConfig) -> Result<ClientConfig, ConfigError> {
    let pem = tls_files::read(block, tls)?;
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions(tls))
        .map_err(|error| ConfigError::tls(block, error))?;
    let builder = if tls.insecure_skip_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
    } else {
        builder.with_root_certificates(roots(block, &pem)?)
    };
    let (Some(cert), Some(key)) = (&pem.cert, &pem.key) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(&format!("{block}.cert"), cert.expose())?;
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|_| ConfigError::tls(&format!("{block}.key"), "expected a private key in PEM"))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| ConfigError::tls(&format!("{block}.cert"), error))
}

/// The fixed name to ask for and verify, if there is one. Checked by `validate`.
pub(super) fn server_name(tls: &TlsConfig) -> Option<ServerName<'static>> {
    crate::config::text(&tls.server_name).and_then(|name| ServerName::try_from(name.to_owned()).ok())
}

const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
const ONLY_12: &[&SupportedProtocolVersion] = &[&TLS12];
const ONLY_13: &[&SupportedProtocolVersion] = &[&TLS13];

fn versions(tls: &TlsConfig) -> &'static [&'static SupportedProtocolVersion] {
    let min = tls.min_version.unwrap_or(TlsVersion::Tls12);
    let max = tls.max_version.unwrap_or(TlsVersion::Tls13);
    match (min >= TlsVersion::Tls13, max <= TlsVersion::Tls12) {
        (true, _) => ONLY_13,
        (false, true) => ONLY_12,
        (false, false) => BOTH,
    }
}

/// A given CA replaces the system's roots.
fn roots(block: &str, pem: &Pem) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    let Some(ca) = &pem.ca else {
        // Without any root every handshake fails with a clear error, and plain http works.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let key = format!("{block}.ca");
    for certificate in certificates(&key, ca.expose())? {
        roots.add(certificate).map_err(|error| ConfigError::tls(&key, error))?;
    }
    Ok(roots)
}

fn certificates(key: &str, pem: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(ConfigError::tls(key, "expected certificates in PEM, found none")),
        Err(_) => Err(ConfigError::tls(key, "expected certificates in PEM, found something else")),
    }
}

/// Takes any certificate, but still checks that the server has its key.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
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
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
