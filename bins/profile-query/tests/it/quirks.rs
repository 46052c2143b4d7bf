//! What the pyroscope scripts of axiomhq/skills at 0e98eba got wrong, gone.

use std::fs;

use test_support::Pyroscope;

use crate::fixture::{BEFORE, Home, cpu};
use crate::stub::Stub;

const FAILURE: &str = r#"{"code":"internal","message":"the disk is on fire"}"#;

#[tokio::test]
async fn a_body_goes_out_as_it_was_given() {
    let stub = Stub::answering(200, r#"{"z":1,"a":[{"value":"5"}]}"#).await;
    // A slash at the end of the URL does not double.
    let home = Home::at(&format!("{}/base/", stub.url()));
    let body = r#"{"start": 1700000000000, "end": 1700100000000}"#;
    let exit = home.script("pyroscope-query", &["prod", "LabelNames", body]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    // Indented, in the server's order.
    assert_eq!(exit.stdout, "{\n  \"z\": 1,\n  \"a\": [\n    {\n      \"value\": \"5\"\n    }\n  ]\n}\n");
    let seen = stub.only();
    assert_eq!(seen.path, "/base/querier.v1.QuerierService/LabelNames");
    assert_eq!(String::from_utf8(seen.body).unwrap(), body);
    // From a file, from nothing, raw.
    let file = format!("@{}", home.write("body.json", body.as_bytes()));
    assert_eq!(
        home.ok(&["query", "prod", "LabelNames", &file, "--raw"]).await,
        r#"{"z":1,"a":[{"value":"5"}]}"#
    );
    home.ok(&["query", "prod", "push.v1.PusherService/Push"]).await;
    let seen = stub.seen();
    assert_eq!(seen[1].body, body.as_bytes());
    assert_eq!((seen[2].path.as_str(), &seen[2].body[..]), ("/base/push.v1.PusherService/Push", &b"{}"[..]));
    // What is no JSON is found out here.
    let exit = home.run(&["query", "prod", "LabelNames", "{}}"]).await;
    assert_eq!(exit.code, Some(2), "{exit:#?}");
    assert_eq!(stub.seen().len(), 3);
}

#[tokio::test]
async fn an_error_is_no_empty_profile() {
    let stub = Stub::answering(500, FAILURE).await;
    let home = Home::at(&stub.url());
    for args in [
        &["flamegraph", "prod", "axiom-db"][..],
        &["flamegraph", "prod", "axiom-db", "--json"],
        &["diff", "prod", "axiom-db", "-2h", "-1h", "-30m", "now"],
        &["services", "prod"],
        &["profiles", "prod"],
        &["labels", "prod"],
        &["top", "prod", "axiom-db"],
        &["stats", "prod"],
    ] {
        let exit = home.run(args).await;
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(1), ""), "{args:?}: {exit:#?}");
        assert!(exit.stderr.contains("the disk is on fire"), "{args:?}: {}", exit.stderr);
    }
    let exit = home.run(&["query", "prod", "Series"]).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    let exit = home.run(&["services", "prod", "--json"]).await;
    let error: serde_json::Value = serde_json::from_str(&exit.stderr).unwrap();
    assert_eq!(error["error"]["code"], "internal");
    assert_eq!(error["error"]["http_status"], 500);
    assert!(error["error"]["url"].as_str().unwrap().starts_with(&stub.url()), "{error}");
}

#[tokio::test]
async fn refused_credentials_have_an_exit_code_and_pages_are_no_answers() {
    let check = async |status: u16, body: &'static str, code: i32, words: &str| {
        let stub = Stub::answering(status, body).await;
        let exit = Home::at(&stub.url()).run(&["services", "prod"]).await;
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(code), ""), "{status}: {exit:#?}");
        assert!(exit.stderr.contains(words), "{status}: {}", exit.stderr);
    };
    check(401, r#"{"code":"unauthenticated","message":"no org id"}"#, 4, "no org id").await;
    check(403, "<html>go away</html>", 4, "permission_denied").await;
    check(404, "404 page not found", 1, "404").await;
    check(200, "<html>log in</html>", 1, "error:").await;
    // A redirect would turn a request into a GET.
    let stub = Stub::with_headers(302, &[("location", "https://login.example/")], "").await;
    let exit = Home::at(&stub.url()).run(&["services", "prod"]).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    assert!(exit.stderr.contains("login.example"), "{}", exit.stderr);
    // Nobody there.
    let address = test_support::unused_address();
    let exit = Home::at(&format!("http://{address}")).run(&["services", "prod"]).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    assert!(exit.stderr.contains(&address.to_string()), "{}", exit.stderr);
}

