//! Doors: TLS, prefixes, browsers, names of hosts. Who may do what is in the tests of the program.

use bytes::Bytes;
use http::Request;
use parca_embedded::{ServerTls, Settings};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::server::Server;

pub(crate) fn digest(secret: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, secret.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) async fn start(change: impl FnOnce(&mut Settings)) -> Server {
    let mut settings = Settings::default();
    settings.self_profile_every = None;
    change(&mut settings);
    let stop = CancellationToken::new();
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    Server::over(server, stop)
}

#[tokio::test]
async fn a_prefix_moves_plain_http_and_not_grpc() {
    let server = start(|settings| settings.path_prefix = "/profiles/".parse().unwrap()).await;
    let get = async |path: &str| {
        let request = Request::get(format!("{}{path}", server.origin())).body(Bytes::new()).unwrap();
        server.http1(request).await.0.status.as_u16()
    };
    for (path, status) in [
        ("profiles/healthz", 200),
        ("profiles/ready", 200),
        ("profiles/metrics", 200),
        ("profiles/api/profiles/types", 200),
        ("profiles/pyroscope/render?query=a:b:c:d:e", 200),
        ("profiles/querier.v1.QuerierService/Series", 405),
        ("profiles/v1development/profiles", 405),
        ("profiles/ingest", 405),
        ("profiles/", 200),
        ("profiles", 307),
        ("profiles?query=a", 307),
        ("healthz", 404),
        ("profilesx/healthz", 404),
        ("metrics", 404),
        ("api/profiles/types", 404),
        ("pyroscope/render", 404),
        ("querier.v1.QuerierService/Series", 404),
        ("ingest", 404),
        ("v1development/profiles", 404),
    ] {
        assert_eq!(get(path).await, status, "{path}");
    }
    for path in ["", "profiles/", "x/"] {
        let path = format!("{path}parca.query.v1alpha1.QueryService/ProfileTypes");
        let request = Request::post(format!("{}{path}", server.origin()))
            .header("content-type", "application/grpc-web+proto");
        let (head, body) = server.http1(request.body(Bytes::from_static(&[0; 5])).unwrap()).await;
        assert_eq!(
            (head.status.as_u16(), body.windows(13).any(|window| window == b"grpc-status:0")),
            (200, true),
            "{path}"
        );
    }
    server.write(&crate::server::profile(5_000_000_000)).await;
    server.stop().await;
}

#[tokio::test]
async fn pages_of_listed_origins_may_call() {
    let server =
        start(|settings| settings.cors_origins = vec!["https://grafana.example".parse().unwrap()]).await;
    let allowed = |head: &http::response::Parts| {
        let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        (header("access-control-allow-origin"), header("access-control-allow-credentials"))
    };
    let listed = (Some("https://grafana.example".to_owned()), Some("true".to_owned()));
    let whole = |origin: &str| if origin == "https://grafana.example" { listed.0.clone() } else { None };
    for path in
        ["parca.query.v1alpha1.QueryService/Query", "push.v1.PusherService/Push", "metrics", "nothing"]
    {
        for origin in
            ["https://grafana.example", "https://other.example", "https://grafana.example:444", "null"]
        {
            // What a browser asks before it asks, without credentials.
            let request = Request::options(format!("{}{path}", server.origin()))
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "x-grpc-web,content-type");
            let (head, _) = server.http1(request.body(Bytes::new()).unwrap()).await;
            assert_eq!((head.status.as_u16(), allowed(&head).0), (200, whole(origin)), "{path} {origin}");
            // What it asks then, and below what a form sends without asking before.
            let request = Request::post(format!("{}{path}", server.origin()))
                .header("origin", origin)
                .header("content-type", "application/grpc-web+proto");
            let (head, _) = server.http1(request.body(Bytes::from_static(&[0; 5])).unwrap()).await;
            assert_eq!(allowed(&head).0, whole(origin), "{path} {origin}");
            // Whoever asks before was told; a proxy passes on what it got from a browser.
            assert_ne!(head.status, 403, "{path} {origin}");
            for form in ["text/plain", "multipart/form-data; boundary=b", ""] {
                let request = Request::post(format!("{}{path}", server.origin()))
                    .header("origin", origin)
                    .header("content-type", form);
                let (head, _) = server.http1(request.body(Bytes::from_static(b"x")).unwrap()).await;
                assert_eq!(head.status == 403, whole(origin).is_none(), "{path} {origin} {form}");
            }
        }
    }
    let request =
        Request::get(format!("{}healthz", server.origin())).header("origin", "https://grafana.example");
    let (head, _) = server.http1(request.body(Bytes::new()).unwrap()).await;
    assert_eq!(allowed(&head), listed);
    server.stop().await;
    // Without a list no page may.
    let server = start(|_| ()).await;
    let request =
        Request::get(format!("{}healthz", server.origin())).header("origin", "https://grafana.example");
    let (head, _) = server.http1(request.body(Bytes::new()).unwrap()).await;
    assert_eq!(allowed(&head), (None, None));
    server.stop().await;
}

