//! Who may do what: every way in and out with every kind of credentials; TLS, prefixes, browsers, names of hosts.

use bytes::Bytes;
use http::Request;
use parca_embedded::{Access, ServerTls, Settings};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::server::Server;

fn digest(secret: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, secret.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn access(folder: &TempDir) -> Access {
    let path = folder.path().join("access");
    let lines = [("grafana", "read", "reader"), ("agent", "write", "writer"), ("admin", "both", "admin")]
        .map(|(name, access, token)| format!("{name} {access} {}\n", digest(token)));
    std::fs::write(&path, lines.concat()).unwrap();
    Access::read(path).unwrap()
}

async fn start(change: impl FnOnce(&mut Settings)) -> Server {
    let mut settings = Settings::default();
    settings.self_profile_every = None;
    change(&mut settings);
    let stop = CancellationToken::new();
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    Server::over(server, stop)
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Read,
    Write,
    Open,
}

/// Every way in and out: method, path, content type.
const WAYS: [(Way, &str, &str, &str); 28] = [
    // Any prefix is served under gRPC-Web, and must not say what the rest may do.
    (
        Way::Read,
        "POST",
        "/push.v1.PusherService/parca.query.v1alpha1.QueryService/ProfileTypes",
        "application/grpc-web+proto",
    ),
    (Way::Read, "POST", "/ready/parca.query.v1alpha1.QueryService/Query", "application/grpc-web+proto"),
    (
        Way::Write,
        "POST",
        "/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw",
        "application/grpc-web+proto",
    ),
    (
        Way::Write,
        "POST",
        "/parca.profilestore.v1alpha1.ProfileStoreService/WriteArrow",
        "application/grpc-web+proto",
    ),
    (
        Way::Write,
        "POST",
        "/api/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw",
        "application/grpc-web+proto",
    ),
    (
        Way::Write,
        "POST",
        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
        "application/grpc-web+proto",
    ),
    (
        Way::Write,
        "POST",
        "/parca.debuginfo.v1alpha1.DebuginfoService/ShouldInitiateUpload",
        "application/grpc-web+proto",
    ),
    (Way::Write, "POST", "/push.v1.PusherService/Push", "application/grpc-web+proto"),
    (Way::Write, "POST", "/push.v1.PusherService/Push", "application/json"),
    (Way::Write, "POST", "/ingest?name=a", "application/octet-stream"),
    (Way::Write, "POST", "/v1development/profiles", "application/x-protobuf"),
    (Way::Read, "POST", "/parca.query.v1alpha1.QueryService/Query", "application/grpc-web+proto"),
    (Way::Read, "POST", "/parca.query.v1alpha1.QueryService/QueryRange", "application/grpc-web+proto"),
    (Way::Read, "POST", "/parca.query.v1alpha1.QueryService/ProfileTypes", "application/grpc-web+proto"),
    (Way::Read, "POST", "/parca.query.v1alpha1.QueryService/Labels", "application/grpc-web+proto"),
    (Way::Read, "POST", "/parca.query.v1alpha1.QueryService/Values", "application/grpc-web+proto"),
    (Way::Read, "POST", "/parca.query.v1alpha1.QueryService/HasProfileData", "application/grpc-web+proto"),
    (Way::Read, "POST", "/parca.profilestore.v1alpha1.AgentsService/Agents", "application/grpc-web+proto"),
    (Way::Read, "POST", "/parca.scrape.v1alpha1.ScrapeService/Targets", "application/grpc-web+proto"),
    (Way::Read, "POST", "/querier.v1.QuerierService/Series", "application/grpc-web+proto"),
    (Way::Read, "POST", "/querier.v1.QuerierService/SelectMergeStacktraces", "application/json"),
    (Way::Read, "GET", "/pyroscope/render?query=a:b:c:d:e", "text/plain"),
    (Way::Read, "GET", "/pyroscope/render-diff", "text/plain"),
    (Way::Read, "GET", "/metrics", "text/plain"),
    (Way::Read, "GET", "/debug/pprof/profile?seconds=x", "text/plain"),
    (Way::Read, "GET", "/", "text/plain"),
    (Way::Open, "GET", "/healthz", "text/plain"),
    (Way::Open, "GET", "/readyz", "text/plain"),
];

/// Whether a request got behind the gate: 401 and 403, or the codes 16 and 7 of gRPC, are the gate's alone.
async fn outcome(server: &Server, way: (Way, &str, &str, &str), authorization: Option<&str>) -> &'static str {
    let (_, method, path, kind) = way;
    let mut request = Request::builder().method(method);
    request = request
        .uri(format!("{}{}", server.origin(), path.trim_start_matches('/')))
        .header("content-type", kind);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let body = if kind.starts_with("application/grpc") {
        Bytes::from_static(&[0; 5])
    } else {
        Bytes::from_static(b"{}")
    };
    let (head, _) = server.http1(request.body(body).unwrap()).await;
    let grpc = head.headers.get("grpc-status").map(|status| status.to_str().unwrap());
    match (head.status.as_u16(), grpc) {
        (401, _) | (_, Some("16")) => "unknown",
        (403, _) | (_, Some("7")) => "forbidden",
        _ => "in",
    }
}