#[tokio::test]
async fn what_is_typed_wrongly_is_said_and_nothing_is_sent() {
    let stub = Stub::answering(200, "{}").await;
    let home = Home::at(&stub.url());
    let check = async |args: &[&str], words: &str| {
        let exit = home.run(args).await;
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{args:?}: {exit:#?}");
        assert!(exit.stderr.contains(words), "{args:?}: {}", exit.stderr);
    };
    check(&["flamegraph", "prod", "db", "--unknown"], "--unknown").await;
    check(&["flamegraph", "prod", "db", "memory"], "--type memory names a profile type").await;
    check(&["flamegraph", "prod", "db", "10m", "20m"], "expected one range, found another: `20m`").await;
    check(&["flamegraph", "prod", "db", "--max-nodes", "many"], "--max-nodes: expected a number").await;
    check(&["flamegraph", "prod", "db", "--output", "gif"], "--output: expected text, tree").await;
    check(&["flamegraph", "prod", "db", "--range", "soon"], "expected a duration such as").await;
    check(&["flamegraph", "prod", "db", "--start", "now", "--end", "-1h"], "expected a start before the end")
        .await;
    check(&["flamegraph", "prod", "db", "--label", "x"], "expected `k=v`, `k!=v`").await;
    check(&["flamegraph", "prod", "db", "--query", "{a=}"], "     ^").await;
    check(&["flamegraph", "prod", "db", "--focus", "("], "--focus: expected a regular expression").await;
    // A method of Go as it is written in a profile.
    check(&["flamegraph", "prod", "db", "--focus", "a.(*B)"], r"--focus 'a\.\(\*B\)'").await;
    check(&["diff", "prod", "db", "-2h", "-1h", "-30m"], "found 3 times").await;
    check(&["diff", "prod", "db", "-2h", "-1h", "-30m", "now", "--oops"], "--oops").await;
    check(&["diff", "prod", "db", "-2h", "-1h", "-30m", "now", "now"], "found 5 times").await;
    check(&["diff", "prod", "db", "-2h", "-1h", "-30m", "now", "--fail-if", "cum>x"], "      ^").await;
    check(&["services", "prod", "1h", "2h"], "expected no more words, found `2h`").await;
    check(&["services", "prdo"], "expected a deployment, found `prdo`").await;
    check(&["services", "prod", "--backend", "jaeger"], "expected pyroscope or parca").await;
    check(&["frobnicate"], "frobnicate").await;
    check(&["upload", "prod"], "expected FILE").await;
    check(&["watch", "prod", "db", "--every", "1ms"], "expected a second or more").await;
}

#[tokio::test]
async fn values_are_escaped_and_labels_may_be_compared_in_four_ways() {
    let stub = Stub::answering(400, FAILURE).await;
    let home = Home::at(&stub.url());
    let labels = ["-l", "a=x\"y\\z", "-l", "b!=c", "-l", "d=~e.*", "-l", "f!~g|h"];
    let args: Vec<&str> =
        ["flamegraph", "prod", "my\"db", "--type", "cpu"].into_iter().chain(labels).collect();
    home.run(&args).await;
    let body = String::from_utf8_lossy(&stub.only().body).into_owned();
    let expect = r#"{service_name="my\"db", a="x\"y\\z", b!="c", d=~"e.*", f!~"g|h"}"#;
    assert!(body.contains(expect), "{body}");
}

#[tokio::test]
async fn an_end_alone_is_no_longer_ignored() {
    let Some(server) = Pyroscope::start([]).await else { return };
    let home = Home::at(&server.url());
    home.send("prod", &cpu(BEFORE), "-75m", &["service_name=db"]).await;
    let text = home.ok(&["flamegraph", "prod", "db", "--end", "-1h", "--range", "30m"]).await;
    assert!(text.contains("Total samples: 1000000000 nanoseconds (1 s)"), "{text}");
    let exit = home.run(&["flamegraph", "prod", "db", "--end", "-80m"]).await;
    assert_eq!(exit.code, Some(3), "{exit:#?}");
}

#[tokio::test]
async fn ranges_over_the_servers_limit_are_asked_for_in_parts() {
    let Some(server) = Pyroscope::start(["--max-query-length", "24h"]).await else { return };
    let home = Home::at(&server.url());
    for time in ["-5m", "-25h", "-60h"] {
        home.send("prod", &cpu(BEFORE), time, &["service_name=db"]).await;
    }
    let text = home.ok(&["flamegraph", "prod", "db", "--range", "3d"]).await;
    assert!(text.contains("Total samples: 3000000000 nanoseconds (3 s)"), "{text}");
    let text = home.ok(&["diff", "prod", "db", "-3d", "-1d", "-1d", "now"]).await;
    assert!(text.contains("ticks: 2000000000 nanoseconds") && text.contains("No function changed"), "{text}");
}

#[tokio::test]
async fn servers_that_are_older_or_behind_something_are_asked_too() {
    let Some(old) =
        Pyroscope::start(["--no-pprof", "--prefix", "/base", "--tenant", "a", "--token", "t"]).await
    else {
        return;
    };
    let home = Home::with(&format!(
        "[pyroscope.deployments.prod]\nurl = \"{0}/base\"\ntoken = \"t\"\ntenant = \"a\"\n\
         [pyroscope.deployments.bare]\nurl = \"{0}/base\"\ntoken = \"t\"\n\
         [pyroscope.deployments.root]\nurl = \"{0}\"\ntoken = \"t\"\ntenant = \"a\"\n",
        old.url()
    ));
    home.send("prod", &cpu(BEFORE), "-5m", &["service_name=db"]).await;
    let ranking = home.ok(&["top", "prod", "db", "--output", "csv"]).await;
    assert!(ranking.contains("render,,,nanoseconds,500000000,500000000"), "{ranking}");
    let diff = home.ok(&["diff", "prod", "db", "-10m", "-4m", "-10m", "now"]).await;
    assert!(diff.ends_with("No function changed.\n"), "{diff}");
    let exit = home.run(&["services", "bare"]).await;
    assert_eq!(exit.code, Some(4), "{exit:#?}");
    assert_eq!(home.ok(&["services", "bare", "--tenant", "a"]).await, "db\n");
    let exit = home.run(&["services", "prod", "--token", "wrong"]).await;
    assert_eq!(exit.code, Some(4), "{exit:#?}");
    let exit = home.run(&["services", "root"]).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    // All of it from the environment.
    let mut variables = home.variables();
    variables.retain(|(name, _)| !name.starts_with("PROFILECLI"));
    let url = format!("{}/base", old.url());
    for (name, value) in [("URL", url.as_str()), ("TOKEN", "t"), ("TENANT_ID", "a")] {
        variables.push((format!("PROFILECLI_{name}"), value.to_owned()));
    }
    let exit = test_support::Process::run(crate::fixture::PROFILE_QUERY, ["services", "-"], variables).await;
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), "db\n"), "{exit:#?}");
}

