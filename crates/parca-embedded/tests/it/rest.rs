//! Parca's JSON gateway.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::server::{PROFILE_TYPE, Server, profile};

async fn get(server: &Server, path: &str) -> (u16, Value) {
    let request = Request::get(format!("{}api/profiles/{path}", server.origin())).body(Bytes::new()).unwrap();
    let (head, body) = server.http1(request).await;
    (head.status.as_u16(), serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn fields_of_requests_are_parameters_and_answers_have_all_fields() {
    let server = Server::start().await;
    server.write(&profile(5_000_000_000)).await;
    assert_eq!(get(&server, "has_profile_data").await, (200, json!({"hasData": true})));
    let of = json!({"name": "process_cpu", "sampleType": "cpu", "sampleUnit": "nanoseconds", "periodType": "cpu",
                    "periodUnit": "nanoseconds", "delta": true});
    assert_eq!(get(&server, "types").await, (200, json!({"types": [of]})));
    let all = json!({"labelNames": ["job"], "warnings": []});
    assert_eq!(get(&server, "labels?start=1970-01-01T00:00:01Z&end=1970-01-01T00:01:00Z").await, (200, all));
    assert_eq!(
        get(&server, &format!("labels/job/values?profileType={PROFILE_TYPE}")).await.1["labelValues"],
        json!(["it"])
    );
    let times = "start=1970-01-01T00:00:01Z&end=1970-01-01T00:01:00Z";
    let (_, range) =
        get(&server, &format!("query_range?query={PROFILE_TYPE}&{times}&step=60s&sum_by=job&sumBy=pod"))
            .await;
    assert_eq!(range["series"][0]["samples"][0]["value"], "1000000000");
    assert_eq!(range["series"][0]["labelset"]["labels"], json!([{"name": "job", "value": "it"}]));
    let merge =
        format!("merge.query={PROFILE_TYPE}&merge.start=1970-01-01T00:00:01Z&merge.end=1970-01-01T00:01:00Z");
    for mode in ["mode=2", "mode=MODE_MERGE"] {
        for report in ["report_type=2", "reportType=REPORT_TYPE_TOP"] {
            let (status, answer) =
                get(&server, &format!("query?{mode}&{merge}&{report}&invert_call_stack=false")).await;
            assert_eq!((status, &answer["total"]), (200, &json!("1000000000")), "{answer}");
            assert_eq!(answer["top"]["unit"], "nanoseconds");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn mistakes_have_the_codes_of_grpc() {
    let server = Server::start().await;
    for (path, status, code, words) in [
        ("query", 400, 3, "Options: cannot be blank"),
        ("query?nope=1", 400, 3, "found `nope`"),
        ("query?merge.nope=1", 400, 3, "found `nope`"),
        ("query?mode.x=1", 400, 3, "has no fields"),
        ("query?merge=1&merge.query=2", 400, 3, ""),
        ("query?mode=MODE_NOPE", 400, 3, "QueryRequest"),
        ("query_range?start=yesterday", 400, 3, "QueryRangeRequest"),
        (
            "query_range?query=a:b:c:d:e&start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z",
            404,
            5,
            "No data found",
        ),
        ("series", 501, 12, "not implemented"),
    ] {
        let (found, answer) = get(&server, path).await;
        assert_eq!((found, &answer["code"]), (status, &json!(code)), "{path} {answer}");
        assert!(answer["message"].as_str().unwrap().contains(words), "{answer}");
    }
    server.stop().await;
}
