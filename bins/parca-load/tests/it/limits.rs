//! What makes a run fail in CI.

use test_support::{GrpcDouble, Reply, unused_address};

use crate::fixture::{Parca, lane, run, summary};

/// Zero calls used to be valid, and exit 0.
#[tokio::test]
async fn a_run_that_measured_nothing_does_not_pass() {
    let empty = GrpcDouble::start(|_| Reply::Message(Vec::new())).await;
    let exit = run(&empty.url(), &["-lanes", "query-merge", "-duration", "500ms"]).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    assert!(exit.stderr.contains("error: nothing was measured"), "{}", exit.stderr);
    assert!(exit.stderr.contains("not valid: nothing was measured"), "{}", exit.stderr);
    let json = summary(&exit);
    assert!(json["validity"]["valid"].is_null(), "{json:#}");
    assert_eq!(json["failures"].as_array().unwrap().len(), 1);
}

/// Half of all calls may fail and the exit code was 0, with no limit to set.
#[tokio::test]
async fn limits_make_a_run_fail() {
    let parca = Parca::start().await;
    let address = parca.address;
    let refusing = GrpcDouble::start(move |call| match call.method() {
        "Values" => Reply::Status(7, "not for you"),
        _ => Reply::Forward(address),
    })
    .await;
    let args = ["-duration", "1s", "-query-interval", "200ms", "-lanes", "labels,values"];
    let check = async |limits: &[&str], code: i32, words: &[&str]| {
        let all: Vec<&str> = args.iter().chain(limits).copied().collect();
        let exit = run(&refusing.url(), &all).await;
        assert_eq!(exit.code, Some(code), "{limits:?}: {exit:#?}");
        for words in words {
            assert!(exit.stderr.contains(words), "{limits:?}: {}", exit.stderr);
        }
        assert_eq!(summary(&exit)["failures"].as_array().unwrap().is_empty(), code == 0);
    };
    check(&[], 0, &[]).await;
    check(&["-max-error-rate", "60%"], 0, &[]).await;
    check(&["-max-error-rate", "1%"], 1, &["error: -max-error-rate: ", "more than 1.00 %"]).await;
    check(&["-max-p99", "1h"], 0, &[]).await;
    check(&["-max-p99", "1us"], 1, &["error: -max-p99: the 99th percentile of labels is "]).await;
    let exit = run(&refusing.url(), &["-max-error-rate", "2"]).await;
    assert_eq!(exit.code, Some(2));
    assert!(exit.stderr.contains("-max-error-rate: expected a share such as 1% or 0.01"), "{}", exit.stderr);
}

/// "valid: the generator kept its plan" was printed without a look at it.
#[tokio::test]
async fn a_short_run_does_not_claim_to_be_valid() {
    let parca = Parca::start().await;
    let exit = run(&parca.url(), &["-duration", "1s"]).await;
    let json = summary(&exit);
    assert_ne!(json["validity"]["valid"], true, "{json:#}");
    assert!(!exit.stderr.contains("valid: the generator kept its plan"), "{}", exit.stderr);
    assert!(!json["validity"]["unjudged"].as_array().unwrap().is_empty(), "{json:#}");
}

/// A refused connection is fast: with failures mixed in, the median of a dying server fell.
#[tokio::test]
async fn failures_have_times_of_their_own() {
    let failing = GrpcDouble::start(|call| match call.method() {
        "Labels" => Reply::Status(14, "away"),
        _ => Reply::Message(Vec::new()),
    })
    .await;
    let exit =
        run(&failing.url(), &["-duration", "1s", "-query-interval", "200ms", "-lanes", "labels"]).await;
    let json = summary(&exit);
    let labels = lane(&json, "labels");
    assert!(labels["response_us"]["p50"].is_null(), "{labels:#}");
    assert!(labels["failed_us"]["p50"].as_f64() > Some(0.0), "{labels:#}");
}

/// A script looks into the file that it named, also when there was no answer.
#[tokio::test]
async fn a_run_without_an_answer_says_why_in_the_json_too() {
    let exit = run(&format!("http://{}", unused_address()), &["-duration", "300ms"]).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    let json = summary(&exit);
    let why = json["failures"][0].as_str().unwrap();
    assert!(why.contains("no answer from") && why.contains("the last attempt: "), "{why}");
}
