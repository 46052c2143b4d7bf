//! TLS over loopback with certificates made for the occasion.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use parca_client::{Client, Code, Error, Protocol, Settings, TlsVersion};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::fake::{self, Answer, answer, data, frame, trailers};
use crate::{PROTOCOLS, WEB1};

/// A CA, a server that it signed for `parca.test`, and files for a client that it signed.
struct Authority {
    folder: TempDir,
    url: String,
}

impl Authority {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn settings(&self, protocol: Protocol) -> Settings {
        let mut settings = Settings::new(&self.url);
        settings.protocol = protocol;
        settings.tls.ca_file = Some(self.file("ca.pem"));
        settings.tls.cert_file = Some(self.file("client.pem"));
        settings.tls.key_file = Some(self.file("client.key"));
        settings.tls.server_name = Some("parca.test".to_owned());
        settings
    }

    async fn ask(&self, protocol: Protocol, change: impl FnOnce(&mut Settings)) -> Result<(), Error> {
        let mut settings = self.settings(protocol);
        change(&mut settings);
        Client::new(&settings).unwrap().health("").await.map(drop)
    }
}

fn ok(request: &fake::Seen) -> Answer {
    let content_type = request.head.headers["content-type"].to_str().unwrap().to_owned();
    let last = match content_type.as_str() {
        "application/grpc" => trailers(&[("grpc-status", "0")]),
        _ => data(frame(0x80, b"grpc-status: 0\r\n")),
    };
    answer(200, &[("content-type", &content_type)], vec![data(frame(0, b"")), last])
}

async fn authority(alpn: &[&[u8]]) -> Authority {
    authority_of(alpn, rustls::DEFAULT_VERSIONS).await
}

/// An authority whose server speaks only these versions.
async fn authority_of(alpn: &[&[u8]], versions: &[&'static rustls::SupportedProtocolVersion]) -> Authority {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let signed = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
        (certificate, key)
    };
    let (server, server_key) = signed("parca.test");
    let (client, client_key) = signed("client.test");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
    fs::write(folder.path().join("client.pem"), client.pem()).unwrap();
    fs::write(folder.path().join("client.key"), client_key.serialize_pem()).unwrap();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let key = PrivateKeyDer::try_from(server_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![server.der().clone()], key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    fake::serve(stream, 250, Arc::default(), Arc::new(ok)).await;
                }
            });
        }
    });
    Authority { folder, url }
}

#[tokio::test]
async fn a_private_authority_and_a_client_certificate() {
    let authority = authority(&[b"h2", b"http/1.1"]).await;
    for protocol in PROTOCOLS {
        authority.ask(protocol, |_| {}).await.unwrap();
        // No name is checked, nor who signed.
        authority
            .ask(protocol, |s| {
                (s.tls.ca_file, s.tls.server_name, s.tls.insecure_skip_verify) = (None, None, true);
            })
            .await
            .unwrap();
        // The same as text, as a configuration has it.
        let text = |name: &str| fs::read_to_string(authority.file(name)).unwrap();
        let (ca, cert, key) = (text("ca.pem"), text("client.pem"), text("client.key"));
        authority
            .ask(protocol, |s| {
                (s.tls.ca_file, s.tls.cert_file, s.tls.key_file) = (None, None, None);
                (s.tls.ca, s.tls.cert, s.tls.key) = (Some(ca), Some(cert), Some(key.into()));
                (s.tls.min_version, s.tls.max_version) = (Some(TlsVersion::Tls12), Some(TlsVersion::Tls12));
            })
            .await
            .unwrap();
        let refused = async |change: fn(&mut Settings)| {
            let error = authority.ask(protocol, change).await.unwrap_err();
            assert_eq!(error.code(), Code::Unavailable, "{error}");
            error
        };
        // The certificate is not for the address, is of nobody we know, and we show none.
        let error = refused(|s| s.tls.server_name = None).await;
        assert!(error.hint().is_some_and(|hint| hint.contains("authority")), "{error:?}");
        refused(|s| s.tls.ca_file = s.tls.cert_file.clone()).await;
        refused(|s| (s.tls.cert_file, s.tls.key_file) = (None, None)).await;
    }
}

#[tokio::test]
async fn versions_are_those_that_were_asked_for() {
    let new = authority_of(&[b"http/1.1"], &[&rustls::version::TLS13]).await;
    let old = authority_of(&[b"http/1.1"], &[&rustls::version::TLS12]).await;
    new.ask(WEB1, |s| s.tls.min_version = Some(TlsVersion::Tls13)).await.unwrap();
    old.ask(WEB1, |s| s.tls.max_version = Some(TlsVersion::Tls12)).await.unwrap();
    new.ask(WEB1, |s| s.tls.max_version = Some(TlsVersion::Tls12)).await.unwrap_err();
    old.ask(WEB1, |s| s.tls.min_version = Some(TlsVersion::Tls13)).await.unwrap_err();
}

#[tokio::test]
async fn a_server_without_http2_gets_advice() {
    let authority = authority(&[b"http/1.1"]).await;
    authority.ask(WEB1, |_| {}).await.unwrap();
    let error = authority.ask(Protocol::Grpc, |_| {}).await.unwrap_err();
    assert!(error.hint().is_some_and(|hint| hint.contains("gRPC-Web over HTTP/1.1")), "{error:?}");
}

#[tokio::test]
async fn plain_and_tls_ports_taken_for_each_other_get_advice() {
    let authority = authority(&[b"h2", b"http/1.1"]).await;
    let plain = fake::server(ok).await;
    let https = plain.url.replace("http://", "https://");
    for protocol in PROTOCOLS {
        let error = authority.ask(protocol, |s| s.url = https.clone()).await.unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("http://")), "{error:?}");
        let mut settings = Settings::new(authority.url.replace("https://", "http://"));
        settings.protocol = protocol;
        let error = Client::new(&settings).unwrap().health("").await.unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("https://")), "{protocol:?} {error:?}");
    }
}

/// A file replaced by a rename, as rotations do it.
fn replace(path: &std::path::Path, text: &str) {
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, text).unwrap();
    fs::rename(&fresh, path).unwrap();
}

#[tokio::test]
async fn renewed_files_count_for_new_connections() {
    let (old, new) = (authority(&[b"h2", b"http/1.1"]).await, authority(&[b"h2", b"http/1.1"]).await);
    for protocol in PROTOCOLS {
        // The old one's files, for the new one's server: neither trusts the other.
        let folder = tempfile::tempdir().unwrap();
        let mut settings = new.settings(protocol);
        let files = [
            ("ca.pem", &mut settings.tls.ca_file),
            ("client.pem", &mut settings.tls.cert_file),
            ("client.key", &mut settings.tls.key_file),
        ];
        for (name, file) in files {
            let path = folder.path().join(name);
            fs::copy(old.file(name), &path).unwrap();
            *file = Some(path);
        }
        let client = Client::new(&settings).unwrap();
        assert_eq!(client.health("").await.unwrap_err().code(), Code::Unavailable);
        for name in ["ca.pem", "client.pem", "client.key"] {
            replace(&folder.path().join(name), &fs::read_to_string(new.file(name)).unwrap());
        }
        client.health("").await.unwrap();
    }
}
