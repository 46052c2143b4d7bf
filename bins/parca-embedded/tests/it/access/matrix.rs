//! Every request with every kind of credentials.

use std::net::SocketAddr;

use test_support::PATIENCE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::guarded;
use super::rows::{BY_CONNECT, DECEIVING, METHODS, NOT_HERE, NOT_SERVED, Need, PATHS, Whose};

/// What became of a request, as its sender sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// 401, or UNAUTHENTICATED.
    Unknown,
    /// 403, or PERMISSION_DENIED.
    Forbidden,
    /// 404: nothing is there for who asks.
    NotThere,
    /// Whatever comes behind the gate.
    In,
}

use Outcome::{Forbidden, In, NotThere, Unknown};

/// What is shown, and what becomes of those who read and those who write with it.
const SHOWN: [(&str, Outcome, Outcome); 13] = [
    ("", Unknown, Unknown),
    ("Authorization: nonsense\r\n", Unknown, Unknown),
    ("Authorization: Bearer wrong\r\n", Unknown, Unknown),
    ("Authorization: Bearer \r\n", Unknown, Unknown),
    ("Authorization: Bearer reader\r\n", In, Forbidden),
    ("Authorization: bearer writer\r\n", Forbidden, In),
    ("Authorization: Bearer both\r\n", In, In),
    // `reader:reader`, `writer:writer`, the password of another user, no password.
    ("Authorization: Basic cmVhZGVyOnJlYWRlcg==\r\n", In, Forbidden),
    ("Authorization: Basic d3JpdGVyOndyaXRlcg==\r\n", Forbidden, In),
    ("Authorization: Basic d3JpdGVyOnJlYWRlcg==\r\n", Unknown, Unknown),
    ("Authorization: Basic cmVhZGVy\r\n", Unknown, Unknown),
    // What counts is what stands first, and what is said of a tenant is no credential.
    ("Authorization: Bearer wrong\r\nAuthorization: Bearer both\r\n", Unknown, Unknown),
    ("X-Scope-OrgID: a\r\n", Unknown, Unknown),
];

const OF_TENANT: &str = "Authorization: Bearer of-a\r\n";

#[derive(Clone, Copy)]
struct Ask<'a> {
    method: &'a str,
    path: &'a str,
    kind: &'a str,
    body: &'a [u8],
}

const WEB: &str = "application/grpc-web+proto";

impl<'a> Ask<'a> {
    fn grpc_web(path: &'a str) -> Self {
        Self { method: "POST", path, kind: WEB, body: &[0; 5] }
    }

    /// The head of the answer; some answers have no end.
    async fn head(self, address: SocketAddr, shown: &str) -> String {
        let Self { method, path, kind, body } = self;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{shown}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(answer).unwrap()
    }

    async fn outcome(self, address: SocketAddr, shown: &str) -> Outcome {
        let head = tokio::time::timeout(PATIENCE, self.head(address, shown)).await.unwrap();
        let status = head.split(' ').nth(1).unwrap();
        let grpc = head.lines().find_map(|line| line.strip_prefix("grpc-status: "));
        match (status, grpc) {
            ("401", _) | ("200", Some("16")) => Unknown,
            ("403", _) | ("200", Some("7")) => Forbidden,
            ("404", _) => NotThere,
            _ => In,
        }
    }

    async fn check(self, address: SocketAddr, need: Need, whose: Whose) {
        for (shown, reads, writes) in SHOWN {
            let expect = match need {
                Need::Nothing => In,
                Need::Read => reads,
                Need::Write => writes,
            };
            let found = self.outcome(address, shown).await;
            assert_eq!(found, expect, "{} {} as {} with {shown:?}", self.method, self.path, self.kind);
        }
        let expect = if whose == Whose::Server && need != Need::Nothing { NotThere } else { In };
        let found = self.outcome(address, OF_TENANT).await;
        assert_eq!(found, expect, "{} {} by a tenant", self.method, self.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_gets_where_they_may_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let (_process, address) = guarded(folder.path()).await;
    for (need, service, methods) in METHODS {
        for method in *methods {
            let path = format!("/{service}/{method}");
            Ask::grpc_web(&path).check(address, *need, Whose::Each).await;
            if BY_CONNECT.contains(service) {
                for (kind, body) in [("application/json", b"{}".as_slice()), ("application/proto", b"")] {
                    let ask = Ask { method: "POST", path: &path, kind, body };
                    ask.check(address, *need, Whose::Each).await;
                }
            }
        }
    }
    for (need, path) in DECEIVING {
        Ask::grpc_web(path).check(address, *need, Whose::Each).await;
    }
    for row in PATHS {
        let ask = Ask { method: row.method, path: row.path, kind: "text/plain", body: b"" };
        ask.check(address, row.need, row.whose).await;
    }
    for path in NOT_SERVED {
        for (kind, body) in [("application/json", b"{}".as_slice()), (WEB, &[0; 5])] {
            Ask { method: "POST", path, kind, body }.check(address, Need::Read, Whose::Each).await;
        }
    }
    // Some clients join an address that ends in a slash with a path.
    let ask = Ask { method: "POST", path: "//ingest?name=a", kind: "text/plain", body: b"" };
    ask.check(address, Need::Write, Whose::Each).await;
    // What is not there is told to those who may read, and to nobody else.
    for path in NOT_HERE {
        let ask = Ask { method: "GET", path, kind: "text/plain", body: b"" };
        let found = [SHOWN[0].0, SHOWN[4].0, SHOWN[5].0, OF_TENANT].map(|shown| ask.outcome(address, shown));
        let [nobody, reader, writer, tenant] = found;
        let found = [nobody.await, reader.await, writer.await, tenant.await];
        assert_eq!(found, [Unknown, NotThere, Forbidden, NotThere], "{path}");
    }
}
