//! What SDKs push, in every wrapping.

use super::*;

/// What io.pyroscope:agent 2.9.2 uploaded, and the labels of its threads: see the README beside them.
const JFR: &[u8] = include_bytes!("../../../../profile-codec/tests/fixtures/jfr/agent.jfr.gz");
const JFR_LABELS: &[u8] = include_bytes!("../../../../profile-codec/tests/fixtures/jfr/agent.labels");

#[tokio::test]
async fn what_sdks_push_is_told_apart_and_timed() {
    let server = Server::start().await;
    let times = format!("from={}&until={}", START * SECOND, (START + 10) * SECOND);
    let kind = "multipart/form-data; boundary=b";
    // As pyroscope-go sends mutexes and blocking: only how they are shown tells which is which.
    for shown in ["mutex_count", "block_count"] {
        let mut of = sum(&["contentions"], 0);
        of.duration_nanos = 0;
        let config = json!({"contentions": {"display-name": shown, "units": "lock_samples"}}).to_string();
        let body = form(&[("profile", &pprof::encode_gzip(&of)), ("sample_type_config", config.as_bytes())]);
        let query = format!("aggregationType=sum&{times}&name=my.app%7B__session_id__%3D1%7D&spyName=gospy");
        assert_eq!(ingest(&server, &query, kind, body).await, 200);
    }
    // Java's form has its profile compressed and its length unsaid; folded text has the type in its name.
    assert_eq!(ingest(&server, &format!("{times}&name=my.app.cpu"), "", "main;work 100\n").await, 200);
    assert_eq!(
        types(&server).await,
        ["block:contentions:count:cpu:nanoseconds", "mutex:contentions:count:cpu:nanoseconds", ID]
    );
    assert_eq!(
        total(&server, "mutex:contentions:count:cpu:nanoseconds", r#"{service_name="my.app"}"#).await,
        7
    );
    assert_eq!(total(&server, ID, r#"{service_name="my.app",pyroscope_spy="unknown"}"#).await, SECOND);
    // Sums are deltas to a Parca, too.
    assert_eq!(merged(&server, "mutex:contentions:count:cpu:nanoseconds:delta").await, 7);
    server.stop().await;
}

/// The total of a type, asked for as a Parca is.
async fn merged(server: &Server, query: &str) -> i64 {
    let mut request = crate::wire::merge_of(query, parca_proto::query::query_request::ReportType::Top);
    if let Some(parca_proto::query::query_request::Options::Merge(merge)) = &mut request.options {
        merge.end = Some(prost_types::Timestamp { seconds: START + 100, nanos: 0 });
    }
    server.query().query(request).await.unwrap().into_inner().total
}

#[tokio::test]
async fn tags_of_samples_are_labels() {
    let server = Server::start().await;
    let mut tagged = profile(START * SECOND);
    let [key, one] = ["controller", "slow"].map(|text| tagged.symbols.intern_string(text));
    let span = tagged.symbols.intern_string("span_id");
    let label = |key, text| SampleLabel { key, value: LabelValue::Text(text) };
    let stack = tagged.samples.stacks()[0];
    let labels = [label(key, one), label(span, one)];
    tagged.samples.push(profile_model::Sample { stack, values: &[5], labels: &labels });
    let raw = serde_json::Value::String(base64(&pprof::encode(&tagged)));
    let labels =
        json!([{"name": "__name__", "value": "process_cpu"}, {"name": "service_name", "value": "py"}]);
    let push = json!({"series": [{"labels": labels, "samples": [{"rawProfile": raw}]}]});
    let json_type = [("content-type", "application/json")];
    let (head, body) = post(&server, "push.v1.PusherService/Push", &json_type, push.to_string()).await;
    assert_eq!((head.status.as_u16(), &body[..]), (200, b"{}".as_slice()));
    assert_eq!(total(&server, ID, r#"{controller="slow"}"#).await, 5);
    assert_eq!(total(&server, ID, r#"{service_name="py"}"#).await, SECOND + 5);
    assert_eq!(total(&server, ID, r#"{span_id!=""}"#).await, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_recording_of_java_is_stored_by_its_types_with_the_labels_of_its_threads() {
    let server = Server::start().await;
    let query =
        format!("name=shop&format=jfr&from={START}&until={}&spyName=javaspy&sampleRate=100", START + 10);
    let body = form(&[("jfr", JFR), ("labels", JFR_LABELS)]);
    assert_eq!(ingest(&server, &query, "multipart/form-data; boundary=b", body).await, 200);
    assert_eq!(
        types(&server).await,
        [
            "memory:alloc_in_new_tlab_bytes:bytes:space:bytes",
            "memory:alloc_in_new_tlab_objects:count:space:bytes",
            "memory:live:count:objects:count",
            "mutex:contentions:count:mutex:count",
            "mutex:delay:nanoseconds:mutex:count",
            ID,
        ]
    );
    let service = r#"{service_name="shop",pyroscope_spy="javaspy",jfr_event="itimer"}"#;
    for (id, selector, sum) in [
        (ID, service, 410_000_000),
        (ID, r#"{controller="fast"}"#, 140_000_000),
        (ID, r#"{controller=""}"#, 260_000_000),
        ("memory:alloc_in_new_tlab_objects:count:space:bytes", r#"{controller="slow"}"#, 92),
        ("mutex:delay:nanoseconds:mutex:count", "{}", 493_328_695),
        ("memory:live:count:objects:count", "{}", 48),
    ] {
        assert_eq!(total(&server, id, selector).await, sum, "{id} {selector}");
    }
    // To a Parca, what lives is no delta.
    assert_eq!(merged(&server, &format!("{ID}:delta")).await, 410_000_000);
    assert_eq!(merged(&server, "memory:live:count:objects:count").await, 48);
    server.stop().await;

    // The body itself, compressed, with another rate; and what has no period type in Pyroscope.
    let server = Server::start().await;
    let native = include_bytes!("../../../../profile-codec/tests/fixtures/jfr/native.jfr.gz");
    let query = format!("name=shop&format=jfr&from={START}&until={}&sampleRate=1000", START + 10);
    assert_eq!(ingest(&server, &query, "application/octet-stream", native.as_slice()).await, 200);
    for (id, sum) in [
        (ID, 50_000_000),
        ("wall:wall:nanoseconds:wall:nanoseconds", 26_850_000_000),
        ("memory:malloc_objects:count::", 11),
    ] {
        assert_eq!(total(&server, id, r#"{service_name="shop"}"#).await, sum, "{id}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_taken_says_why() {
    let server = Server::start().await;
    let octets = "application/octet-stream";
    let good = || pprof::encode(&profile(START * SECOND));
    let form_type = "multipart/form-data; boundary=b";
    for (query, kind, body, status) in [
        ("name=", octets, good(), 400),
        ("", octets, good(), 400),
        ("name=a%22&format=pprof", octets, good(), 400),
        ("name=a&format=pprof", octets, b"junk".to_vec(), 422),
        ("name=a&format=jfr", octets, b"FLR\0".to_vec(), 422),
        ("name=a", form_type, form(&[("jfr", b"FLR\0")]), 422),
        ("name=a&format=jfr", form_type, form(&[("jfr", JFR), ("labels", b"\x0b")]), 422),
        ("name=a&format=jfr", form_type, form(&[("profile", &good())]), 422),
        ("name=a&format=jfr", form_type, form(&[("jfr", b"")]), 200),
        ("name=a", form_type, form(&[("prev_profile", b"x")]), 422),
        ("name=a", form_type, b"no form".to_vec(), 422),
        ("name=my.app", "", b"a;b 1\n".to_vec(), 400),
        ("name=a&format=trie", octets, b"x".to_vec(), 415),
        // Nothing is no fault.
        ("name=a", form_type, form(&[("profile", b"")]), 200),
        ("name=a&format=pprof", octets, Vec::new(), 200),
        // Kinder than the original: the form says what it is.
        ("name=a&format=pprof", form_type, form(&[("profile", &good())]), 200),
    ] {
        assert_eq!(ingest(&server, query, kind, body).await, status, "{query} {kind}");
    }
    let proto = [("content-type", "application/proto")];
    let (head, body) = post(&server, "push.v1.PusherService/Push", &proto, b"\xff\xff".as_slice()).await;
    assert_eq!(
        (head.status.as_u16(), &head.headers["content-type"]),
        (400, &http::HeaderValue::from_static("application/json"))
    );
    assert!(String::from_utf8_lossy(&body).contains("invalid_argument"));
    let refused = r#"parca_embedded_refused_writes_total{method="ingest",reason="pyroscope"}"#;
    assert!(server.metric(refused).await > 5.0);
    server.stop().await;
}

/// A `PushRequest` of one profile.
fn push_request(service: &str, pprof: Vec<u8>, id: &str) -> Vec<u8> {
    use parca_proto::pyroscope::{push, types};
    let pair = |name: &str, value: &str| types::LabelPair { name: name.into(), value: value.into() };
    let labels = vec![pair("__name__", "process_cpu"), pair("service_name", service)];
    let sample = push::RawSample { raw_profile: pprof.into(), id: id.into() };
    let series = push::RawProfileSeries { labels, samples: vec![sample] };
    prost::Message::encode_to_vec(&push::PushRequest { series: vec![series] })
}

/// One profile in every wrapping that some SDK or agent sends, plain and compressed at each level.
#[tokio::test]
async fn one_profile_is_taken_in_every_wrapping() {
    let server = Server::start().await;
    let plain = pprof::encode(&profile(START * SECOND));
    let packed = pprof::encode_gzip(&profile(START * SECOND));
    let config: &[u8] = br#"{"cpu":{"display-name":"cpu","units":"samples"}}"#;
    let octets = ("content-type", "application/octet-stream");
    let form_type = ("content-type", "multipart/form-data; boundary=b");
    let proto = ("content-type", "application/proto");
    let gzipped = ("content-encoding", "gzip");
    let json_push = |raw: &[u8], service: &str| {
        let labels =
            json!([{"name": "__name__", "value": "process_cpu"}, {"name": "service_name", "value": service}]);
        json!({"series": [{"labels": labels, "samples": [{"ID": "", "rawProfile": base64(raw)}]}]})
            .to_string()
            .into_bytes()
    };
    type Headers<'a> = Vec<(&'a str, &'a str)>;
    let cases: Vec<(&str, Headers<'_>, Vec<u8>)> = vec![
        // Node from 0.6.4, and before.
        ("ingest?format=pprof&name=s0", vec![octets], packed.clone()),
        ("ingest?name=s1", vec![form_type], form(&[("profile", &packed)])),
        // Go, and Go with a base path that ends in a slash.
        (
            "ingest?name=s2&spyName=gospy",
            vec![form_type],
            form(&[("profile", &packed), ("sample_type_config", config)]),
        ),
        ("/ingest?name=s3", vec![form_type], form(&[("profile", &packed)])),
        ("pyroscope/ingest?name=s4", vec![form_type], form(&[("profile", &packed)])),
        ("ingest?name=s5&format=pprof", vec![octets], plain.clone()),
        ("ingest?name=s6&format=pprof", vec![], plain.clone()),
        // Compressed as a whole, as a header says; and parts that are compressed, which none does.
        ("ingest?name=s7&format=pprof", vec![octets, gzipped], gzip(&plain)),
        ("ingest?name=s8&format=pprof", vec![octets, gzipped], gzip(&packed)),
        ("ingest?name=s9", vec![form_type, gzipped], gzip(&form(&[("profile", &plain)]))),
        (
            "ingest?name=s10",
            vec![form_type],
            form(&[("profile", &plain), ("sample_type_config", &gzip(config))]),
        ),
        // As Alloy passes it on: the header is gone.
        ("ingest?name=s11", vec![form_type], gzip(&form(&[("profile", &packed)]))),
        ("ingest?name=s12&format=pprof", vec![form_type], form(&[("profile", &packed)])),
        (
            "ingest?name=s13",
            vec![("content-type", "multipart/form-data; charset=utf-8; boundary=\"b\"")],
            form(&[("profile", &plain)]),
        ),
        // Rust, Python and Ruby compress the request, not the profile; .NET sends no id; Alloy sends what it scraped.
        (
            "push.v1.PusherService/Push",
            vec![proto, gzipped],
            gzip(&push_request("s14", plain.clone(), "0b0f")),
        ),
        ("push.v1.PusherService/Push", vec![proto], push_request("s15", plain.clone(), "")),
        (
            "push.v1.PusherService/Push",
            vec![proto, ("connect-protocol-version", "1")],
            push_request("s16", packed.clone(), ""),
        ),
        ("/push.v1.PusherService/Push", vec![proto], push_request("s17", packed.clone(), "")),
        ("push.v1.PusherService/Push", vec![("content-type", "application/json")], json_push(&plain, "s18")),
        (
            "push.v1.PusherService/Push",
            vec![("content-type", "application/json"), gzipped],
            gzip(&json_push(&packed, "s19")),
        ),
    ];
    let count = cases.len();
    for (path, headers, body) in cases {
        let (head, body) = post(&server, path, &headers, body).await;
        assert_eq!(head.status, 200, "{path} {headers:?} {body:?}");
        let kind = headers.iter().find(|(name, _)| *name == "content-type").map(|(_, kind)| *kind);
        match path.contains("Push") {
            // Nothing else is a success to connect-go, not even if the message is empty.
            true => assert_eq!(head.headers["content-type"].to_str().ok(), kind, "{path}"),
            false => assert!(body.is_empty(), "{path}"),
        }
    }
    for at in 0..count {
        let selector = format!(r#"{{service_name="s{at}"}}"#);
        assert_eq!(total(&server, ID, &selector).await, SECOND, "{selector}");
    }
    server.stop().await;
}

/// As Java's agent sends: in chunks of no stated length, a part without a type.
#[tokio::test]
async fn a_form_of_unknown_length_is_taken() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start().await;
    let body = form(&[("profile", &pprof::encode_gzip(&profile(START * SECOND)))]);
    let mut stream = tokio::net::TcpStream::connect(server.server.address()).await.unwrap();
    let head = "POST /ingest?name=java&units=samples&aggregationType=sum&sampleRate=100 HTTP/1.1\r\nHost: localhost\r\n\
                Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for chunk in body.chunks(50) {
        stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await.unwrap();
        stream.write_all(chunk).await.unwrap();
        stream.write_all(b"\r\n").await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(total(&server, ID, r#"{service_name="java"}"#).await, SECOND);
    server.stop().await;
}

/// Types and their durations as Parca's own API lists them.
async fn stored(server: &Server) -> Vec<String> {
    let mut client = server.query();
    let request = parca_proto::query::ProfileTypesRequest::default();
    let types = client.profile_types(request).await.unwrap().into_inner().types;
    let mut found: Vec<String> = types
        .into_iter()
        .map(|of| {
            let delta = if of.delta { ":delta" } else { "" };
            let [a, b, c, d, e] = [of.name, of.sample_type, of.sample_unit, of.period_type, of.period_unit];
            format!("{a}:{b}:{c}:{d}:{e}{delta}")
        })
        .collect();
    found.sort();
    found
}

/// What each SDK's profiles are called here, and what of them is about a span of time: a Parca sums only that.
#[tokio::test]
async fn types_are_those_that_each_sdks_profiles_have_in_pyroscope() {
    let show = |name: &str| {
        format!(
            r#"{{"contentions":{{"display-name":"{name}_count"}},"delay":{{"display-name":"{name}_duration"}}}}"#
        )
    };
    let (mutex, block) = (show("mutex"), show("block"));
    let goroutine =
        |name: &str| format!(r#"{{"goroutine":{{"display-name":"{name}","aggregation":"average"}}}}"#);
    let (old, new) = (goroutine("goroutines"), goroutine("goroutine"));
    type Types<'a> = &'a [(&'a str, &'a str)];
    /// Who sends it, its types, its period, its seconds, its configuration, and what is stored.
    type Case<'a> = (&'a str, Types<'a>, Types<'a>, i64, Option<&'a str>, &'a [&'a str]);
    let cases: [Case<'_>; 10] = [
        (
            "Go, CPU",
            &[("samples", "count"), ("cpu", "nanoseconds")],
            &[("cpu", "nanoseconds")],
            10,
            None,
            &[
                "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta",
                "process_cpu:samples:count:cpu:nanoseconds:delta",
            ],
        ),
        (
            "Go, heap",
            &[
                ("alloc_objects", "count"),
                ("alloc_space", "bytes"),
                ("inuse_objects", "count"),
                ("inuse_space", "bytes"),
            ],
            &[("space", "bytes")],
            0,
            Some(r#"{"inuse_space":{"aggregation":"average"}}"#),
            &[
                "memory:alloc_objects:count:space:bytes:delta",
                "memory:alloc_space:bytes:space:bytes:delta",
                "memory:inuse_objects:count:space:bytes",
                "memory:inuse_space:bytes:space:bytes",
            ],
        ),
        (
            "Go, mutexes",
            &[("contentions", "count"), ("delay", "nanoseconds")],
            &[("contentions", "count")],
            0,
            Some(&mutex),
            &[
                "mutex:contentions:count:contentions:count:delta",
                "mutex:delay:nanoseconds:contentions:count:delta",
            ],
        ),
        (
            "Go, blocking",
            &[("contentions", "count"), ("delay", "nanoseconds")],
            &[("contentions", "count")],
            0,
            Some(&block),
            &[
                "block:contentions:count:contentions:count:delta",
                "block:delay:nanoseconds:contentions:count:delta",
            ],
        ),
        (
            "Go 1.4, goroutines",
            &[("goroutine", "count")],
            &[("goroutine", "count")],
            0,
            Some(&old),
            &["goroutines:goroutine:count:goroutine:count"],
        ),
        (
            "Go 1.5, goroutines",
            &[("goroutine", "count")],
            &[("goroutine", "count")],
            0,
            Some(&new),
            &["goroutine:goroutine:count:goroutine:count"],
        ),
        (
            "Node, wall",
            &[("samples", "count"), ("wall", "nanoseconds"), ("cpu", "nanoseconds")],
            &[("wall", "nanoseconds")],
            10,
            None,
            &[
                "wall:cpu:nanoseconds:wall:nanoseconds:delta",
                "wall:samples:count:wall:nanoseconds:delta",
                "wall:wall:nanoseconds:wall:nanoseconds:delta",
            ],
        ),
        (
            "Node, heap",
            &[("inuse_objects", "count"), ("inuse_space", "bytes")],
            &[("inuse_space", "bytes")],
            0,
            None,
            &["memory:inuse_objects:count:inuse_space:bytes", "memory:inuse_space:bytes:inuse_space:bytes"],
        ),
        (
            ".NET of old",
            &[("alloc-space", "bytes")],
            &[("cpu", "nanoseconds")],
            10,
            None,
            &["memory:alloc_space:bytes:cpu:nanoseconds:delta"],
        ),
        ("unknown", &[("goroutineleak", "count")], &[], 0, None, &["goroutineleak:goroutineleak:count::"]),
    ];
    for (what, types, period, seconds, config, expect) in cases {
        let server = Server::start().await;
        let value_type = |(name, unit): &(&str, &str)| profile_model::ValueType::new(*name, *unit);
        let names: Vec<&str> = types.iter().map(|(name, _)| *name).collect();
        let mut of = sum(&names, START * SECOND);
        of.sample_types = types.iter().map(value_type).collect();
        of.period_type = period.first().map(value_type);
        of.duration_nanos = seconds * SECOND;
        let mut parts: Vec<(&str, &[u8])> = Vec::new();
        let bytes = pprof::encode_gzip(&of);
        parts.push(("profile", &bytes));
        parts.extend(config.map(|config| ("sample_type_config", config.as_bytes())));
        let query = format!("name=app&from={START}&until={}", START + 10);
        assert_eq!(
            ingest(&server, &query, "multipart/form-data; boundary=b", form(&parts)).await,
            200,
            "{what}"
        );
        assert_eq!(stored(&server).await, expect, "{what}");
        // All of what came in one profile is there.
        for id in expect {
            assert_eq!(total(&server, id, r#"{service_name="app"}"#).await, 7, "{what} {id}");
        }
        server.stop().await;
    }
}

/// The time of a profile without one, by what the URL says; and how long what it sums up took.
#[tokio::test]
async fn times_are_read_in_every_unit() {
    for (query, time, seconds) in [
        (format!("from={START}&until={}", START + 10), START * SECOND, 10),
        (format!("from={START}500&until={}500", START + 10), START * SECOND + SECOND / 2, 10),
        (format!("from={START}500000&until={}500000", START + 10), START * SECOND + SECOND / 2, 10),
        (format!("from={}&until={}", START * SECOND, (START + 10) * SECOND), START * SECOND, 10),
        // As Go's Flush sends: as long as an upload is apart.
        (format!("from={START}&until={START}"), START * SECOND, 15),
        (format!("from={START}&until={}", START - 10), START * SECOND, 15),
    ] {
        for time_nanos in [0, 1_700_000_000_000] {
            let server = Server::start().await;
            let mut of = sum(&["contentions"], time_nanos);
            of.duration_nanos = 0;
            let body = pprof::encode_gzip(&of);
            // Never by the rate, which Node makes up.
            let path = format!("name=app&format=pprof&sampleRate=17&{query}");
            assert_eq!(ingest(&server, &path, "application/octet-stream", body).await, 200);
            let id = "mutex:contentions:count:cpu:nanoseconds";
            let range = json!({"start": time / 1_000_000, "end": time / 1_000_000 + 1});
            let mut request = json!({"profileTypeID": id});
            request.as_object_mut().unwrap().extend(range.as_object().unwrap().clone());
            let graph = ask(&server, "SelectMergeStacktraces", request).await["flamegraph"].clone();
            assert_eq!(graph["total"], "7", "{query} {time_nanos}");
            let range = parca_proto::query::QueryRangeRequest {
                query: format!("{id}:delta"),
                start: Some(prost_types::Timestamp { seconds: START - 1000, nanos: 0 }),
                end: Some(prost_types::Timestamp { seconds: START + 1000, nanos: 0 }),
                ..Default::default()
            };
            let answer = server.query().query_range(range).await.unwrap().into_inner();
            let duration = answer.series[0].samples[0].duration;
            assert_eq!(duration, seconds * SECOND, "{query} {time_nanos}");
            server.stop().await;
        }
    }
}

/// Labels in the URL, of a request, of samples: what becomes of them.
#[tokio::test]
async fn labels_are_found_under_names_that_selectors_can_say() {
    let server = Server::start().await;
    let name = "my.app/x-1%7Bregion%3Deu+west%2Fa%3Db%2C+otel.scope.name%3Dcom.grafana.pyroscope%2Fgo%2C\
                otel.scope.version%3D1%2Cprocess.runtime.name%3DOpenJDK+Runtime+Environment%2Cprocess.runtime.version%3D2%2C\
                __session_id__%3Df00%2C__delta__%3Dfalse%7D";
    let body = pprof::encode_gzip(&profile(START * SECOND));
    assert_eq!(
        ingest(&server, &format!("format=pprof&spyName=javaspy&name={name}"), "", body.clone()).await,
        200
    );
    // A service among the labels is the service.
    assert_eq!(ingest(&server, "format=pprof&name=app%7Bservice_name%3Dshop%7D", "", body).await, 200);
    let (start, end) = window();
    let sets = ask(&server, "Series", json!({"start": start, "end": end})).await;
    let shown = |set: &Value| {
        let pairs = set["labels"].as_array().unwrap().iter();
        let pairs = pairs
            .map(|pair| format!("{}={}", pair["name"].as_str().unwrap(), pair["value"].as_str().unwrap()));
        pairs.filter(|pair| !pair.starts_with("__")).collect::<Vec<_>>()
    };
    let sets: Vec<Vec<String>> = sets["labelsSet"].as_array().unwrap().iter().map(shown).collect();
    assert_eq!(
        sets,
        [
            vec![
                "otel_scope_name=com.grafana.pyroscope/go",
                "process_runtime_name=OpenJDK Runtime Environment",
                "pyroscope_spy=javaspy",
                "region=eu west/a=b",
                "service_name=my.app/x-1",
            ],
            vec!["app_name=app", "pyroscope_spy=unknown", "service_name=shop"],
        ]
    );
    server.stop().await;
}

/// Go's heap profiles say the size of the blocks of each sample: no series is about that.
#[tokio::test]
async fn sizes_at_samples_are_no_labels() {
    let server = Server::start().await;
    let mut of = stacks_of_sizes(&[16, 32, 48]);
    of.duration_nanos = SECOND;
    let body = form(&[("profile", &pprof::encode_gzip(&of))]);
    assert_eq!(ingest(&server, "name=app", "multipart/form-data; boundary=b", body).await, 200);
    let (start, end) = window();
    let answer =
        ask(&server, "Series", json!({"labelNames": ["service_name", "bytes"], "start": start, "end": end}))
            .await;
    assert_eq!(answer["labelsSet"], json!([{"labels": [{"name": "service_name", "value": "app"}]}]));
    assert_eq!(total(&server, ID, "{}").await, 21);
    server.stop().await;
}

fn stacks_of_sizes(sizes: &[i64]) -> Profile {
    let mut of = profile(START * SECOND);
    let stack = of.samples.stacks()[0];
    let [key, unit] = ["bytes", "bytes"].map(|text| of.symbols.intern_string(text));
    of.samples = profile_model::Samples::new(1);
    for size in sizes {
        let label = SampleLabel { key, value: LabelValue::Number { value: *size, unit } };
        of.samples.push(profile_model::Sample { stack, values: &[7], labels: &[label] });
    }
    of
}

/// Two profiles of one series and one time are two; the same one again is what an agent sends when an answer was late.
#[tokio::test]
async fn profiles_of_one_time_are_told_apart_by_what_is_in_them() {
    let server = Server::start().await;
    let path = "push.v1.PusherService/Push";
    let proto = [("content-type", "application/proto")];
    let one = sum(&["cpu"], START * SECOND);
    let mut other = sum(&["cpu"], START * SECOND);
    other.duration_nanos += 1;
    for of in [&one, &other, &one] {
        let (head, _) = post(&server, path, &proto, push_request("app", pprof::encode(of), "")).await;
        assert_eq!(head.status, 200);
    }
    assert_eq!(total(&server, "process_cpu:cpu:count:cpu:nanoseconds", "{}").await, 14);
    // No series, and series of nothing, are no fault.
    let (head, _) = post(&server, path, &proto, Bytes::new()).await;
    assert_eq!(head.status, 200);
    let (head, _) = post(&server, path, &proto, push_request("app", Vec::new(), "")).await;
    assert_eq!(head.status, 200);
    server.stop().await;
}
