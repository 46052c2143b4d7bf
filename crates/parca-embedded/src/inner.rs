//! A door for this process alone: the page asks the server as a client does, also where other doors want a token or a
//! certificate.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{StatusCode, header};
use ops::{ServeError, ServeOptions};
use ring::rand::{SecureRandom, SystemRandom};
use tokio_util::sync::CancellationToken;

/// How long answers under way may take once the server is told to stop.
const GRACE: Duration = Duration::from_secs(1);

/// Where a page reaches its own server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PageTarget {
    /// An address of this machine that speaks gRPC-Web without TLS.
    pub address: SocketAddr,
    /// A bearer token that it wants; none if it takes everybody.
    pub token: Option<String>,
}

/// Serves gRPC on a free loopback port to whoever has the token, which nobody but this process knows.
pub(crate) async fn open(grpc: Router, stop: CancellationToken) -> Result<PageTarget, ServeError> {
    let listener = ops::bind("127.0.0.1:0").await?;
    let address = listener
        .local_addr()
        .map_err(|source| ServeError::Bind { address: "127.0.0.1:0".to_owned(), source })?;
    let token = token();
    let wanted = format!("Bearer {token}");
    let guarded = grpc.layer(from_fn(move |request: Request, next: Next| {
        let is_ours = request
            .headers()
            .get(header::AUTHORIZATION)
            .is_some_and(|found| is_same(found.as_bytes(), wanted.as_bytes()));
        pass(is_ours, request, next)
    }));
    tokio::spawn(ops::serve(listener, guarded, stop, ServeOptions::with_grace(GRACE)));
    Ok(PageTarget { address, token: Some(token) })
}

async fn pass(is_ours: bool, request: Request, next: Next) -> Response {
    if is_ours { next.run(request).await } else { StatusCode::UNAUTHORIZED.into_response() }
}

fn token() -> String {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("every system that we run on has random numbers");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Takes as long whichever byte differs.
fn is_same(found: &[u8], wanted: &[u8]) -> bool {
    found.len() == wanted.len() && found.iter().zip(wanted).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}
