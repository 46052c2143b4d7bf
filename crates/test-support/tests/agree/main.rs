//! parca-embedded answers as a real Parca does: the same profiles written to both, the same
//! questions asked of both. Needs a Parca at PARCA_URL, or compares with what one answered when it was recorded.
//!
//! Each deviation that is let through here is in docs/compat.md with its reason.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::type_complexity)]

mod compared;
mod fixture;
mod otlp;
mod questions;
mod recorded;
mod reports;
mod tables;
mod trees;

use fixture::Pair;

/// Both servers with the same profiles, or nothing where there is no Parca to compare with.
macro_rules! pair_or_skip {
    () => {
        match Pair::start().await {
            Some(pair) => pair,
            None => return,
        }
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_answers_are_read_and_are_those_of_the_embedded_server() {
    recorded::all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_profiles_give_the_same_answers() {
    let pair = pair_or_skip!();
    questions::catalog(&pair).await;
    questions::ranges(&pair).await;
    reports::merges(&pair).await;
    reports::singles(&pair).await;
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arrow_records_are_read_and_say_what_the_pprof_says() {
    let pair = pair_or_skip!();
    trees::flame_graphs(&pair).await;
    tables::tables(&pair).await;
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_refused_with_the_same_words() {
    let pair = pair_or_skip!();
    questions::mistakes(&pair).await;
    questions::bad_writes(&pair).await;
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comparisons_filters_and_call_graphs_are_the_same() {
    let pair = pair_or_skip!();
    compared::differences(&pair).await;
    compared::filters(&pair).await;
    compared::sandwiches(&pair).await;
    compared::call_graphs(&pair).await;
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_of_opentelemetry_give_the_same_answers() {
    let pair = pair_or_skip!();
    otlp::exports(&pair).await;
    pair.stop().await;
}