/// The status of a request as it stands, over HTTP/1.1.
async fn status_of(server: &Server, request: &str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(server.server.address()).await.unwrap();
    stream.write_all(format!("{request}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn foreign_names_of_this_machine_are_refused() {
    let server = start(|_| ()).await;
    for (request, status) in [
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\n", 200),
        ("GET /healthz HTTP/1.1\r\nHost: LOCALHOST.:7070\r\n", 200),
        ("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:1\r\n", 200),
        ("GET /healthz HTTP/1.1\r\nHost: [::1]:7070\r\n", 200),
        // A proxy's form.
        ("GET http://localhost:7070/healthz HTTP/1.1\r\nHost: localhost:7070\r\n", 200),
        ("GET /healthz HTTP/1.0\r\n", 200),
        ("GET /healthz HTTP/1.1\r\nHost: rebound.example\r\n", 421),
        ("GET /healthz HTTP/1.1\r\nHost: rebound.example:7070\r\n", 421),
        ("GET /healthz HTTP/1.1\r\nHost: localhost.rebound.example\r\n", 421),
        ("GET /healthz HTTP/1.1\r\nHost: localhost@rebound.example\r\n", 421),
        ("GET /healthz HTTP/1.1\r\nHost: [::1].rebound.example\r\n", 421),
        ("GET /healthz HTTP/1.1\r\nHost: \r\n", 421),
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: rebound.example\r\n", 421),
        ("GET /healthz HTTP/1.1\r\nHost: rebound.example\r\nHost: localhost\r\n", 421),
        ("GET http://rebound.example/healthz HTTP/1.1\r\nHost: localhost\r\n", 421),
        ("GET http://localhost/healthz HTTP/1.1\r\nHost: rebound.example\r\n", 421),
        ("OPTIONS * HTTP/1.1\r\nHost: rebound.example\r\n", 421),
        ("POST /ingest?name=a HTTP/1.1\r\nHost: rebound.example\r\nContent-Length: 0\r\n", 421),
    ] {
        assert_eq!(status_of(&server, request).await, status, "{request}");
    }
    // HTTP/2 has it as `:authority`.
    let address = server.server.address();
    for (name, status) in [("rebound.example", 421), ("localhost", 200)] {
        let to = tower::service_fn(move |_: http::Uri| {
            Box::pin(async move {
                tokio::net::TcpStream::connect(address).await.map(hyper_util::rt::TokioIo::new)
            })
        });
        let client: hyper_util::client::legacy::Client<_, http_body_util::Empty<Bytes>> =
            hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
                .http2_only(true)
                .build(to);
        let request =
            Request::get(format!("http://{name}/healthz")).body(http_body_util::Empty::new()).unwrap();
        assert_eq!(client.request(request).await.unwrap().status(), status, "{name}");
    }
    server.stop().await;
}

/// An authority, and files of a certificate of it for `127.0.0.1`.
struct Certificates {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    ca: String,
    folder: TempDir,
}

impl Certificates {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca = params.self_signed(&key).unwrap().pem();
        Self { issuer: rcgen::Issuer::new(params, key), ca, folder: tempfile::tempdir().unwrap() }
    }

    fn issue(&self) -> (String, String) {
        self.issue_until(2096)
    }

    /// A certificate that is good until that year begins.
    fn issue_until(&self, year: i32) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn write(&self) -> ServerTls {
        self.write_until(2096)
    }

    fn write_until(&self, year: i32) -> ServerTls {
        let (cert, key) = self.issue_until(year);
        let path = |name: &str, text: &str| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        ServerTls::new(path("cert.pem", &cert), path("key.pem", &key))
    }

    /// A connection that trusts this authority alone, with a certificate of the client's or without.
    async fn connect(
        &self,
        server: &Server,
        own: Option<(String, String)>,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
        use rustls_pki_types::pem::PemObject;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(rustls_pki_types::CertificateDer::from_pem_slice(self.ca.as_bytes()).unwrap()).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.unwrap().with_root_certificates(roots);
        let config = match own {
            None => builder.with_no_client_auth(),
            Some((cert, key)) => {
                let cert = rustls_pki_types::CertificateDer::from_pem_slice(cert.as_bytes()).unwrap();
                let key = rustls_pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![cert], key).unwrap()
            }
        };
        let stream = tokio::net::TcpStream::connect(server.server.address()).await.unwrap();
        let name = "127.0.0.1".try_into().unwrap();
        tokio_rustls::TlsConnector::from(std::sync::Arc::new(config)).connect(name, stream).await
    }

    /// The certificate that a server shows, if it takes this client.
    async fn shown(&self, server: &Server, own: Option<(String, String)>) -> Option<Vec<u8>> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = self.connect(server, own).await.ok()?;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            .await
            .ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        answer
            .starts_with(b"HTTP/1.1 200")
            .then(|| stream.get_ref().1.peer_certificates().unwrap()[0].to_vec())
    }
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_no_good_to_clients_until_it_is_renewed() {
    let certificates = Certificates::new();
    let server = start(|settings| settings.tls = Some(certificates.write_until(2020))).await;
    let error = certificates.connect(&server, None).await.err().unwrap();
    let inner = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    let expired = matches!(
        inner,
        Some(rustls::Error::InvalidCertificate(
            rustls::CertificateError::Expired | rustls::CertificateError::ExpiredContext { .. }
        ))
    );
    assert!(expired, "{error:?}");
    certificates.write();
    assert!(certificates.shown(&server, None).await.is_some());
    server.stop().await;
}

