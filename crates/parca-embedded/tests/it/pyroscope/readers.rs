//! What Grafana's data source, Drilldown, Perses, mcp-grafana and profilecli ask.

use super::*;

#[tokio::test]
async fn grafanas_health_check_of_1970_is_answered_with_the_type_of_the_request() {
    let server = filled().await;
    // ProfileTypesRequest { start: 1000, end: 4000 }; the answer has nothing, and still its type.
    let body: &[u8] = &[0x08, 0xe8, 0x07, 0x10, 0xa0, 0x1f];
    let headers = [("content-type", "application/proto"), ("connect-protocol-version", "1")];
    let (head, body) = post(&server, "querier.v1.QuerierService/ProfileTypes", &headers, body).await;
    assert_eq!((head.status.as_u16(), body.len()), (200, 0));
    assert_eq!(head.headers["content-type"], "application/proto");
    // No message at all is one without fields, and a range may end in the future.
    let (head, body) = post(&server, "querier.v1.QuerierService/ProfileTypes", &headers, Bytes::new()).await;
    assert_eq!(head.status, 200);
    assert!(body.windows(ID.len()).any(|window| window == ID.as_bytes()));
    let answer = ask(&server, "ProfileTypes", json!({"start": 1000, "end": 99_999_999_999_999_i64})).await;
    assert_eq!(
        answer["profileTypes"][0],
        json!({"ID": ID, "name": "process_cpu", "sampleType": "cpu", "sampleUnit": "nanoseconds",
               "periodType": "cpu", "periodUnit": "nanoseconds"})
    );
    server.stop().await;
}

