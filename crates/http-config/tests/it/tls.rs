//! Trust, client certificates, names, versions, HTTP/2, and files that change.

use std::path::Path;
use std::sync::Arc;

use http::Version;
use http_config::{Client, ConfigError, Environment};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::PrivateKeyDer;
use serde_json::{Value, json};

use super::server::{Server, chain, client, config, get};

/// A certificate authority of one test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    cert: rcgen::Certificate,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let cert = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), cert }
    }

    fn pem(&self) -> String {
        self.cert.pem()
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let cert =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (cert, key)
    }

    /// A server with that name, which asks for this authority's client certificates if `clients` is set.
    fn server(
        &self,
        name: &str,
        clients: bool,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ServerConfig {
        let (cert, key) = self.issue(name);
        let provider = Arc::new(default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).unwrap();
        let builder = if clients {
            let mut roots = RootCertStore::empty();
            roots.add(self.cert.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = builder.with_single_cert(vec![cert.der().clone()], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
}

fn url(server: &Server) -> String {
    format!("https://127.0.0.1:{}/", server.port)
}

async fn works(tls: Value, server: &Server) -> bool {
    get(&client(json!({"tls_config": tls})), &url(server)).await.is_ok()
}

#[tokio::test]
async fn trust_and_names() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let server = Server::tls(ours.server("127.0.0.1", false, rustls::ALL_VERSIONS)).await;
    assert!(works(json!({"ca": ours.pem()}), &server).await);
    assert!(!works(json!({"ca": theirs.pem()}), &server).await);
    assert!(!works(json!({}), &server).await, "the system does not know the authority");
    assert!(works(json!({"insecure_skip_verify": true}), &server).await);
    assert!(!works(json!({"ca": ours.pem(), "server_name": "other.test"}), &server).await);

    let named = Server::tls(ours.server("named.test", false, rustls::ALL_VERSIONS)).await;
    assert!(!works(json!({"ca": ours.pem()}), &named).await);
    assert!(works(json!({"ca": ours.pem(), "server_name": "named.test"}), &named).await);
}

#[tokio::test]
async fn client_certificates_are_shown_when_there_are_any() {
    let authority = Authority::new();
    let server = Server::tls(authority.server("127.0.0.1", true, rustls::ALL_VERSIONS)).await;
    let (cert, key) = authority.issue("exporter");
    let (cert, key) = (cert.pem(), key.serialize_pem());
    assert!(works(json!({"ca": authority.pem(), "cert": cert, "key": key}), &server).await);
    assert!(!works(json!({"ca": authority.pem()}), &server).await);
    let (stranger, key) = Authority::new().issue("exporter");
    let tls = json!({"ca": authority.pem(), "cert": stranger.pem(), "key": key.serialize_pem()});
    assert!(!works(tls, &server).await);
}

#[tokio::test]
async fn versions_are_bounded() {
    let authority = Authority::new();
    let old = Server::tls(authority.server("127.0.0.1", false, &[&rustls::version::TLS12])).await;
    let new = Server::tls(authority.server("127.0.0.1", false, &[&rustls::version::TLS13])).await;
    let with = |key: &str, version: &str| json!({"ca": authority.pem(), key: version});
    assert!(
        works(with("min_version", "TLS10"), &old).await && works(with("min_version", "TLS12"), &new).await
    );
    assert!(
        !works(with("min_version", "TLS13"), &old).await && works(with("min_version", "TLS13"), &new).await
    );
    assert!(
        works(with("max_version", "TLS12"), &old).await && !works(with("max_version", "TLS12"), &new).await
    );
}

#[tokio::test]
async fn http2_can_be_switched_off() {
    let authority = Authority::new();
    let server = Server::tls(authority.server("127.0.0.1", false, rustls::ALL_VERSIONS)).await;
    let tls = json!({"ca": authority.pem()});
    for (http2, expect) in
        [(json!(null), Version::HTTP_2), (json!(true), Version::HTTP_2), (json!(false), Version::HTTP_11)]
    {
        get(&client(json!({"tls_config": tls, "enable_http2": http2})), &url(&server)).await.unwrap();
        assert_eq!(server.last().version, expect);
    }
}

#[tokio::test]
async fn changed_files_count_and_broken_ones_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    // A rename, as a rotation should do it: the inode tells, whatever the clock's grain.
    let write = |text: &str| {
        let fresh = directory.path().join("fresh");
        std::fs::write(&fresh, text).unwrap();
        std::fs::rename(&fresh, &file).unwrap();
    };
    let (first, second) = (Authority::new(), Authority::new());
    let one = Server::tls(first.server("127.0.0.1", false, rustls::ALL_VERSIONS)).await;
    let two = Server::tls(second.server("127.0.0.1", false, rustls::ALL_VERSIONS)).await;
    write(&first.pem());
    let client = client(json!({"tls_config": {"ca_file": file}}));
    assert!(get(&client, &url(&one)).await.is_ok() && get(&client, &url(&two)).await.is_err());
    write("-----BEGIN CERT");
    assert!(get(&client, &url(&one)).await.is_ok(), "half a file leaves the old one in use");
    write(&second.pem());
    assert!(get(&client, &url(&two)).await.is_ok());
    assert!(get(&client, &url(&one)).await.is_err(), "no connection of the old trust is left");
}

#[track_caller]
fn refused(tls: Value, expect: &str) {
    let error = Client::new(&config(json!({"tls_config": tls})), &Environment::empty()).unwrap_err();
    assert!(matches!(error, ConfigError::Tls { .. } | ConfigError::File { .. }), "{error}");
    let text = chain(&error);
    assert!(text.starts_with(expect) && !text.contains("hunter2"), "{text}");
}

#[test]
fn what_cannot_be_used_is_refused_at_the_start() {
    let (cert, key) = Authority::new().issue("a");
    let (_, other) = Authority::new().issue("b");
    let (cert, key, other) = (cert.pem(), key.serialize_pem(), other.serialize_pem());
    refused(
        json!({"ca": "hunter2"}),
        "`tls_config.ca`: cannot use the certificates or the key: expected PEM certificates, found none",
    );
    refused(
        json!({"ca_file": Path::new("/no/such/file")}),
        "`tls_config.ca_file`: cannot read `/no/such/file`: ",
    );
    refused(json!({"cert": cert, "key": "hunter2"}), "`tls_config.key`: ");
    refused(json!({"cert": key, "key": key}), "`tls_config.cert`: ");
    refused(json!({"cert": cert, "key": other}), "`tls_config.cert`: ");
}
