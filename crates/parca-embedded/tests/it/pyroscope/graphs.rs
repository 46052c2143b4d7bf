//! Flame graphs as their readers walk them.

use super::*;

#[tokio::test]
async fn flame_graphs_are_such_as_grafana_reads() {
    let server = filled().await;
    let (start, end) = window();
    let request = |more: Value| {
        let mut request = json!({"profileTypeID": ID, "labelSelector": "{}", "start": start, "end": end});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    for more in [
        json!({}),
        json!({"maxNodes": 0}),
        json!({"maxNodes": null}),
        json!({"maxNodes": "1048576"}),
        json!({"format": "PROFILE_FORMAT_FUNCTIONS"}),
    ] {
        let graph = ask(&server, "SelectMergeStacktraces", request(more)).await["flamegraph"].clone();
        assert_eq!(graph["names"][0], "total");
        assert_eq!(graph["levels"][0]["values"], json!(["0", "3000000000", "0", "0"]));
        assert_eq!(graph["total"], "3000000000");
        assert!(graph["names"].as_array().unwrap().contains(&json!("work")));
    }
    let cut = ask(&server, "SelectMergeStacktraces", request(json!({"maxNodes": 1}))).await;
    assert_eq!(cut["flamegraph"]["names"], json!(["total", "main", "other"]));
    let site = json!({"stackTraceSelector": {"call_site": [{"name": "main"}, {"name": "work"}]}});
    assert_eq!(
        ask(&server, "SelectMergeStacktraces", request(site)).await["flamegraph"]["total"],
        "2100000000"
    );
    // Nothing is an empty graph, not an error.
    let nothing = json!({"profileTypeID": ID, "labelSelector": "{}", "start": 1000, "end": 2000});
    let empty = ask(&server, "SelectMergeStacktraces", nothing).await;
    assert_eq!(
        empty["flamegraph"],
        json!({"names": ["total"], "levels": [{"values": ["0", "0", "0", "0"]}]})
    );
    let pprof_answer = ask(&server, "SelectMergeStacktraces", request(json!({"format": 4}))).await;
    assert_eq!(pprof_answer["pprof"]["profile"]["period"], "1000000000");
    let dot = ask(&server, "SelectMergeStacktraces", request(json!({"format": "PROFILE_FORMAT_DOT"}))).await;
    assert!(dot["dot"].as_str().unwrap().contains("Showing nodes accounting for"));
    for (wrong, words) in [
        (json!({"maxNodes": -1}), "maxNodes"),
        (json!({"maxNodes": 1_048_577}), "maxNodes"),
        (json!({"start": 0}), "missing time range"),
        (json!({"end": 5}), "start before the end"),
        (json!({"profileTypeID": "a:b:c"}), "must be of the form"),
        (json!({"labelSelector": "{a=b}"}), "expected a label selector"),
    ] {
        let (status, answer) = call(&server, "SelectMergeStacktraces", &request(wrong.clone())).await;
        assert_eq!((status, &answer["code"]), (400, &json!("invalid_argument")), "{wrong} {answer}");
        assert!(answer["message"].as_str().unwrap().contains(words), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn render_is_as_older_clients_read_it() {
    let server = filled().await;
    let query = format!("query={ID}%7B%7D&from={}&until={}", START - 15, START + 45);
    let (status, page) = get(&server, &format!("pyroscope/render?{query}&maxNodes=100&format=json")).await;
    assert_eq!(status, 200, "{page}");
    assert_eq!(page["flamebearer"]["numTicks"], 3 * SECOND);
    assert_eq!(
        page["metadata"],
        json!({"format": "single", "name": "cpu", "sampleRate": 1_000_000_000, "spyName": "", "units": "samples"})
    );
    let timeline = &page["timeline"];
    assert_eq!(timeline["durationDelta"], 15);
    let samples: i64 =
        timeline["samples"].as_array().unwrap().iter().map(|value| value.as_i64().unwrap()).sum();
    assert_eq!(samples, 3 * SECOND);
    let (_, grouped) = get(&server, &format!("pyroscope/render?{query}&groupBy=service_name")).await;
    assert_eq!(grouped["groups"].as_object().unwrap().keys().collect::<Vec<_>>(), ["api", "shop"]);
    for wrong in ["", "query=x", "query=a:b:c:d:e%7B"] {
        let (status, error) = get(&server, &format!("pyroscope/render?{wrong}")).await;
        assert_eq!((status, &error["code"]), (400, &json!("invalid_argument")), "{wrong}");
    }
    server.stop().await;
}

/// A graph as Grafana's data source walks it (grafana-pyroscope-datasource, `levelsToTree`): a level with a bar that lies
/// in none of the level above is cut off there, and what is missing shows nowhere.
struct Walked {
    /// Of all bars, the sum of what is their own; side by side.
    own: Vec<i64>,
    totals: Vec<i64>,
    bars: usize,
}

fn numbers(level: &Value) -> Vec<i64> {
    let values = level.get("values").unwrap_or(level).as_array().unwrap();
    let number = |value: &Value| value.as_i64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap());
    values.iter().map(number).collect()
}

fn walk(graph: &Value, sides: usize) -> Walked {
    let names = graph["names"].as_array().unwrap();
    assert_eq!(names[0], "total");
    let levels: Vec<Vec<i64>> = graph["levels"].as_array().unwrap().iter().map(numbers).collect();
    let width = sides * 3 + 1;
    assert_eq!(levels[0].len(), width, "{graph}");
    let mut walked = Walked {
        own: vec![0; sides],
        totals: (0..sides).map(|side| levels[0][side * 3 + 1]).collect(),
        bars: 0,
    };
    let mut above: Vec<Vec<(i64, i64)>> = (0..sides).map(|side| vec![(0, walked.totals[side])]).collect();
    for level in &levels {
        assert_eq!(level.len() % width, 0, "{graph}");
        let mut row: Vec<Vec<(i64, i64)>> = vec![Vec::new(); sides];
        for bar in level.chunks(width) {
            let name = names[usize::try_from(bar[width - 1]).unwrap()].as_str().unwrap();
            for side in 0..sides {
                let [offset, total, own] = [0, 1, 2].map(|at| bar[side * 3 + at]);
                let start = row[side].last().map_or(0, |(_, end)| *end) + offset;
                assert!(offset >= 0 && total >= own && own >= 0, "{name} {bar:?}");
                let lies_in = |(from, to): &(i64, i64)| *from <= start && start + total <= *to;
                assert!(above[side].iter().any(lies_in), "{name} {bar:?} lies in no bar above it: {graph}");
                row[side].push((start, start + total));
                walked.own[side] += own;
            }
            walked.bars += 1;
        }
        above = row;
    }
    walked
}

/// A profile of these stacks, the root first.
pub(super) fn stacks(stacks: &[(&str, i64)], time: i64) -> Profile {
    let mut of = sum(&["cpu"], time);
    of.sample_types = vec![profile_model::ValueType::new("cpu", "nanoseconds")];
    of.samples = profile_model::Samples::new(1);
    for (stack, value) in stacks {
        let frame = |name: &str| {
            let name = of.symbols.intern_string(name);
            let file = profile_model::StringId::EMPTY;
            let function = profile_model::Function { name, system_name: name, filename: file, start_line: 0 };
            let function = Some(of.symbols.intern_function(function));
            let lines = [profile_model::Line { function, line: 1, column: 0 }];
            of.symbols.intern_location(profile_model::Location {
                mapping: None,
                address: 0,
                is_folded: false,
                lines: &lines,
            })
        };
        let stack: Vec<_> = stack.rsplit(';').map(frame).collect();
        let stack = of.symbols.intern_stack(&stack);
        of.samples.push(profile_model::Sample { stack, values: &[*value], labels: &[] });
    }
    of
}

#[tokio::test]
async fn every_graph_can_be_walked_and_says_all_of_it() {
    let mut random = crate::same::Random(7);
    for round in 0..12 {
        let server = Server::start().await;
        for pod in ["a", "b"] {
            for _ in 0..=random.below(4) {
                let of = crate::same::random_profile(&mut random);
                write(&server, &[("__name__", "process_cpu"), ("pod", pod)], &of).await;
            }
        }
        // Names that the form itself uses, no name, and less than nothing.
        let odd = [
            ("total;other;a", 5),
            ("other;other", 3),
            (";x", 2),
            ("f1;f2", -4),
            ("f1;f2;f3", 9),
            ("f1;f4", 1),
        ];
        write(&server, &[("__name__", "process_cpu"), ("pod", "odd")], &stacks(&odd, SECOND)).await;
        let request = |pods: &str, nodes: i64| json!({"profileTypeID": ID, "labelSelector": format!("{{pod=~\"{pods}\"}}"), "start": 1, "end": 100_000, "maxNodes": nodes});
        for nodes in [1, 2, 3, 5, 1000] {
            for pods in ["a", "b", "a|b|odd", "odd", "none"] {
                let answer = ask(&server, "SelectMergeStacktraces", request(pods, nodes)).await;
                let walked = walk(&answer["flamegraph"], 1);
                assert_eq!(walked.own, walked.totals, "round {round} {nodes} {pods} {answer}");
                if pods == "odd" && nodes > 5 {
                    assert_eq!((walked.totals[0], walked.bars), (20, 12), "{answer}");
                }
            }
            let sides = json!({"left": request("a", nodes), "right": request("b|odd", nodes)});
            let answer = ask(&server, "Diff", sides).await;
            let walked = walk(&answer["flamegraph"], 2);
            assert_eq!(walked.own, walked.totals, "round {round} {nodes} {answer}");
        }
        let query = |pods: &str| format!("{ID}%7Bpod%3D~%22{}%22%7D", pods.replace('|', "%7C"));
        let (_, page) = get(
            &server,
            &format!("pyroscope/render?query={}&from=1&until=100&max-nodes=3", query("a|b|odd")),
        )
        .await;
        assert_eq!(
            walk(&page["flamebearer"], 1).own,
            [page["flamebearer"]["numTicks"].as_i64().unwrap()],
            "{page}"
        );
        let sides = format!(
            "leftQuery={}&leftFrom=1&leftUntil=100&rightQuery={}&rightFrom=1&rightUntil=100",
            query("a"),
            query("b")
        );
        let (_, page) = get(&server, &format!("pyroscope/render-diff?{sides}")).await;
        let ticks = [&page["leftTicks"], &page["rightTicks"]].map(|ticks| ticks.as_i64().unwrap());
        assert_eq!(walk(&page["flamebearer"], 2).own, ticks, "{page}");
        server.stop().await;
    }
}

/// `/pyroscope/render` by every way of saying what and when.
#[tokio::test]
async fn render_takes_every_form_of_its_parameters() {
    let server = filled().await;
    let [from, until] = [START - 15, START + 45];
    let seconds = format!("from={from}&until={until}");
    for (query, times, expect) in [
        // As Perses asks: a type without braces, seconds.
        (ID.to_owned(), seconds.clone(), 3),
        (format!("{ID}%7B%7D"), seconds.clone(), 3),
        (format!("{ID}:delta%7B%7D"), seconds.clone(), 3),
        (format!("{ID}%7Bservice_name%3D%22api%22%2C%7D"), seconds.clone(), 2),
        (format!("{ID}%7Bservice_name%21%7E%22a.*%22%7D"), seconds.clone(), 1),
        (format!("%7B__name__%3D%22{ID}%22%2Cpod%3D%22c%22%7D"), seconds.clone(), 1),
        (format!("%7B%22{ID}%22%2Cpod%3D%22c%22%7D"), seconds.clone(), 1),
        (format!("{ID}+%7B+%7D"), seconds.clone(), 3),
        ("memory:a:b:c:d%7B%7D".to_owned(), seconds.clone(), 0),
        (ID.to_owned(), format!("from={from}000&until={until}000"), 3),
        (ID.to_owned(), format!("from={from}000000&until={until}000000"), 3),
        (ID.to_owned(), format!("from={from}000000000&until={until}000000000"), 3),
        (ID.to_owned(), "from=20231114&until=20231115".to_owned(), 3),
        (ID.to_owned(), "from=now-20y&until=now".to_owned(), 3),
        (ID.to_owned(), "from=now-20y".to_owned(), 3),
        // What cannot be read is now, and so is what is not there.
        (ID.to_owned(), String::new(), 0),
        (ID.to_owned(), format!("from=soon&until={}", 4_000_000_000_i64), 0),
        (ID.to_owned(), format!("{seconds}&maxNodes=0&groupBy=&aggregation=avg&format=json"), 3),
        (ID.to_owned(), format!("{seconds}&max-nodes=undefined"), 3),
        (ID.to_owned(), format!("{seconds}&max-nodes=1048576&width=1"), 3),
    ] {
        let (status, page) = get(&server, &format!("pyroscope/render?query={query}&{times}")).await;
        assert_eq!(
            (status, &page["flamebearer"]["numTicks"]),
            (200, &json!(expect * SECOND)),
            "{query} {times} {page}"
        );
        // Never null: Perses reads it unasked.
        let timeline = &page["timeline"];
        assert!(
            timeline["samples"].is_array()
                && timeline["startTime"].is_i64()
                && timeline["durationDelta"].is_i64(),
            "{page}"
        );
        assert_eq!(
            (&page["version"], &page["groups"], &page["heatmap"]),
            (&json!(1), &Value::Null, &Value::Null)
        );
    }
    let (_, page) =
        get(&server, &format!("pyroscope/render?query={ID}&{seconds}&groupBy=pod&groupBy=job&max-nodes=1"))
            .await;
    assert_eq!(page["groups"].as_object().unwrap().keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(page["flamebearer"]["names"], json!(["total", "main", "other"]));
    let (_, page) = get(&server, &format!("pyroscope/render?query={ID}&{seconds}&groupBy=job")).await;
    // What has no such label is shown as there.
    assert_eq!(page["groups"].as_object().unwrap().keys().collect::<Vec<_>>(), ["*", "api"]);
    for (path, part) in [
        (format!("pyroscope/render?query={ID}&{seconds}&max-nodes=-1"), "maxNodes"),
        (format!("pyroscope/render?query={ID}&{seconds}&maxNodes=1048577"), "maxNodes"),
        (format!("pyroscope/render?query={ID}&from={until}&until={from}"), "start before the end"),
        (format!("pyroscope/render?query=%7Bpod%3D%22a%22%7D&{seconds}"), "type"),
        (format!("pyroscope/render?{seconds}"), "query"),
        (format!("pyroscope/render-diff?leftQuery={ID}&leftFrom={from}&leftUntil={until}"), "rightQuery"),
    ] {
        let (status, error) = get(&server, &path).await;
        assert_eq!((status, &error["code"]), (400, &json!("invalid_argument")), "{path} {error}");
        assert!(error["message"].as_str().unwrap().contains(part), "{path} {error}");
    }
    server.stop().await;
}

/// As mcp-grafana and Drilldown's panel for a language model ask.
#[tokio::test]
async fn a_graph_for_graphviz_is_a_text() {
    let server = filled().await;
    for (until, words) in [
        (
            START + 45,
            ["digraph", "main", "work", "Showing nodes accounting for 3000000000, 100% of 3000000000 total"],
        ),
        (START - 14, ["digraph", "", "", "Showing nodes accounting for 0, 0% of 0 total"]),
    ] {
        let path =
            format!("pyroscope/render?query={ID}&from={}&until={until}&format=dot&max-nodes=100", START - 15);
        let request = Request::get(format!("{}{path}", server.origin())).body(Bytes::new()).unwrap();
        let (head, body) = server.http1(request).await;
        assert_eq!(
            (head.status.as_u16(), head.headers["content-type"].to_str().unwrap()),
            (200, "text/plain; charset=utf-8")
        );
        let text = String::from_utf8(body.to_vec()).unwrap();
        for word in words {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
    server.stop().await;
}
