//! What the sender does with each answer, and with none.

use std::time::{Duration, UNIX_EPOCH};

use remote_write::{Counts, Destination, Protocol, Series, Settings};

use crate::receiver::{Captured, Http, Receiver, Reply, written};
use crate::{LONG, NOW_MS, PROTOCOLS, labels, one, settings, until};

/// Sends the pushes one after the other, each when the one before it is decided.
async fn sent(settings: Settings, receiver: &Receiver, pushes: i64) -> Counts {
    let destination = Destination::start(settings, Http::to(receiver.address)).unwrap();
    for at in 0..pushes {
        destination.push(&one("m", at as f64, NOW_MS + at)).await.unwrap();
        until(&destination, |counts| counts.pending == 0).await;
    }
    destination.shutdown(LONG).await
}

fn versions(requests: &[Captured]) -> Vec<String> {
    requests.iter().map(|request| request.version().to_owned()).collect()
}

/// The first request gets the reply, the others are stored.
async fn first(reply: impl Fn(&Captured) -> Reply + Send + Sync + 'static) -> Receiver {
    Receiver::start(move |number, request| if number == 0 { reply(request) } else { Reply::Store }).await
}

#[tokio::test]
async fn retry_on_what_may_pass() {
    for protocol in PROTOCOLS {
        for status in [408, 429, 500, 502, 503, 504] {
            let receiver = first(move |_| Reply::Status(status, Vec::new())).await;
            let counts = sent(settings(protocol), &receiver, 2).await;
            let requests = receiver.requests();
            assert_eq!((requests.len(), counts.sent, counts.retried), (3, 2, 1), "{status}");
            assert_eq!(requests[0].body, requests[1].body);
            assert_eq!(requests[1].header("retry-attempt"), "1");
            assert_eq!(counts.answers[&status], 1);
        }
    }
}

#[tokio::test]
async fn no_retry_on_what_will_not_pass() {
    for protocol in PROTOCOLS {
        for status in [301, 307, 400, 401, 403, 404, 405, 409, 413, 415, 422, 999] {
            let receiver = first(move |_| Reply::Status(status, Vec::new())).await;
            let counts = sent(settings(protocol), &receiver, 2).await;
            assert_eq!((receiver.requests().len(), counts.sent, counts.failed), (2, 1, 1), "{status}");
        }
    }
}

#[tokio::test]
async fn a_429_is_not_retried_if_the_settings_say_so() {
    let receiver = first(|_| Reply::Status(429, Vec::new())).await;
    let mut settings = settings(Protocol::V1);
    settings.queue.retry_on_http_429 = false;
    assert_eq!(sent(settings, &receiver, 1).await.failed, 1);
}

#[tokio::test]
async fn delays_grow_and_end_at_the_retry_limit() {
    let receiver = Receiver::start(|_, _| Reply::Status(500, Vec::new())).await;
    let mut settings = settings(Protocol::V2);
    settings.queue.max_retries = 4;
    let counts = sent(settings, &receiver, 1).await;
    let times: Vec<_> = receiver.requests().iter().map(|request| request.at).collect();
    let gaps: Vec<Duration> = times.windows(2).map(|two| two[1] - two[0]).collect();
    for (gap, least) in gaps.iter().zip([4, 8, 16, 32]) {
        assert!(*gap >= Duration::from_millis(least), "{gaps:?}");
    }
    assert_eq!((gaps.len(), counts.failed, counts.retried), (4, 1, 4));
}

#[tokio::test]
async fn retry_after_is_waited_for_in_both_forms() {
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(NOW_MS as u64 + 1000));
    for wish in ["1".to_owned(), date] {
        for status in [429, 503] {
            let header = wish.clone();
            let receiver = first(move |_| Reply::Status(status, vec![("retry-after", header.clone())])).await;
            sent(settings(Protocol::V2), &receiver, 1).await;
            let requests = receiver.requests();
            assert!(requests[1].at - requests[0].at >= Duration::from_secs(1), "{wish}");
        }
    }
}

#[tokio::test]
async fn a_retry_after_that_makes_no_sense_is_ignored() {
    for wish in ["soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        let receiver = first(move |_| Reply::Status(503, vec![("retry-after", wish.into())])).await;
        assert_eq!(sent(settings(Protocol::V1), &receiver, 1).await.sent, 1);
    }
}

#[tokio::test]
async fn a_real_415_falls_back_and_is_remembered() {
    let receiver = Receiver::start(|_, request| match request.version() {
        "2.0.0" => Reply::Status(415, Vec::new()),
        _ => Reply::Store,
    })
    .await;
    let counts = sent(settings(Protocol::Auto), &receiver, 3).await;
    let requests = receiver.requests();
    assert_eq!(versions(&requests), ["2.0.0", "0.1.0", "0.1.0", "0.1.0"]);
    assert_eq!((counts.sent, counts.failed, counts.retried), (3, 0, 0));
    assert_eq!(requests[1].read().series[0].samples, requests[0].read().series[0].samples);
}

