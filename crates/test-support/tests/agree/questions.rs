//! Types, labels, values, metrics over time, and what is refused.

use std::collections::BTreeMap;
use std::time::Duration;

use parca_client::{
    Call, LabelsRequest, ProfileTypesRequest, QueryRangeRequest, QueryRequest, ReportKind, Series,
    ValuesRequest,
};
use pql::ProfileType;
use profile_model::{TimeRange, Timestamp};

use crate::fixture::{Pair, Written, mistake, request};

pub(crate) async fn catalog(pair: &Pair) {
    let (real, ours) = pair.ask(&ProfileTypesRequest::default()).await.unwrap();
    for written in &pair.written {
        let of = |types: &[ProfileType]| {
            types.iter().filter(|t| t.name == written.name).cloned().collect::<Vec<_>>()
        };
        assert_eq!(of(&real), of(&ours), "{}", written.name);
        let mut expected = written.types();
        expected.sort();
        assert_eq!(of(&ours), expected, "{}", written.name);
        for profile_type in written.types() {
            labels(pair, written, &profile_type).await;
        }
    }
}

async fn labels(pair: &Pair, written: &Written, profile_type: &ProfileType) {
    let wide = written.range();
    let empty = TimeRange::new(wide.end, Timestamp::new(wide.end.seconds() + 1, 0));
    for range in [None, Some(wide), Some(empty)] {
        let mut request = LabelsRequest::default();
        request.range = range;
        request.profile_type = Some(profile_type.clone());
        same(pair, &request).await;
        request.matchers = vec![r#"parity="odd""#.to_owned()];
        same(pair, &request).await;
        for label in ["parity", "job", "nope", ""] {
            let mut request = ValuesRequest::new(label);
            request.range = range;
            request.profile_type = Some(profile_type.clone());
            same(pair, &request).await;
        }
    }
}

pub(crate) async fn same<C: Call>(pair: &Pair, call: &C)
where
    C::Answer: PartialEq + std::fmt::Debug,
{
    if let Some((real, ours)) = pair.ask(call).await {
        assert_eq!(real, ours);
    }
}

pub(crate) async fn ranges(pair: &Pair) {
    for written in &pair.written {
        for profile_type in written.types() {
            range(pair, written, &profile_type).await;
        }
    }
}

async fn range(pair: &Pair, written: &Written, profile_type: &ProfileType) {
    let range = written.range();
    let selectors = ["", r#"{parity="odd"}"#, r#"{parity=~"ev"}"#, r#"{nope=""}"#, r#"{job!="agree"}"#];
    for selector in selectors {
        for step in [0, 1, 7, 3600] {
            for sum_by in [vec![], vec!["parity"], vec!["job", "parity"], vec!["nope"]] {
                let mut request = QueryRangeRequest::new(
                    format!("{profile_type}{selector}"),
                    range,
                    Duration::from_secs(step),
                );
                request.sum_by = sum_by.into_iter().map(str::to_owned).collect();
                let Some((real, ours)) = pair.ask(&request).await else { continue };
                if profile_type.delta {
                    assert_eq!(real, ours, "{request:?}");
                } else {
                    let mut all = request.clone();
                    all.step = Duration::ZERO;
                    let (every, _) = pair.ask(&all).await.unwrap();
                    snapshots(&real, &ours, &every, &request);
                }
            }
        }
    }
}

/// With a step a real Parca answers with any one profile of a bucket, we with the oldest: the buckets
/// and their counts are the same, and each value is that of a profile.
pub(crate) fn snapshots(real: &[Series], ours: &[Series], every: &[Series], request: &QueryRangeRequest) {
    let step = i64::try_from(request.step.as_nanos()).unwrap();
    let bucket = |time: Timestamp| {
        if step == 0 { time.saturating_nanos() } else { time.saturating_nanos().div_euclid(step) }
    };
    assert_eq!(real.len(), ours.len(), "{request:?}");
    for ((real, ours), every) in real.iter().zip(ours).zip(every) {
        assert_eq!((&real.labels, &real.sample_type), (&ours.labels, &ours.sample_type), "{request:?}");
        let counts = |series: &Series| {
            series.samples.iter().map(|s| (bucket(s.timestamp), s.count)).collect::<Vec<_>>()
        };
        assert_eq!(counts(real), counts(ours), "{request:?}");
        let known: BTreeMap<Timestamp, i64> = every.samples.iter().map(|s| (s.timestamp, s.value)).collect();
        for sample in real.samples.iter().chain(&ours.samples) {
            assert_eq!(known.get(&sample.timestamp), Some(&sample.value), "{request:?}");
        }
    }
}

/// Questions that are mistakes: code and text are the same.
pub(crate) async fn mistakes(pair: &Pair) {
    let known = pair.written[0].types()[0].to_string();
    let range = pair.written[0].range();
    let backwards = TimeRange::new(range.end, range.start);
    let queries = [
        "",
        "memory",
        "a:b",
        "a:b:c:d:e:delta:x",
        "{}",
        r#"{job="x"}"#,
        "rate(x[5m])",
        "a:b:c:d:e offset 5m",
        "a:b:c:d:e{job=",
        r#"a:b:c:d:e{job=~"("}"#,
        r#"a:b:c:d:e{job="a",,}"#,
        "my-name:b:c:d:e",
        "a:b:c:d:e",
        r#"a:b:c:d:e{job="x" , } # comment"#,
        r#"{"a:b:c:d:e", job="x"}"#,
        r#"{__name__="a:b:c:d:e"}"#,
    ];
    for query in queries {
        refused(pair, &QueryRangeRequest::new(query, range, Duration::from_secs(1))).await;
        refused_or_empty(pair, &QueryRequest::merge(query, range, ReportKind::Pprof)).await;
        refused(pair, &QueryRequest::single(query, range.start, ReportKind::Pprof)).await;
    }
    refused(pair, &QueryRangeRequest::new(known.as_str(), backwards, Duration::ZERO)).await;
    refused(pair, &QueryRequest::merge(known.as_str(), backwards, ReportKind::Top)).await;
    refused(pair, &QueryRequest::single(known.as_str(), Timestamp::new(1, 0), ReportKind::TableArrow)).await;
    for field in ["nope", "labels", ""] {
        let mut request = QueryRequest::merge(known.as_str(), range, ReportKind::FlamegraphArrow);
        request.group_by = vec![field.to_owned()];
        refused(pair, &request).await;
    }
}

async fn refused<C: Call>(pair: &Pair, call: &C)
where
    C::Answer: std::fmt::Debug,
{
    if let Some(answers) = pair.ask(call).await {
        panic!("expected a refusal, found {answers:?}");
    }
}

async fn refused_or_empty(pair: &Pair, call: &QueryRequest) {
    if let Some((real, ours)) = pair.ask(call).await {
        assert_eq!((real.total, ours.total), (0, 0), "{call:?}");
    }
}

/// Writes that a real Parca refuses; what ends it is not sent.
pub(crate) async fn bad_writes(pair: &Pair) {
    let name = ("__name__", "agree_bad");
    let good = profile_codec::pprof::encode(&pair.written[0].profiles[0]);
    let cases: Vec<(Vec<(&str, &str)>, Vec<u8>)> = vec![
        (vec![name, ("job", "a"), ("job", "b")], good.clone()),
        (vec![name, ("", "a")], good.clone()),
        (vec![name], b"not a profile".to_vec()),
        (vec![name], vec![0x1f, 0x8b, 8, 0]),
        // A sample with two values and no sample type.
        (vec![name], vec![0x32, 0, 0x12, 4, 0x12, 2, 1, 2]),
        // The first string is not empty.
        (vec![name], vec![0x32, 1, b'x']),
        // A location with id 2 only.
        (vec![name], vec![0x32, 0, 0x22, 2, 8, 2]),
    ];
    for (labels, bytes) in cases {
        let call = request(&labels, bytes.clone());
        let (real, ours) = (pair.real.write_raw(&call).await, pair.ours.write_raw(&call).await);
        let (real, ours) = (real.as_ref().map_err(mistake), ours.as_ref().map_err(mistake));
        match (real, ours) {
            (Err((real_code, real_text)), Err((our_code, our_text))) => {
                assert_eq!(real_code, our_code, "{labels:?} {bytes:?}: {real_text} / {our_text}");
                // What a parser says of garbage is its own affair.
                let head = |text: &str| text.split(": ").next().unwrap_or_default().to_owned();
                assert_eq!(head(&real_text), head(&our_text));
            }
            (real, ours) => assert_eq!(real, ours, "{labels:?} {bytes:?}"),
        }
    }
}
