//! The memory limit.

use std::time::Duration;

use parca_proto::query::QueryRangeRequest;
use profile_model::{Location, Profile, Sample, ValueType};

use crate::server::{PROFILE_TYPE, Server};

/// A profile that shares nothing with any other, so that it costs memory.
fn large_profile(second: i64) -> Profile {
    let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
    profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
    (profile.time_nanos, profile.duration_nanos) = (second * 1_000_000_000, 1_000_000_000);
    for at in 0..2_000_u64 {
        let address = second.cast_unsigned() * 10_000 + at;
        let location = Location { mapping: None, address, is_folded: false, lines: &[] };
        let location = profile.symbols.intern_location(location);
        let stack = profile.symbols.intern_stack(&[location]);
        profile.samples.push(Sample { stack, values: &[1], labels: &[] });
    }
    profile
}

#[tokio::test]
async fn the_oldest_is_dropped_and_counted() {
    let limit = 4 << 20;
    let server = Server::with_memory(limit).await;
    let (mut written, mut evicted) = (0, 0.0);
    while evicted == 0.0 {
        written += 1;
        assert!(written < 1_000, "a thousand profiles of 2000 stacks fit into 4 MiB");
        server.write(&large_profile(written)).await;
        evicted = server.metric("parca_embedded_store_evicted_rows_total").await;
    }
    assert_eq!(evicted as i64 % 2_000, 0, "half a profile was dropped");
    let kept = written - evicted as i64 / 2_000;
    assert!(server.metric("parca_embedded_store_bytes").await <= limit as f64);
    assert_eq!(server.metric("parca_embedded_store_profiles").await, kept as f64);

    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let request = QueryRangeRequest {
        query: PROFILE_TYPE.into(),
        start: at(0),
        end: at(written + 1),
        step: prost_types::Duration::try_from(Duration::from_secs(1)).ok(),
        ..Default::default()
    };
    let series = server.query().query_range(request).await.unwrap().into_inner().series;
    let times: Vec<i64> =
        series[0].samples.iter().map(|sample| sample.timestamp.as_ref().unwrap().seconds).collect();
    assert_eq!(times, ((written - kept + 1)..=written).collect::<Vec<_>>());
    server.stop().await;
}