#[tokio::test]
async fn a_2xx_that_says_nothing_about_2_0_falls_back() {
    for reply in [200, 202, 204] {
        let receiver = Receiver::start(move |_, _| Reply::Text(reply, Vec::new())).await;
        let counts = sent(settings(Protocol::Auto), &receiver, 2).await;
        assert_eq!(versions(&receiver.requests()), ["2.0.0", "0.1.0", "0.1.0"]);
        assert_eq!((counts.sent, counts.failed), (2, 0));
    }
}

#[tokio::test]
async fn without_auto_a_2xx_that_says_nothing_is_a_loss_that_is_told() {
    let receiver = Receiver::start(|_, _| Reply::Text(204, Vec::new())).await;
    let counts = sent(settings(Protocol::V2), &receiver, 1).await;
    assert_eq!((counts.sent, counts.failed), (0, 1));
    let text = "204: expected a receiver of 2.0 that says what it wrote";
    assert_eq!(counts.last_error.as_deref(), Some(text));
}

#[tokio::test]
async fn no_fallback_while_2_0_is_taken() {
    let receiver = Receiver::start(|number, request| match number {
        1 => Reply::Status(400, written(request, 0)),
        3 => Reply::Status(400, Vec::new()),
        4 => Reply::Status(500, Vec::new()),
        _ => Reply::Store,
    })
    .await;
    let counts = sent(settings(Protocol::Auto), &receiver, 5).await;
    assert!(versions(&receiver.requests()).iter().all(|version| version == "2.0.0"));
    assert_eq!((counts.sent, counts.failed), (3, 2));
}

#[tokio::test]
async fn a_400_on_the_first_request_may_mean_the_protocol() {
    let old = |_, request: &Captured| match request.version() {
        "2.0.0" => Reply::Status(400, Vec::new()),
        _ => Reply::Store,
    };
    let receiver = Receiver::start(old).await;
    assert_eq!(sent(settings(Protocol::Auto), &receiver, 2).await.sent, 2);
    assert_eq!(versions(&receiver.requests()), ["2.0.0", "0.1.0", "0.1.0"]);

    let receiver = Receiver::start(|number, _| match number {
        0 | 1 => Reply::Status(400, Vec::new()),
        _ => Reply::Store,
    })
    .await;
    let counts = sent(settings(Protocol::Auto), &receiver, 2).await;
    assert_eq!((counts.sent, counts.failed), (1, 1));
    assert_eq!(versions(&receiver.requests()), ["2.0.0", "0.1.0", "2.0.0"]);
}

