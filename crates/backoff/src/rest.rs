use std::future::Future;
use std::pin::pin;
use std::task::Poll;

/// Waits for the end of `sleep` or for `stop`, whichever comes first; true if the sleep came to its end.
///
/// Any runtime's sleep and any sign to stop will do:
/// `rest(tokio::time::sleep(wait), shutdown.cancelled())`.
pub async fn rest(sleep: impl Future, stop: impl Future) -> bool {
    let (mut sleep, mut stop) = (pin!(sleep), pin!(stop));
    std::future::poll_fn(|context| {
        // First the stop: who was told to stop does not try once more.
        if stop.as_mut().poll(context).is_ready() {
            Poll::Ready(false)
        } else {
            sleep.as_mut().poll(context).map(|_| true)
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::task::{Context, Waker};

    use super::*;

    fn poll(future: impl Future<Output = bool>) -> Poll<bool> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_stop_wins_over_the_end_of_the_wait() {
        assert_eq!(poll(rest(ready(()), ready(()))), Poll::Ready(false));
        assert_eq!(poll(rest(ready(()), pending::<()>())), Poll::Ready(true));
        assert_eq!(poll(rest(pending::<()>(), ready(()))), Poll::Ready(false));
        assert_eq!(poll(rest(pending::<()>(), pending::<()>())), Poll::Pending);
    }
}
