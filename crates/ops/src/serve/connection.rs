//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use http::{Request, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::activity::{Activity, End, Open};
use super::answer::Answer;
use super::exchange::{Exchange, Held};
use super::question::Question;
use super::watched::Watched;
use super::{Peer, Room, ServeOptions};

/// What is needed to serve somebody.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) router: Router,
    pub(super) options: ServeOptions,
    pub(super) shutdown: CancellationToken,
    pub(super) held: Arc<Held>,
    pub(super) connections: TaskTracker,
}

impl Connection {
    /// Serves until the client goes, is of no use, or the server is told to stop.
    pub(super) async fn serve<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: I) {
        let Self { peer, options, shutdown, .. } = self.clone();
        let activity = Activity::new(self.connections.clone());
        let stream = Watched::new(stream, Arc::clone(&activity));
        let service = tower::service_fn({
            let activity = Arc::clone(&activity);
            move |request: Request<Incoming>| {
                let open = activity.begin(request.version());
                self.clone().answer(request, open)
            }
        });
        let service = TowerToHyperService::new(service);
        let mut connection = pin!(
            builder(&options).serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned()
        );
        let end = tokio::select! {
            ended = connection.as_mut() => return said(ended, peer),
            end = activity.over(&options) => Some(end),
            () = shutdown.cancelled() => None,
        };
        match end {
            Some(End::Unread) => {
                return tracing::debug!(%peer, "a client does not take its answer: the connection is closed");
            }
            Some(End::Late) => {
                return tracing::debug!(%peer, "the head of a request is late: the connection is closed");
            }
            Some(End::Idle) | None => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            ended = connection => said(ended, peer),
            () = farewell(&activity, &options) => {
                tracing::debug!(%peer, "a client does not end the connection: it is closed");
            }
        }
    }

    async fn answer(
        self,
        mut request: Request<Incoming>,
        open: Open,
    ) -> Result<http::Response<Answer>, Infallible> {
        let Self { peer, router, options, held, .. } = self;
        let exchange = Exchange::new(held);
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(Room::new(Arc::clone(&exchange), &options));
        let kind = request.headers().get(header::CONTENT_TYPE).cloned();
        let question = |body| axum::body::Body::new(Question::new(body, &options, Arc::clone(&exchange)));
        let answer = router.oneshot(request.map(question)).await?;
        exchange.answered();
        let answer = match exchange.refused() {
            Some(why) => why.answer(kind, &options),
            None => answer,
        };
        Ok(answer.map(|body| Answer::new(body, open)))
    }
}

/// Resolves when a client that was told goodbye has had its time.
async fn farewell(activity: &Activity, options: &ServeOptions) {
    tokio::time::sleep(options.patience).await;
    activity.over(&ServeOptions { idle: options.patience, ..*options }).await;
}

fn builder(options: &ServeOptions) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Hyper's own time for a head begins when the request before ends, and would be that of an idle connection, too.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(options.streams)
        .keep_alive_interval(options.ping_after)
        .keep_alive_timeout(options.patience);
    builder
}

fn said(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>, peer: SocketAddr) {
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "connection ended with an error");
    }
}