#[tokio::test]
async fn everyone_gets_where_they_may_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(|settings| settings.access = Some(access(&folder))).await;
    let basic = |pair: &str| {
        use base64::Engine;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    };
    let bearer = |token: &str| format!("Bearer {token}");
    let shown: [(Option<String>, &str, &str); 11] = [
        (None, "unknown", "unknown"),
        (Some("nonsense".into()), "unknown", "unknown"),
        (Some(bearer("wrong")), "unknown", "unknown"),
        (Some(bearer("")), "unknown", "unknown"),
        (Some(bearer("reader")), "in", "forbidden"),
        (Some(bearer("writer")), "forbidden", "in"),
        (Some(bearer("admin")), "in", "in"),
        (Some(basic("grafana:reader")), "in", "forbidden"),
        (Some(basic("agent:writer")), "forbidden", "in"),
        // The right password of somebody else.
        (Some(basic("agent:reader")), "unknown", "unknown"),
        (Some(basic("grafana")), "unknown", "unknown"),
    ];
    for way in WAYS {
        for (authorization, reads, writes) in &shown {
            let expect = match way.0 {
                Way::Read => *reads,
                Way::Write => *writes,
                Way::Open => "in",
            };
            let found = outcome(&server, way, authorization.as_deref()).await;
            assert_eq!(found, expect, "{} {} {authorization:?}", way.1, way.2);
        }
    }
    // As `printf %s admin | sha256sum` says it.
    assert_eq!(digest("admin"), "8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918");
    server.stop().await;
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
        ("profiles/", 200),
        ("profiles", 307),
        ("profiles?query=a", 307),
        ("healthz", 404),
        ("profilesx/healthz", 404),
        ("metrics", 404),
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
    let ask = async |origin: &str| {
        let request = Request::options(format!("{}parca.query.v1alpha1.QueryService/Query", server.origin()))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-grpc-web,content-type");
        let (head, _) = server.http1(request.body(Bytes::new()).unwrap()).await;
        head.headers.get("access-control-allow-origin").map(|origin| origin.to_str().unwrap().to_owned())
    };
    assert_eq!(ask("https://grafana.example").await.as_deref(), Some("https://grafana.example"));
    assert_eq!(ask("https://other.example").await, None);
    server.stop().await;
}

#[tokio::test]
async fn foreign_names_of_this_machine_are_refused() {
    let server = start(|_| ()).await;
    let request = Request::get(format!("{}healthz", server.origin())).header("host", "rebound.example");
    let (head, _) = server.http1(request.body(Bytes::new()).unwrap()).await;
    assert_eq!(head.status, 421);
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
        let (cert, key) = self.issue();
        let path = |name: &str, text: &str| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        ServerTls::new(path("cert.pem", &cert), path("key.pem", &key))
    }

    /// The serial number of the certificate that a server shows, if it takes this client.
    async fn shown(&self, server: &Server, own: Option<(String, String)>) -> Option<Vec<u8>> {
        use rustls_pki_types::pem::PemObject;
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
        let mut stream =
            tokio_rustls::TlsConnector::from(std::sync::Arc::new(config)).connect(name, stream).await.ok()?;
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
    server.stop().await;
}

