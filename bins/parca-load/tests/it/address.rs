//! The address of its own.

use test_support::Process;

use crate::fixture::{Load, NONE, PARCA_LOAD};

#[tokio::test]
async fn a_second_one_on_the_same_address_says_whose_fault_it_is() {
    let nobody = format!("http://{}", test_support::unused_address());
    let first = Load::start(&nobody, &[]).await;
    let address = first.address.to_string();
    let exit = Process::run(PARCA_LOAD, ["-url", &nobody, "-addr", &address], NONE).await;
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(1), ""), "{exit:#?}");
    assert!(exit.stderr.contains(&format!("error: cannot listen on `{address}`")), "{}", exit.stderr);
    assert!(exit.stderr.contains("hint: is another parca-load running?"), "{}", exit.stderr);
    assert_eq!(first.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn its_own_profile_is_a_pprof() {
    let load = Load::start(&format!("http://{}", test_support::unused_address()), &[]).await;
    let answer = load.get("/debug/pprof/profile?seconds=1").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let limits = profile_codec::pprof::Limits::default();
    let profile = profile_codec::pprof::decode(&answer.body, &limits).unwrap();
    let units: Vec<&str> = profile.sample_types.iter().map(|kind| kind.unit.as_str()).collect();
    assert_eq!(units, ["count", "nanoseconds"]);
    assert_eq!(load.get("/debug/pprof/profile?seconds=0").await.status, 400);
}