#[tokio::test]
async fn a_partial_write_is_counted_and_not_sent_again() {
    let series = || -> Vec<Series> { (0..5).map(|n| one(&format!("m{n}"), 1.0, NOW_MS).remove(0)).collect() };
    for status in [200, 400] {
        let receiver = Receiver::start(move |_, request| Reply::Status(status, written(request, 3))).await;
        let destination = Destination::start(settings(Protocol::V2), Http::to(receiver.address)).unwrap();
        destination.push(&series()).await.unwrap();
        let counts = destination.shutdown(LONG).await;
        assert_eq!((counts.sent, counts.failed, receiver.requests().len()), (3, 2, 1));
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_goes_in_halves_in_order() {
    for protocol in [Protocol::V1, Protocol::V2, Protocol::Auto] {
        let receiver = Receiver::start(|_, request| match request.samples() {
            0..=3 => Reply::Store,
            _ => Reply::Status(413, Vec::new()),
        })
        .await;
        let destination = Destination::start(settings(protocol), Http::to(receiver.address)).unwrap();
        let series = (0..9).map(|n| Series::new(labels(&[("__name__", &format!("m{n}"))]), n as f64, NOW_MS));
        destination.push(&series.collect::<Vec<_>>()).await.unwrap();
        assert_eq!(destination.shutdown(LONG).await.sent, 9);
        let requests = receiver.requests();
        let sizes: Vec<usize> = requests.iter().map(Captured::samples).collect();
        assert_eq!(sizes, [9, 5, 3, 2, 4, 2, 2]);
        let small = requests.iter().filter(|request| request.samples() <= 3);
        let stored = small.flat_map(|request| request.read().series);
        assert!(stored.map(|one| one.samples[0].value as i32).eq(0..9));
    }
}

#[tokio::test]
async fn credentials_are_refreshed_once() {
    for status in [401, 403] {
        for (refusals, expect) in [(1, (1, 0, 2)), (9, (0, 1, 2))] {
            let receiver = Receiver::start(move |number, _| match number < refusals {
                true => Reply::Status(status, Vec::new()),
                false => Reply::Store,
            })
            .await;
            let mut http = Http::to(receiver.address);
            http.refreshes = true;
            let destination = Destination::start(settings(Protocol::V1), http).unwrap();
            destination.push(&one("m", 1.0, NOW_MS)).await.unwrap();
            let counts = destination.shutdown(LONG).await;
            assert_eq!((counts.sent, counts.failed, receiver.requests().len()), expect);
        }
    }
}

#[tokio::test]
async fn the_receivers_words_are_kept_and_bounded() {
    let receiver = Receiver::start(|_, _| Reply::Text(400, b"out of order \xff sample".to_vec())).await;
    let counts = sent(settings(Protocol::V1), &receiver, 1).await;
    assert_eq!(counts.last_error.as_deref(), Some("400: out of order \u{fffd} sample"));

    let receiver = Receiver::start(|_, _| Reply::Text(400, vec![b'x'; 1 << 20])).await;
    let counts = sent(settings(Protocol::V1), &receiver, 1).await;
    assert_eq!(counts.last_error.map(|text| text.len()), Some("400: ".len() + 1024));
}

#[tokio::test]
async fn bodies_of_success_are_ignored() {
    let receiver = Receiver::start(|_, _| Reply::Text(204, Vec::new())).await;
    assert_eq!(sent(settings(Protocol::V1), &receiver, 1).await.sent, 1);
    let receiver = Receiver::start(|_, _| Reply::Text(200, vec![0xff; 4096])).await;
    assert_eq!(sent(settings(Protocol::V1), &receiver, 1).await.sent, 1);
}

#[tokio::test]
async fn connections_that_break_are_tried_again_with_the_same_bytes() {
    for protocol in PROTOCOLS {
        let breaks: [fn(&Captured) -> Reply; 3] =
            [|_| Reply::Reset, |_| Reply::Torn(200), |_| Reply::Torn(503)];
        for reply in breaks {
            let receiver = first(reply).await;
            let counts = sent(settings(protocol), &receiver, 2).await;
            let requests = receiver.requests();
            assert_eq!((requests.len(), counts.sent, counts.unanswered), (3, 2, 1), "{protocol:?}");
            assert_eq!(requests[0].body, requests[1].body);
        }
    }
}

#[tokio::test]
async fn a_hanging_receiver_costs_one_deadline() {
    let receiver = first(|_| Reply::Hang).await;
    let mut settings = settings(Protocol::V2);
    settings.remote_timeout = Duration::from_millis(300);
    let counts = sent(settings, &receiver, 2).await;
    assert_eq!((counts.sent, counts.unanswered), (2, 1));
    assert!(counts.send_time >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_slow_receiver_gets_everything_in_order_and_holds_up_no_push() {
    let receiver = Receiver::start(|_, _| Reply::Slow(Duration::from_millis(20))).await;
    let destination = Destination::start(settings(Protocol::V2), Http::to(receiver.address)).unwrap();
    for at in 0..50 {
        destination.push(&one("m", at as f64, NOW_MS + at)).await.unwrap();
    }
    assert!(destination.counts().pending > 0);
    assert_eq!(destination.shutdown(LONG).await.sent, 50);
    let values = receiver.requests().into_iter().flat_map(|request| request.read().series.remove(0).samples);
    assert!(values.map(|sample| sample.value as i64).eq(0..50));
}

#[tokio::test]
async fn what_waits_for_a_receiver_that_is_not_there_stays() {
    let address = {
        let receiver = Receiver::storing().await;
        receiver.address
    };
    let mut settings = settings(Protocol::V1);
    settings.queue.max_samples_per_send = 1;
    let destination = Destination::start(settings, Http::to(address)).unwrap();
    for at in 0..5 {
        destination.push(&one("m", at as f64, NOW_MS + at)).await.unwrap();
    }
    let counts = until(&destination, |counts| counts.unanswered >= 3).await;
    assert!(counts.last_error.unwrap().starts_with("no answer: "));
    assert_eq!((counts.pending, counts.sent), (5, 0));
    assert_eq!(destination.shutdown(Duration::ZERO).await.pending, 5);
}

#[tokio::test]
async fn old_samples_are_dropped_also_while_they_are_retried() {
    let receiver = Receiver::start(|_, _| Reply::Store).await;
    let destination = Destination::start(settings(Protocol::V2), Http::to(receiver.address)).unwrap();
    let old = NOW_MS - 3_600_001;
    let series = vec![one("old", 1.0, old).remove(0), one("fresh", 1.0, NOW_MS).remove(0)];
    destination.push(&series).await.unwrap();
    destination.push(&one("old", 1.0, old + 1)).await.unwrap();
    destination.push(&one("gone", 1.0, old)).await.unwrap();
    let counts = destination.shutdown(LONG).await;
    assert_eq!((counts.too_old, counts.sent, counts.failed), (2, 2, 0));
}

#[tokio::test]
async fn shutting_down_sends_what_waits_until_the_deadline() {
    let receiver = Receiver::start(|number, _| match number {
        0..=2 => Reply::Status(503, Vec::new()),
        _ => Reply::Store,
    })
    .await;
    let destination = Destination::start(settings(Protocol::V2), Http::to(receiver.address)).unwrap();
    for at in 0..10 {
        destination.push(&one("m", 1.0, NOW_MS + at)).await.unwrap();
    }
    let counts = destination.shutdown(LONG).await;
    assert_eq!((counts.sent, counts.pending), (10, 0));

    let receiver = Receiver::start(|_, _| Reply::Hang).await;
    let destination = Destination::start(settings(Protocol::V2), Http::to(receiver.address)).unwrap();
    destination.push(&one("m", 1.0, NOW_MS)).await.unwrap();
    let counts = destination.shutdown(Duration::from_millis(20)).await;
    assert_eq!((counts.sent, counts.pending), (0, 1));
}

/// A limit of the receiver used to be learnt anew for each batch: half of all requests were refused.
#[tokio::test]
async fn a_size_limit_is_learnt_once() {
    let receiver = Receiver::start(|_, request| match request.body.len() {
        0..300 => Reply::Store,
        _ => Reply::Status(413, Vec::new()),
    })
    .await;
    let destination = Destination::start(settings(Protocol::V1), Http::to(receiver.address)).unwrap();
    for push in 0..10 {
        let name = |n: i32| format!("m_{push}_{n}_{}", n * 7919 % 1000);
        let series: Vec<Series> = (0..40).flat_map(|n| one(&name(n), 1.0, NOW_MS)).collect();
        destination.push(&series).await.unwrap();
        until(&destination, |counts| counts.pending == 0).await;
    }
    let counts = destination.shutdown(LONG).await;
    assert_eq!((counts.sent, counts.failed), (400, 0));
    // Each halving of the first batch is refused at most once; later batches know.
    assert!(counts.answers[&413] <= 8, "{:?}", counts.answers);
}

/// The process used to wait out the whole time for an attempt that could not come.
#[tokio::test]
async fn a_retry_after_beyond_the_end_is_not_waited_for() {
    let receiver =
        Receiver::start(|_, _| Reply::Status(503, vec![("retry-after", "86400".to_owned())])).await;
    let destination = Destination::start(settings(Protocol::V1), Http::to(receiver.address)).unwrap();
    destination.push(&one("m", 1.0, NOW_MS)).await.unwrap();
    until(&destination, |counts| counts.answers.contains_key(&503)).await;
    let begun = tokio::time::Instant::now();
    let counts = destination.shutdown(LONG).await;
    assert!(begun.elapsed() < LONG / 2, "{:?}", begun.elapsed());
    assert_eq!((counts.sent, counts.pending), (0, 1));
    assert_eq!(receiver.requests().len(), 2, "one more try at the end");
}

#[tokio::test]
async fn a_receiver_that_is_back_at_the_end_gets_what_waits() {
    let receiver = first(|_| Reply::Status(503, vec![("retry-after", "86400".to_owned())])).await;
    let destination = Destination::start(settings(Protocol::V1), Http::to(receiver.address)).unwrap();
    destination.push(&one("m", 1.0, NOW_MS)).await.unwrap();
    destination.push(&one("m", 2.0, NOW_MS + 1)).await.unwrap();
    until(&destination, |counts| counts.answers.contains_key(&503)).await;
    let counts = destination.shutdown(LONG).await;
    assert_eq!((counts.sent, counts.pending), (2, 0));
}

/// A panic used to end the sending for good, and was noticed at the end of the process.
#[tokio::test]
async fn a_panic_in_a_transport_costs_an_attempt_and_is_counted() {
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Clumsy(AtomicU32);
    impl remote_write::Transport for Clumsy {
        async fn post(
            &self,
            _: http::HeaderMap,
            _: bytes::Bytes,
            _: tokio::time::Instant,
        ) -> Result<remote_write::Answer, remote_write::TransportError> {
            assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "a mistake, on purpose");
            let (status, headers) = (http::StatusCode::NO_CONTENT, http::HeaderMap::new());
            Ok(remote_write::Answer { status, headers, body: bytes::Bytes::new() })
        }
    }
    let destination = Destination::start(settings(Protocol::V1), Clumsy(AtomicU32::new(0))).unwrap();
    destination.push(&one("m", 1.0, NOW_MS)).await.unwrap();
    let counts = destination.shutdown(LONG).await;
    assert_eq!((counts.sent, counts.failed, counts.panics), (1, 0, 1));
}