#[tokio::test]
async fn tenants_see_their_own_profiles_and_nobody_elses() {
    use parca_proto::query::HasProfileDataRequest;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access");
    let lines = [("a", "ta"), ("b", "tb"), ("own", "to")].map(|(name, token)| {
        let tenant = if name == "own" { "" } else { name };
        format!("{name} both {} {tenant}\n", digest(token))
    });
    std::fs::write(&path, lines.concat()).unwrap();
    let server = start(|settings| settings.access = Some(Access::read(path).unwrap())).await;
    let with = |token: &str, mut request: tonic::Request<_>| {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    };
    let raw = profile_codec::pprof::encode(&crate::server::profile(1_700_000_000_000_000_000));
    let write = crate::server::write_request(&[("__name__", "process_cpu"), ("job", "a")], raw);
    server.store().write_raw(with("ta", tonic::Request::new(write))).await.unwrap();
    for (token, expect) in [("ta", true), ("tb", false), ("to", false)] {
        let mut request = tonic::Request::new(HasProfileDataRequest {});
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        let found = server.query().has_profile_data(request).await.unwrap().into_inner().has_data;
        assert_eq!(found, expect, "{token}");
        let request = Request::post(format!("{}querier.v1.QuerierService/ProfileTypes", server.origin()));
        let request = request
            .header("content-type", "application/json")
            // What a client says of itself separates nobody.
            .header("x-scope-orgid", "a")
            .header("authorization", format!("Bearer {token}"));
        let (_, body) = server.http1(request.body(Bytes::from_static(b"{}")).unwrap()).await;
        assert_eq!(&body[..] != b"{}", expect, "{token}");
    }
    // As SDKs push: with basic authentication, and a tenant of their own choice in a header.
    let basic = |name: &str, token: &str| {
        use base64::Engine;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{name}:{token}")))
    };
    let request = Request::post(format!("{}ingest?name=shop&format=pprof", server.origin()))
        .header("x-scope-orgid", "a")
        .header("authorization", basic("b", "tb"));
    let mut of = crate::server::profile(1_700_000_001_000_000_000);
    let [key, span] = ["span_id", "0123456789abcdef"].map(|text| of.symbols.intern_string(text));
    let label = profile_model::SampleLabel { key, value: profile_model::LabelValue::Text(span) };
    let stack = of.samples.stacks()[0];
    of.samples.push(profile_model::Sample { stack, values: &[5], labels: &[label] });
    let raw = profile_codec::pprof::encode(&of);
    assert_eq!(server.http1(request.body(raw.into()).unwrap()).await.0.status, 200);
    for (name, token, expect) in [("a", "ta", "a"), ("b", "tb", "shop"), ("own", "to", "")] {
        let request = Request::post(format!("{}querier.v1.QuerierService/LabelValues", server.origin()))
            .header("content-type", "application/json")
            .header("authorization", basic(name, token));
        let body = r#"{"name":"service_name","start":1,"end":1800000000000}"#;
        let (_, body) = server.http1(request.body(Bytes::from_static(body.as_bytes())).unwrap()).await;
        let expect =
            if expect.is_empty() { "{}".to_owned() } else { format!("{{\"names\":[\"{expect}\"]}}") };
        assert_eq!(String::from_utf8_lossy(&body), expect, "{name}");
        // Nor is a span another's.
        let request =
            Request::post(format!("{}querier.v1.QuerierService/SelectMergeSpanProfile", server.origin()))
                .header("content-type", "application/json")
                .header("authorization", basic(name, token));
        let body = r#"{"profileTypeID":"process_cpu:cpu:nanoseconds:cpu:nanoseconds","start":1,"end":1800000000000,"spanSelector":["0123456789abcdef"]}"#;
        let (_, body) = server.http1(request.body(Bytes::from_static(body.as_bytes())).unwrap()).await;
        let has = String::from_utf8_lossy(&body).contains(r#""total":"5""#);
        assert_eq!(has, name == "b", "{name} {body:?}");
    }
    // What is of the whole server is not a tenant's.
    for (token, status) in [("ta", 404), ("to", 200)] {
        let request = Request::get(format!("{}metrics", server.origin()))
            .header("authorization", format!("Bearer {token}"));
        assert_eq!(server.http1(request.body(Bytes::new()).unwrap()).await.0.status, status, "{token}");
    }
    server.stop().await;
}