#[tokio::test]
async fn tls_is_served_with_files_that_are_renewed() {
    let certificates = Certificates::new();
    let server = start(|settings| settings.tls = Some(certificates.write())).await;
    let first = certificates.shown(&server, None).await.unwrap();
    certificates.write();
    let second = certificates.shown(&server, None).await.unwrap();
    assert_ne!(first, second);
    // What is half written is not used.
    std::fs::write(certificates.folder.path().join("key.pem"), "half").unwrap();
    assert_eq!(certificates.shown(&server, None).await, Some(second));
    server.stop().await;
}

#[tokio::test]
async fn with_an_authority_clients_need_a_certificate_of_it() {
    let certificates = Certificates::new();
    let server = start(|settings| {
        let mut tls = certificates.write();
        let ca = certificates.folder.path().join("ca.pem");
        std::fs::write(&ca, &certificates.ca).unwrap();
        tls.client_ca = Some(ca);
        settings.tls = Some(tls);
    })
    .await;
    assert!(certificates.shown(&server, Some(certificates.issue())).await.is_some());
    // What has expired opens no door, so that behind it there is nothing to check.
    assert!(certificates.shown(&server, Some(certificates.issue_until(2020))).await.is_none());
    assert!(certificates.shown(&server, None).await.is_none());
    let others = Certificates::new();
    assert!(certificates.shown(&server, Some(others.issue())).await.is_none());
    // Authorities are renewed, too.
    std::fs::write(certificates.folder.path().join("ca.pem"), &others.ca).unwrap();
    assert!(certificates.shown(&server, Some(others.issue())).await.is_some());
    assert!(certificates.shown(&server, Some(certificates.issue())).await.is_none());
    server.stop().await;
}
