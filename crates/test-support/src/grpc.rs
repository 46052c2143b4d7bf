use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::http::http_request as send;

/// The most that a request may be.
const MAX_BYTES: usize = 64 << 20;
/// A flag byte and four bytes of length.
const FRAME_HEAD: usize = 5;
/// The flag of the frame that holds the trailers.
const TRAILERS: u8 = 0x80;

/// A server that speaks gRPC-Web over HTTP/1.1, notes what it is asked, and answers as it is told.
#[derive(Debug)]
pub struct GrpcDouble {
    address: SocketAddr,
    calls: Calls,
    serving: JoinHandle<()>,
}

/// A call that came.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// `/package.Service/Method`.
    pub path: String,
    /// As they came.
    pub headers: HeaderMap,
    /// The encoded request, without its frame.
    pub message: Vec<u8>,
}

/// What is answered to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An encoded response; an empty one is a valid message of every type.
    Message(Vec<u8>),
    /// A gRPC status other than 0, and its text.
    Status(u8, &'static str),
    /// Whatever the server at this address answers.
    Forward(SocketAddr),
}

type Calls = Arc<Mutex<Vec<Recorded>>>;
type Answer = Arc<dyn Fn(&Recorded) -> Reply + Send + Sync>;

impl Recorded {
    /// The last part of the path.
    pub fn method(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// A header, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl GrpcDouble {
    /// Listens on a free port, until dropped.
    ///
    /// # Panics
    /// There is no free port.
    pub async fn start(answer: impl Fn(&Recorded) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let calls = Calls::default();
        let answer: Answer = Arc::new(answer);
        let router = Router::new().fallback(serve).with_state((Arc::clone(&calls), answer));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap_or_else(|error| panic!("the double ended: {error}"));
        });
        Self { address, calls, serving }
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Recorded> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for GrpcDouble {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(State((calls, answer)): State<(Calls, Answer)>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BYTES).await else { return refuse(StatusCode::BAD_REQUEST) };
    let Some(message) = body.get(FRAME_HEAD..) else { return refuse(StatusCode::BAD_REQUEST) };
    let recorded =
        Recorded { path: head.uri.path().to_owned(), headers: head.headers, message: message.to_vec() };
    calls.lock().unwrap_or_else(PoisonError::into_inner).push(recorded.clone());
    match answer(&recorded) {
        Reply::Message(message) => {
            let mut framed = frame(0, &message);
            framed.extend(frame(TRAILERS, b"grpc-status:0\r\n"));
            respond(framed)
        }
        Reply::Status(code, text) => {
            respond(frame(TRAILERS, format!("grpc-status:{code}\r\ngrpc-message:{text}\r\n").as_bytes()))
        }
        Reply::Forward(address) => {
            let headers = [("content-type", recorded.header("content-type").unwrap_or_default())];
            match send(address, "POST", &recorded.path, &headers, &body).await {
                Ok(answer) if answer.status == 200 => respond(answer.body),
                _ => refuse(StatusCode::BAD_GATEWAY),
            }
        }
    }
}

fn frame(flag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("a test sends less than 4 GiB");
    let mut frame = vec![flag];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(content);
    frame
}

fn respond(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    let kind = HeaderValue::from_static("application/grpc-web+proto");
    response.headers_mut().insert("content-type", kind);
    response
}

fn refuse(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_is_noted_and_answered_as_told_also_by_another() {
        let far = GrpcDouble::start(|call| match call.method() {
            "Get" => Reply::Message(b"abc".to_vec()),
            _ => Reply::Status(7, "no"),
        })
        .await;
        let address = far.address;
        let near = GrpcDouble::start(move |_| Reply::Forward(address)).await;
        let ask = |path: &'static str| {
            let headers = [("content-type", "application/grpc-web+proto"), ("x", "y")];
            async move { send(near.address, "POST", path, &headers, &frame(0, b"q")).await.unwrap().body }
        };
        let good = b"\0\0\0\0\x03abc\x80\0\0\0\x0fgrpc-status:0\r\n";
        assert_eq!(ask("/a.B/Get").await, good);
        assert!(ask("/a.B/Put").await.ends_with(b"grpc-status:7\r\ngrpc-message:no\r\n"));
        let calls = far.calls();
        let seen: Vec<_> = calls.iter().map(|call| (call.method(), call.message.as_slice())).collect();
        assert_eq!(seen, [("Get", &b"q"[..]), ("Put", b"q")]);
    }
}