#[tokio::test]
async fn configuration_is_read_and_not_run() {
    let stub = Stub::answering(200, r#"{"names":["a"]}"#).await;
    let home = Home::with("");
    let trap = home.path("trap");
    let token = format!("a$(touch {0})`touch {0}`\\\"$HOME", trap.display());
    home.write(
        "config.toml",
        format!("[pyroscope.deployments.prod]\nurl = \"{}\"\ntoken = \"{token}\"", stub.url()).as_bytes(),
    );
    home.run(&["services", "prod"]).await;
    assert_eq!(
        stub.only().header("authorization"),
        Some(format!("Bearer {}", token.replace("\\\"", "\"")).as_str())
    );
    assert!(!trap.exists());
}

#[tokio::test]
async fn credentials_go_where_they_are_for() {
    let check = async |keys: &str, args: &[&str], expect: &[(&str, Option<&str>)]| {
        let stub = Stub::answering(400, FAILURE).await;
        let home = Home::with(&format!("[pyroscope.deployments.prod]\nurl = \"{}\"\n{keys}\n", stub.url()));
        home.run(&[&["services", "prod"], args].concat()).await;
        for (name, value) in expect {
            assert_eq!(stub.only().header(name), *value, "{keys} {args:?}: {name}");
        }
    };
    let cloudflare = "cf_access_client_id = \"i\"\ncf_access_client_secret = \"s\"";
    check("", &[], &[("authorization", None), ("x-scope-orgid", None)]).await;
    check("token = \"t\"", &[], &[("authorization", Some("Bearer t"))]).await;
    check("username = \"u\"\npassword = \"p\"", &[], &[("authorization", Some("Basic dTpw"))]).await;
    // Without a password: an unbound variable, once.
    check("username = \"u\"", &[], &[("authorization", Some("Basic dTo="))]).await;
    check(
        &format!("{cloudflare}\ntoken = \"t\""),
        &[],
        &[
            ("authorization", Some("Bearer t")),
            ("cf-access-client-id", Some("i")),
            ("cf-access-client-secret", Some("s")),
        ],
    )
    .await;
    check("tenant = \"a|b\"", &[], &[("x-scope-orgid", Some("a|b"))]).await;
    check("tenant = \"a\"", &["--tenant", "c"], &[("x-scope-orgid", Some("c"))]).await;
    check(
        "headers = { X-Extra = \"e\" }",
        &["--header", "X-More=m"],
        &[("x-extra", Some("e")), ("x-more", Some("m"))],
    )
    .await;
}

#[tokio::test]
async fn an_access_command_gets_its_words_in_the_old_order_and_no_shell() {
    let home = Home::with("");
    let (words, trap) = (home.path("words"), home.path("trap"));
    let script = format!(
        "#!/bin/sh\nfor word in \"$@\"; do printf '%s\\n' \"$word\" >> '{}'; done\nprintf '{{\"names\":[\"a\",\"b\"]}}'\n",
        words.display()
    );
    let program = home.program("access", &script);
    home.write(
        "config.toml",
        format!(
            "[pyroscope.deployments.prod]\nurl = \"https://p.example\"\ntoken = \"unused\"\n\
             access_command = \"{program} access $(touch {0}) ;touch {0}\"\n",
            trap.display()
        )
        .as_bytes(),
    );
    let exit = home.script("pyroscope-query", &["prod", "LabelValues", r#"{"name":"x"}"#]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let given = fs::read_to_string(&words).unwrap();
    let trap_word = trap.display();
    let expect = format!(
        "access\n$(touch\n{trap_word})\n;touch\n{trap_word}\nhttps://p.example/querier.v1.QuerierService/LabelValues\n\
         -s\n-X\nPOST\n-H\nContent-Type: application/json\n-d\n{{\"name\":\"x\"}}\n"
    );
    assert_eq!(given, expect);
    assert!(!trap.exists());
    assert_eq!(home.ok(&["services", "prod"]).await, "a\nb\n");
}

#[tokio::test]
async fn an_access_command_has_a_deadline_and_may_fail() {
    let home = Home::with("");
    let (slow, fails) = (
        home.program("slow", "#!/bin/sh\nexec sleep 600\n"),
        home.program("fails", "#!/bin/sh\necho no login >&2\nexit 3\n"),
    );
    for (program, words) in
        [(&slow, "deadline_exceeded"), (&fails, "3"), (&"/no/such/program".to_owned(), "/no/such/program")]
    {
        home.write(
            "config.toml",
            format!("[pyroscope.deployments.prod]\nurl = \"https://p.example\"\naccess_command = \"{program}\"\ntimeout = \"1s\"").as_bytes(),
        );
        let exit = home.run(&["services", "prod"]).await;
        assert_eq!(exit.code, Some(1), "{program}: {exit:#?}");
        assert!(exit.stderr.contains(words), "{program}: {}", exit.stderr);
    }
}