#[tokio::test]
async fn types_have_five_parts_and_series_a_service() {
    let server = filled().await;
    assert_eq!(types(&server).await, [ID]);
    let (start, end) = window();
    let names = json!(["service_name", "__profile_type__"]);
    let answer =
        ask(&server, "Series", json!({"labelNames": names, "matchers": [], "start": start, "end": end}))
            .await;
    let pair = |name: &str, value: &str| json!({"name": name, "value": value});
    let set =
        |service: &str| json!({"labels": [pair("service_name", service), pair("__profile_type__", ID)]});
    assert_eq!(answer["labelsSet"], json!([set("api"), set("shop")]));
    let matcher = json!([format!(r#"{{__profile_type__="{ID}",service_name="api",}}"#)]);
    let request = json!({"name": "pod", "matchers": matcher, "start": start, "end": end});
    assert_eq!(ask(&server, "LabelValues", request).await["names"], json!(["a", "b"]));
    let request = json!({"matchers": [format!("{ID}{{}}")], "start": start, "end": end});
    let names = ask(&server, "LabelNames", request).await["names"].clone();
    for name in ["__profile_type__", "__type__", "job", "pod", "service_name", "pyroscope_spy"] {
        assert!(names.as_array().unwrap().contains(&json!(name)), "{name} {names}");
    }
    server.stop().await;
}

#[tokio::test]
async fn selectors_select_by_service_type_and_label() {
    let server = filled().await;
    for (selector, expect) in [
        ("{}", 3),
        ("", 3),
        (r#"{service_name="api"}"#, 2),
        (r#"{service_name="shop"}"#, 1),
        (r#"{service_name=~"a.*"}"#, 2),
        (r#"{service_name=~"p"}"#, 0),
        (r#"{service_name!="api"}"#, 1),
        (r#"{service_name!~"api|shop"}"#, 0),
        (r#"{service_name="api",pod="b"}"#, 1),
        (r#"{pod=~"a|c"}"#, 2),
        (r#"{__type__="cpu",__name__="process_cpu"}"#, 3),
        (r#"{__type__="other"}"#, 0),
        (r#"{service_name="nobody"}"#, 0),
    ] {
        assert_eq!(total(&server, ID, selector).await, expect * SECOND, "{selector}");
    }
    assert_eq!(total(&server, &format!("{ID}:delta"), "{}").await, 3 * SECOND);
    assert_eq!(total(&server, "memory:a:b:c:d", "{}").await, 0);
    server.stop().await;
}

#[tokio::test]
async fn series_are_sums_per_step_by_group() {
    let server = filled().await;
    let request = |group_by: Value, limit: i64| {
        json!({"profileTypeID": ID, "labelSelector": "{}", "start": (START - 15) * 1000, "end": (START + 45) * 1000,
               "step": 15.0, "groupBy": group_by, "limit": limit})
    };
    let series = ask(&server, "SelectSeries", request(json!([]), 0)).await["series"].clone();
    let point = |at: i64, value: i64| json!({"timestamp": ((START + at) * 1000).to_string(), "value": value * SECOND});
    assert_eq!(series, json!([{"points": [point(0, 1), point(15, 1), point(30, 1)]}]));
    let by = ask(&server, "SelectSeries", request(json!(["service_name"]), 0)).await["series"].clone();
    let labels = |value: &str| json!([{"name": "service_name", "value": value}]);
    assert_eq!(by[0], json!({"labels": labels("api"), "points": [point(0, 1), point(15, 1)]}));
    assert_eq!(by[1]["labels"], labels("shop"));
    let one = ask(&server, "SelectSeries", request(json!(["service_name"]), 1)).await["series"].clone();
    assert_eq!(one.as_array().unwrap().len(), 1);
    let by_type =
        ask(&server, "SelectSeries", request(json!(["__profile_type__"]), 0)).await["series"].clone();
    assert_eq!(by_type[0]["labels"], json!([{"name": "__profile_type__", "value": ID}]));
    server.stop().await;
}

#[tokio::test]
async fn two_selections_are_compared() {
    let server = filled().await;
    let (start, end) = window();
    let side = |service: &str| json!({"profileTypeID": ID, "labelSelector": format!("{{service_name=\"{service}\"}}"), "start": start, "end": end});
    let graph =
        ask(&server, "Diff", json!({"left": side("api"), "right": side("shop")})).await["flamegraph"].clone();
    assert_eq!((&graph["leftTicks"], &graph["rightTicks"]), (&json!("2000000000"), &json!("1000000000")));
    assert_eq!(graph["total"], "3000000000");
    let query = |service: &str| format!("{ID}%7Bservice_name%3D%22{service}%22%7D");
    let sides = format!(
        "leftQuery={}&leftFrom={start}&leftUntil={end}&rightQuery={}&rightFrom={start}&rightUntil={end}",
        query("api"),
        query("shop")
    );
    let (status, page) = get(&server, &format!("pyroscope/render-diff?{sides}&max-nodes=64")).await;
    assert_eq!(status, 200);
    assert_eq!((&page["leftTicks"], &page["rightTicks"]), (&json!(2_000_000_000), &json!(1_000_000_000)));
    assert_eq!(page["metadata"]["format"], "double");
    assert_eq!(page["flamebearer"]["levels"][0], json!([0, 2_000_000_000, 0, 0, 1_000_000_000, 0, 0]));
    server.stop().await;
}

#[tokio::test]
async fn a_heat_map_counts_profiles_by_their_size() {
    let server = filled().await;
    let (start, end) = window();
    let request = |more: Value| {
        let mut request = json!({"profileTypeID": ID, "labelSelector": "{}", "start": start, "end": end,
            "step": 15.0, "queryType": "HEATMAP_QUERY_TYPE_INDIVIDUAL"});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    let counted = |answer: &Value| -> Vec<i64> {
        let series = answer["series"].as_array().cloned().unwrap_or_default();
        let slots = series.iter().flat_map(|series| series["slots"].as_array().unwrap().clone());
        slots.map(|slot| slot["counts"].as_array().unwrap().iter().filter_map(Value::as_i64).sum()).collect()
    };
    // Two of them in one step.
    let all = ask(&server, "SelectHeatmap", request(json!({}))).await;
    assert_eq!(counted(&all).iter().sum::<i64>(), 3);
    assert_eq!(all["series"][0]["slots"][0]["yMin"].as_array().unwrap().len(), 20);
    let by = ask(&server, "SelectHeatmap", request(json!({"groupBy": ["service_name"], "limit": 1}))).await;
    assert_eq!(by["series"][0]["labels"], json!([{"name": "service_name", "value": "api"}]));
    assert_eq!(counted(&by).iter().sum::<i64>(), 2);
    for (more, status) in [
        (json!({"queryType": 0}), 400),
        (json!({"step": 0.0}), 400),
        (json!({"end": start}), 400),
        (json!({"limit": -1}), 400),
    ] {
        assert_eq!(call(&server, "SelectHeatmap", &request(more.clone())).await.0, status, "{more}");
    }
    server.stop().await;
}

/// What pickers list, by the words that pickers use.
#[tokio::test]
async fn pickers_and_template_variables_list_what_they_ask_for() {
    let server = filled().await;
    let (start, end) = window();
    let of =
        |name: &str, matchers: Value| json!({"name": name, "matchers": matchers, "start": start, "end": end});
    let one = |matcher: &str| json!([matcher]);
    let type_of = format!(r#"{{__profile_type__="{ID}"}}"#);
    for (request, expect) in [
        (of("service_name", json!([])), &["api", "shop"][..]),
        (of("service_name", Value::Null), &["api", "shop"]),
        // As Perses asks.
        (json!({"name": "service_name", "start": start, "end": end}), &["api", "shop"]),
        (of("service_name", one("{}")), &["api", "shop"]),
        (of("service_name", one(&type_of)), &["api", "shop"]),
        (of("service_name", one(r#"{pod="c",}"#)), &["shop"]),
        (of("service_name", one(r#"{__profile_type__="a:b:c:d:e"}"#)), &[]),
        (of("__service_name__", json!([])), &["api", "shop"]),
        (of("__profile_type__", one(r#"{service_name="api"}"#)), &[ID]),
        (of("__name__", json!([])), &["process_cpu"]),
        (of("__type__", json!([])), &["cpu"]),
        (of("__unit__", json!([])), &["nanoseconds"]),
        (of("__period_type__", json!([])), &["cpu"]),
        (of("__period_unit__", json!([])), &["nanoseconds"]),
        (of("pod", json!([])), &["a", "b", "c"]),
        (of("pod", one(&format!("{ID}{{}}"))), &["a", "b", "c"]),
        (of("pod", one(ID)), &["a", "b", "c"]),
        (of("pod", one(&format!("{ID}:delta{{}}"))), &["a", "b", "c"]),
        (of("pod", one(r#"{service_name!="api"}"#)), &["c"]),
        (of("pod", one(r#"{service_name=~"ap."}"#)), &["a", "b"]),
        (of("pod", one(r#"{service_name=~"ap"}"#)), &[]),
        (of("pod", one(r#"{service_name!~"shop|x"}"#)), &["a", "b"]),
        (of("pod", one(r#"{__name__=~"process.*",__unit__!="bytes"}"#)), &["a", "b", "c"]),
        (of("pod", one(r#"{"pod"!="a"}"#)), &["b", "c"]),
        // All of several hold.
        (of("pod", json!([r#"{pod!="a"}"#, r#"{job="api"}"#])), &["b"]),
        (of("none", json!([])), &[]),
        (json!({"name": "pod", "start": 1000, "end": 2000}), &[]),
    ] {
        let answer = ask(&server, "LabelValues", request.clone()).await;
        let expect = if expect.is_empty() { json!({}) } else { json!({"names": expect}) };
        assert_eq!(answer, expect, "{request}");
    }
    let without_a_name = json!({"name": "", "start": start, "end": end});
    assert_eq!(call(&server, "LabelValues", &without_a_name).await.0, 400);
    for method in ["LabelNames", "LabelValues", "Series"] {
        let (status, error) = call(&server, method, &json!({"name": "pod"})).await;
        assert_eq!((status, &error["code"]), (400, &json!("invalid_argument")), "{method} {error}");
    }
    // Whole sets of labels, where none are named; and a type list without a range.
    let sets = ask(&server, "Series", json!({"matchers": ["{pod=\"a\"}"], "start": start, "end": end})).await;
    let names: Vec<&str> = sets["labelsSet"][0]["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| pair["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "__name__",
            "__period_type__",
            "__period_unit__",
            "__profile_type__",
            "__service_name__",
            "__type__",
            "__unit__",
            "job",
            "pod",
            "service_name"
        ]
    );
    assert_eq!(ask(&server, "ProfileTypes", json!({})).await["profileTypes"][0]["ID"], ID);
    server.stop().await;
}

/// Empty is a success everywhere, in the form in which clients take it for empty.
#[tokio::test]
async fn what_is_not_there_is_an_empty_answer() {
    let server = filled().await;
    let zero = json!({"names": ["total"], "levels": [{"values": ["0", "0", "0", "0"]}]});
    let zeros = json!({"names": ["total"], "levels": [{"values": ["0", "0", "0", "0", "0", "0", "0"]}]});
    for (what, more) in [
        ("a service", json!({"labelSelector": "{service_name=\"nobody\"}"})),
        ("a label", json!({"labelSelector": "{none=\"x\"}"})),
        ("a type", json!({"profileTypeID": "memory:alloc_space:bytes:space:bytes"})),
        ("a time", json!({"start": 1000, "end": 4000})),
        ("a time to come", json!({"start": 9_000_000_000_000_i64, "end": 9_000_003_600_000_i64})),
        ("a range of no length", json!({"start": 5_000, "end": 5_000})),
    ] {
        let request = select(&more);
        let with = |more: Value| {
            let mut request = request.clone();
            request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            request
        };
        assert_eq!(
            ask(&server, "SelectMergeStacktraces", request.clone()).await["flamegraph"],
            zero,
            "{what}"
        );
        let pprof =
            ask(&server, "SelectMergeStacktraces", with(json!({"format": "PROFILE_FORMAT_PPROF"}))).await;
        assert_eq!(pprof, json!({"pprof": {"profile": {}}}), "{what}");
        assert_eq!(ask(&server, "SelectMergeProfile", request.clone()).await, json!({}), "{what}");
        let dot = ask(&server, "SelectMergeStacktraces", with(json!({"format": "PROFILE_FORMAT_DOT"}))).await;
        // By this line mcp-grafana knows it.
        let legend = "Showing nodes accounting for 0, 0% of 0 total";
        assert!(dot["dot"].as_str().unwrap().contains(legend), "{what} {dot}");
        let of_span = with(json!({"spanSelector": ["0123456789abcdef"]}));
        assert_eq!(ask(&server, "SelectMergeSpanProfile", of_span).await["flamegraph"], zero, "{what}");
        assert_eq!(ask(&server, "SelectSeries", with(json!({"step": 15}))).await, json!({}), "{what}");
        let sides = json!({"left": request, "right": request});
        assert_eq!(ask(&server, "Diff", sides).await["flamegraph"], zeros, "{what}");
    }
    server.stop().await;
}

#[tokio::test]
async fn points_are_sparse_and_the_first_is_of_the_step_before_the_range() {
    let server = Server::start().await;
    for at in [-15, -1, 0, 15, 16, 45] {
        write(&server, &[("__name__", "process_cpu"), ("job", "api")], &profile((START + at) * SECOND)).await;
    }
    let (start, end) = (START * 1000, (START + 60) * 1000);
    let request = json!({"profileTypeID": ID, "labelSelector": "{}", "start": start, "end": end, "step": 15});
    let point = |at: i64, value: i64| json!({"timestamp": ((START + at) * 1000).to_string(), "value": value * SECOND});
    assert_eq!(
        ask(&server, "SelectSeries", request).await,
        json!({"series": [{"points": [point(0, 2), point(15, 1), point(30, 1), point(45, 1)]}]})
    );
    // The whole window in one step, as profilecli's `query top` asks: what is behind the first point.
    let request = json!({"profileTypeID": ID, "labelSelector": "{}", "start": start, "end": end, "step": 60,
        "groupBy": ["service_name", "none", "__unit__"], "exemplarType": "EXEMPLAR_TYPE_INDIVIDUAL"});
    let labels =
        json!([{"name": "service_name", "value": "api"}, {"name": "__unit__", "value": "nanoseconds"}]);
    assert_eq!(
        ask(&server, "SelectSeries", request).await,
        json!({"series": [{"labels": labels, "points": [point(0, 3), point(60, 3)]}]})
    );
    for wrong in [json!({}), json!({"step": 0}), json!({"step": 0.0001}), json!({"step": -15})] {
        let (status, error) = call(&server, "SelectSeries", &select(&wrong)).await;
        assert_eq!((status, &error["code"]), (400, &json!("invalid_argument")), "{wrong} {error}");
    }
    server.stop().await;
}

/// Counts with a period, as agents write them.
fn counted(time: i64, types: &[(&str, &str)], values: &[i64], period: i64) -> Profile {
    let mut of = sum(&[], time);
    of.sample_types = types.iter().map(|(name, unit)| profile_model::ValueType::new(*name, *unit)).collect();
    of.samples = profile_model::Samples::new(types.len());
    let stack = profile(time).samples.stacks()[0];
    of.samples.push(profile_model::Sample { stack, values, labels: &[] });
    of.period = period;
    of
}

#[tokio::test]
async fn what_an_agent_counts_is_cpu_time() {
    let server = Server::start().await;
    let agent = [("__name__", "parca_agent"), ("comm", "nginx")];
    write(&server, &agent, &counted(START * SECOND, &[("samples", "count")], &[3], 50_000_000)).await;
    let go = [("__name__", "process_cpu"), ("job", "api")];
    let types = [("samples", "count"), ("cpu", "nanoseconds")];
    write(&server, &go, &counted(START * SECOND, &types, &[7, 70_000_000], 10_000_000)).await;
    let counts = "process_cpu:samples:count:cpu:nanoseconds";
    assert_eq!(super::types(&server).await, [ID, counts]);
    assert_eq!(total(&server, ID, r#"{service_name="nginx"}"#).await, 150_000_000);
    assert_eq!(total(&server, ID, "{}").await, 220_000_000);
    assert_eq!(total(&server, counts, "{}").await, 7);
    // Who knows the agent's own name for it gets counts.
    assert_eq!(total(&server, "parca_agent:samples:count:cpu:nanoseconds", "{}").await, 3);
    let by = select(&json!({"step": 60, "groupBy": ["service_name"]}));
    let series = ask(&server, "SelectSeries", by).await["series"].clone();
    let value = |at: usize| (&series[at]["labels"][0]["value"], &series[at]["points"][0]["value"]);
    assert_eq!(value(0), (&json!("nginx"), &json!(150_000_000)));
    assert_eq!(value(1), (&json!("api"), &json!(70_000_000)));
    let pprof = ask(&server, "SelectMergeProfile", select(&json!({}))).await;
    let values: Vec<i64> = pprof["sample"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sample| sample["value"][0].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(values.iter().sum::<i64>(), 220_000_000);
    server.stop().await;
}

#[tokio::test]
async fn of_a_type_with_and_without_delta_the_delta_is_meant() {
    let server = Server::start().await;
    for (job, duration) in [("delta", SECOND), ("snapshot", 0)] {
        let mut of = sum(&["inuse_space"], START * SECOND);
        of.duration_nanos = duration;
        write(&server, &[("__name__", "memory"), ("job", job)], &of).await;
    }
    let id = "memory:inuse_space:count:cpu:nanoseconds";
    assert_eq!(types(&server).await, [id]);
    assert_eq!(total(&server, id, "{}").await, 7);
    assert_eq!(total(&server, id, r#"{job="snapshot"}"#).await, 0);
    server.stop().await;
}

/// Types without a period, as the text forms and off-CPU profiles have.
#[tokio::test]
async fn types_may_have_empty_parts() {
    let server = Server::start().await;
    let mut of = sum(&["offcpu"], START * SECOND);
    of.period_type = None;
    write(&server, &[("__name__", "process_cpu"), ("job", "a")], &of).await;
    let id = "process_cpu:offcpu:count::";
    assert_eq!(types(&server).await, [id]);
    assert_eq!(total(&server, id, &format!(r#"{{__profile_type__="{id}",__period_type__=""}}"#)).await, 7);
    server.stop().await;
}

/// Names that only some clients can write are shown to those who say that they can.
#[tokio::test]
async fn names_of_labels_beyond_letters_are_for_who_takes_them() {
    let server = Server::start().await;
    write(&server, &[("__name__", "process_cpu"), ("k8s.pod", "p")], &profile(START * SECOND)).await;
    let (start, end) = window();
    let names = async |accept: &str| {
        let body = json!({"start": start, "end": end}).to_string();
        let headers = [("content-type", "application/json"), ("accept", accept)];
        let (_, body) = post(&server, "querier.v1.QuerierService/LabelNames", &headers, body).await;
        let names = serde_json::from_slice::<Value>(&body).unwrap()["names"].clone();
        names.as_array().unwrap().contains(&json!("k8s.pod"))
    };
    assert!(!names("*/*").await && !names("application/json").await);
    assert!(names("*/*; allow-utf8-labelnames=true").await);
    assert!(names("application/json;allow-utf8-labelnames=true").await);
    assert_eq!(total(&server, ID, r#"{"k8s.pod"="p"}"#).await, SECOND);
    let by = select(&json!({"step": 60, "groupBy": ["k8s.pod"]}));
    let series = ask(&server, "SelectSeries", by).await["series"].clone();
    assert_eq!(series[0]["labels"], json!([{"name": "k8s.pod", "value": "p"}]));
    let values = json!({"name": "k8s.pod", "start": start, "end": end});
    assert_eq!(ask(&server, "LabelValues", values).await["names"], json!(["p"]));
    server.stop().await;
}

#[tokio::test]
async fn two_types_may_be_compared_by_the_method_and_not_on_the_page() {
    let server = filled().await;
    write(&server, &[("__name__", "wall"), ("job", "api")], &sum(&["wall"], START * SECOND)).await;
    let wall = "wall:wall:count:cpu:nanoseconds";
    let sides = json!({"left": select(&json!({})), "right": select(&json!({"profileTypeID": wall}))});
    let graph = ask(&server, "Diff", sides).await["flamegraph"].clone();
    assert_eq!((&graph["leftTicks"], &graph["rightTicks"]), (&json!("3000000000"), &json!("7")));
    let (start, end) = window();
    let sides = format!(
        "leftQuery={ID}&leftFrom={start}&leftUntil={end}&rightQuery={wall}&rightFrom={start}&rightUntil={end}"
    );
    let (status, error) = get(&server, &format!("pyroscope/render-diff?{sides}")).await;
    assert_eq!((status, &error["code"]), (400, &json!("invalid_argument")), "{error}");
    server.stop().await;
}
