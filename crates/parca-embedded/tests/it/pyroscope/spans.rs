//! Profiles of spans, as OpenTelemetry's integrations of SDKs push them.

use super::*;

const FIRST: &str = "0123456789abcdef";
const SECOND_SPAN: &str = "ffff456789abcdef";

/// Samples of two spans, of one by its older name, and one of none.
fn spanned(time: i64) -> Profile {
    let mut of = profile(time);
    let stacks = of.samples.stacks().to_vec();
    of.samples = profile_model::Samples::new(1);
    for (stack, value, labels) in [
        (stacks[0], 1, &[("span_id", FIRST), ("span_name", "GET /")][..]),
        (stacks[1], 2, &[("profile_id", FIRST), ("trace_id", "00112233445566778899aabbccddeeff")]),
        (stacks[0], 40, &[("profile_id", SECOND_SPAN), ("controller", "slow")]),
        (stacks[0], 8, &[("controller", "slow")]),
        (stacks[0], 16, &[("span_id", "no id")]),
    ] {
        let label = |(key, text): &(&str, &str)| {
            let [key, text] = [key, text].map(|text| of.symbols.intern_string(text));
            SampleLabel { key, value: LabelValue::Text(text) }
        };
        let labels: Vec<SampleLabel> = labels.iter().map(label).collect();
        of.samples.push(profile_model::Sample { stack, values: &[value], labels: &labels });
    }
    of
}

/// What each method says of these spans.
async fn of_spans(server: &Server, spans: &[&str], selector: &str) -> i64 {
    let request = select(&json!({"spanSelector": spans, "labelSelector": selector}));
    let old = ask(server, "SelectMergeSpanProfile", request.clone()).await;
    let new = ask(server, "SelectMergeStacktraces", request).await;
    assert_eq!(old["flamegraph"], new["flamegraph"]);
    new["flamegraph"]["total"].as_str().map_or(0, |total| total.parse().unwrap())
}

async fn push(server: &Server, service: &str, of: &Profile) {
    let path = format!("ingest?format=pprof&name={service}&from={START}&until={}", START + 10);
    let (head, body) = post(server, &path, &[], pprof::encode_gzip(of)).await;
    assert_eq!(head.status, 200, "{body:?}");
}

