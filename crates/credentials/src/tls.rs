//! Settings of TLS as rustls has them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::{Part, Pem, TlsProblem};

/// Whom a client trusts, and who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The only authorities to trust. Default: those of the system.
    pub ca: Option<Pem>,
    /// The client's certificate chain, leaf first. Counts with a key only.
    pub cert: Option<Pem>,
    /// The client's private key. Counts with a certificate only.
    pub key: Option<Pem>,
    /// Take any certificate; the server must still hold the key to it.
    pub insecure_skip_verify: bool,
    /// Default: both.
    pub versions: Versions,
    /// A system without authorities is no problem yet, as the client may never speak TLS: handshakes fail.
    pub roots_may_lack: bool,
}

/// The versions of TLS that a client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.3, or else 1.2.
    #[default]
    Both,
    /// TLS 1.2 and nothing else.
    Only12,
    /// TLS 1.3 and nothing else.
    Only13,
}

impl Tls {
    /// The settings with the files as they are now, without ALPN.
    ///
    /// # Errors
    /// Everything that is wrong with authorities, certificate and key.
    pub fn load(&self) -> Result<ClientConfig, Vec<TlsProblem>> {
        let roots = self.roots();
        let identity = self.identity();
        let (roots, identity) = match (roots, identity) {
            (Ok(roots), Ok(identity)) => (roots, identity),
            (roots, identity) => {
                return Err(roots.err().into_iter().chain(identity.err().into_iter().flatten()).collect());
            }
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions.known())
            .expect("ring has suites for TLS 1.2 and 1.3");
        let builder = match roots {
            Some(roots) => builder.with_root_certificates(roots),
            None => builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyServer(provider))),
        };
        let Some((chain, key)) = identity else { return Ok(builder.with_no_client_auth()) };
        builder.with_client_auth_cert(chain, key).map_err(|error| {
            let cert = self.cert.as_ref().expect("an identity has a certificate");
            vec![cert.problem(Part::Cert, format!("found one that does not go with the key: {error}"))]
        })
    }

    pub(crate) fn files(&self) -> Vec<PathBuf> {
        [&self.ca, &self.cert, &self.key]
            .into_iter()
            .flatten()
            .filter_map(Pem::file)
            .map(Path::to_owned)
            .collect()
    }

    /// Nothing where anybody is trusted.
    fn roots(&self) -> Result<Option<RootCertStore>, TlsProblem> {
        if self.insecure_skip_verify {
            return Ok(None);
        }
        let mut roots = RootCertStore::empty();
        let Some(ca) = &self.ca else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() && !self.roots_may_lack {
                let message = "found none on this system: set a file".to_owned();
                return Err(TlsProblem { part: Part::Ca, file: None, unreadable: None, message });
            }
            return Ok(Some(roots));
        };
        for certificate in ca.certificates(Part::Ca)? {
            roots.add(certificate).map_err(|error| {
                ca.problem(Part::Ca, format!("found one that cannot be trusted: {error}"))
            })?;
        }
        Ok(Some(roots))
    }

    fn identity(&self) -> Result<Option<Identity>, Vec<TlsProblem>> {
        let (Some(cert), Some(key)) = (&self.cert, &self.key) else { return Ok(None) };
        match (cert.certificates(Part::Cert), key.key()) {
            (Ok(chain), Ok(key)) => Ok(Some((chain, key))),
            (chain, key) => Err(chain.err().into_iter().chain(key.err()).collect()),
        }
    }
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl Versions {
    fn known(self) -> &'static [&'static SupportedProtocolVersion] {
        const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
        const ONLY_12: &[&SupportedProtocolVersion] = &[&TLS12];
        const ONLY_13: &[&SupportedProtocolVersion] = &[&TLS13];
        match self {
            Self::Both => BOTH,
            Self::Only12 => ONLY_12,
            Self::Only13 => ONLY_13,
        }
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