#[tokio::test]
async fn what_was_measured_in_a_span_is_found_by_its_id() {
    let server = Server::start().await;
    push(&server, "shop", &spanned(START * SECOND)).await;
    push(&server, "shop", &spanned((START + 15) * SECOND)).await;
    push(&server, "other", &spanned(START * SECOND)).await;
    for (spans, selector, expect) in [
        (&[FIRST][..], "{}", 9),
        (&[FIRST], r#"{service_name="shop"}"#, 6),
        (&[&FIRST.to_ascii_uppercase()], r#"{service_name="shop"}"#, 6),
        (&[SECOND_SPAN], r#"{service_name="shop"}"#, 80),
        (&[SECOND_SPAN], r#"{service_name="shop",controller="slow"}"#, 80),
        (&[FIRST, SECOND_SPAN], r#"{service_name=~"sh.*"}"#, 86),
        (&[FIRST], r#"{service_name="nobody"}"#, 0),
        (&["0000000000000000"], "{}", 0),
        (&[], r#"{service_name="shop"}"#, 134),
    ] {
        assert_eq!(of_spans(&server, spans, selector).await, expect, "{spans:?} {selector}");
    }
    // The same push again is the same spans.
    push(&server, "shop", &spanned(START * SECOND)).await;
    assert_eq!(of_spans(&server, &[FIRST], r#"{service_name="shop"}"#).await, 6);
    // As a pprof, too; and no series is about a span.
    let pprof =
        ask(&server, "SelectMergeStacktraces", select(&json!({"spanSelector": [FIRST], "format": 4}))).await;
    assert_eq!(pprof["pprof"]["profile"]["sample"].as_array().unwrap().len(), 2);
    let (start, end) = window();
    let names = json!(["service_name", "controller", "span_id", "profile_id", "trace_id", "span_name"]);
    let sets = ask(&server, "Series", json!({"labelNames": names, "start": start, "end": end})).await;
    assert_eq!(sets["labelsSet"].as_array().unwrap().len(), 4, "{sets}");
    assert!(!sets.to_string().contains("_id"), "{sets}");
    for wrong in [json!(["0123"]), json!(["0123456789abcdeg"]), json!([""])] {
        let (status, error) =
            call(&server, "SelectMergeSpanProfile", &select(&json!({"spanSelector": wrong}))).await;
        assert_eq!((status, &error["code"]), (400, &json!("invalid_argument")), "{error}");
    }
    server.stop().await;
}

/// What profilecli's canary pushes and then asks for.
#[tokio::test]
async fn profileclis_canary_finds_its_span() {
    let server = Server::start().await;
    let mut of = super::graphs::stacks(&[("func2;func1", 10), ("func1", 20)], START * SECOND);
    of.sample_types = vec![profile_model::ValueType::new("made_up", "profilos")];
    of.period_type = Some(profile_model::ValueType::new("made_up", "profilos"));
    of.duration_nanos = 0;
    let [key, text] = ["profile_id", "00000bac2a5ab0c7"].map(|text| of.symbols.intern_string(text));
    let (stacks, values) = (of.samples.stacks().to_vec(), [10, 20]);
    of.samples = profile_model::Samples::new(1);
    for (at, stack) in stacks.into_iter().enumerate() {
        let label = [SampleLabel { key, value: LabelValue::Text(text) }];
        of.samples.push(profile_model::Sample { stack, values: &[values[at]], labels: &label[..at] });
    }
    let labels = json!([{"name": "__name__", "value": "deadmans_switch"}, {"name": "service_name", "value": "pyroscope-canary-exporter"}, {"name": "job", "value": "canary-exporter"}]);
    let push = json!({"series": [{"labels": labels, "samples": [{"ID": "0b0f", "rawProfile": base64(&pprof::encode(&of))}]}]});
    let json_type = [("content-type", "application/json")];
    assert_eq!(post(&server, "push.v1.PusherService/Push", &json_type, push.to_string()).await.0.status, 200);
    let id = "deadmans_switch:made_up:profilos:made_up:profilos";
    let selector = r#"{service_name="pyroscope-canary-exporter", job="canary-exporter"}"#;
    let (start, end) = (START * 1000, (START + 5) * 1000);
    let request = json!({"profileTypeID": id, "labelSelector": selector, "start": start, "end": end, "spanSelector": ["00000bac2a5ab0c7"]});
    let graph = ask(&server, "SelectMergeSpanProfile", request).await["flamegraph"].clone();
    assert_eq!(graph["names"], json!(["total", "func1"]));
    assert_eq!(graph["levels"].as_array().unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_heat_map_of_spans_names_the_greatest() {
    let server = Server::start().await;
    push(&server, "shop", &spanned(START * SECOND)).await;
    let request = |more: Value| {
        let mut request = select(&json!({"step": 15, "queryType": "HEATMAP_QUERY_TYPE_SPAN"}));
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    let answer = ask(
        &server,
        "SelectHeatmap",
        request(json!({"exemplarType": "EXEMPLAR_TYPE_SPAN", "groupBy": ["service_name"]})),
    )
    .await;
    let slot = &answer["series"][0]["slots"][0];
    let counts: Vec<i64> = slot["counts"].as_array().unwrap().iter().filter_map(Value::as_i64).collect();
    assert_eq!((counts[0], counts[19], counts.iter().sum::<i64>()), (1, 1, 2), "{answer}");
    let at = (START * 1000).to_string();
    assert_eq!(
        slot["exemplars"],
        json!([{"timestamp": at, "spanId": FIRST, "value": "3"}, {"timestamp": at, "spanId": SECOND_SPAN, "value": "40"}])
    );
    let nameless = ask(&server, "SelectHeatmap", request(json!({}))).await;
    assert_eq!(nameless["series"][0]["slots"][0]["exemplars"], Value::Null);
    assert_eq!(
        ask(&server, "SelectHeatmap", request(json!({"labelSelector": "{service_name=\"x\"}"}))).await,
        json!({})
    );
    server.stop().await;
}

#[tokio::test]
async fn spans_are_kept_in_bounds_or_not_at_all() {
    for (bytes, has) in [(0, false), (1 << 20, true)] {
        let mut settings = parca_embedded::Settings::default();
        settings.self_profile_every = None;
        settings.span_memory_bytes = bytes;
        let stop = tokio_util::sync::CancellationToken::new();
        let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
        let server = Server::over(server, stop);
        push(&server, "shop", &spanned(START * SECOND)).await;
        assert_eq!(of_spans(&server, &[FIRST], "{}").await, if has { 3 } else { 0 });
        assert_eq!(total(&server, ID, "{}").await, 67);
        let heat = select(&json!({"step": 15, "queryType": "HEATMAP_QUERY_TYPE_SPAN"}));
        assert_eq!(call(&server, "SelectHeatmap", &heat).await.0, if has { 200 } else { 501 });
        // Newer spans take the place of older ones.
        for at in 1..60 {
            let mut of = spanned((START + at) * SECOND);
            let stack = of.samples.stacks()[0];
            let key = of.symbols.intern_string("span_id");
            for id in 0..50 {
                let text = of.symbols.intern_string(&format!("{at:08x}{id:08x}"));
                let label = [SampleLabel { key, value: LabelValue::Text(text) }];
                of.samples.push(profile_model::Sample { stack, values: &[1], labels: &label });
            }
            push(&server, &format!("shop{at}"), &of).await;
        }
        assert_eq!(of_spans(&server, &[FIRST], r#"{service_name="shop"}"#).await, 0);
        assert_eq!(of_spans(&server, &["0000003b00000031"], "{}").await, i64::from(has));
        server.stop().await;
    }
}
