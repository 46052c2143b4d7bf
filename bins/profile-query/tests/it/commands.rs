//! Commands that the scripts did not have.

use std::io::Read;

use test_support::{PATIENCE, Process, Pyroscope, Signal};

use crate::fixture::{AFTER, BEFORE, Home, PROFILE_QUERY, cpu, pprof_of};
use crate::golden;
use crate::stub::Stub;

async fn start() -> Option<(Pyroscope, Home)> {
    let server = Pyroscope::start([]).await?;
    let home = Home::at(&server.url());
    home.send("prod", &cpu(BEFORE), "-5m", &["service_name=db", "pod=a"]).await;
    home.send("prod", &cpu(AFTER), "-5m", &["service_name=db", "pod=b"]).await;
    Some((server, home))
}

#[tokio::test]
async fn every_form_of_a_flame_graph() {
    let Some((_server, home)) = start().await else { return };
    for form in ["tree", "folded", "svg", "speedscope", "dot", "top", "json"] {
        let text = home.ok(&["flamegraph", "prod", "db", "--output", form]).await;
        golden::check(&format!("forms.{form}"), &text, &[]);
    }
    let html = home.ok(&["flamegraph", "prod", "db", "--output", "html"]).await;
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("render"));
    let focused = home
        .ok(&["flamegraph", "prod", "db", "--output", "folded", "--focus", "serve", "--hide", "^main$"])
        .await;
    assert_eq!(focused, "serve;parse 800000000\nserve;render 1300000000\n");
    let exit = home.run(&["flamegraph", "prod", "db", "--ignore", "."]).await;
    assert_eq!(exit.code, Some(3), "{exit:#?}");
}

#[tokio::test]
async fn what_the_server_cuts_off_is_said() {
    let Some((_server, home)) = start().await else { return };
    let text = home.ok(&["flamegraph", "prod", "db", "--max-nodes", "2"]).await;
    assert!(text.contains("was cut off by the server;\n--max-nodes raises the limit"), "{text}");
    // Nothing is, where stacks are filtered or ranked.
    let text = home.ok(&["top", "prod", "db", "--output", "csv"]).await;
    golden::check("top.csv", &text, &[]);
    let exit = home.run(&["flamegraph", "prod", "db", "--max-nodes", "99999999"]).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(exit.stderr.contains("warning: --max-nodes 1048576 is the most"), "{}", exit.stderr);
}

#[tokio::test]
async fn exported_files_are_what_go_reads() {
    let Some((_server, home)) = start().await else { return };
    let file = home.path("out.pb.gz");
    let path = file.to_str().unwrap();
    home.ok(&["export", "prod", "db", "-o", path, "-l", "pod=a"]).await;
    let mut magic = [0; 2];
    std::fs::File::open(&file).unwrap().read_exact(&mut magic).unwrap();
    assert_eq!(magic, [0x1f, 0x8b]);
    let go = ["/usr/local/go/bin/go", "/usr/bin/go"].into_iter().find(|go| std::path::Path::new(go).exists());
    let Some(go) = go else { return };
    // Go builds its tools when they are first used.
    let top =
        Process::start(go, ["tool", "pprof", "-top", path], [("NO_COLOR", "1")]).exit(4 * PATIENCE).await;
    assert!(top.stdout.contains("500ms 50.00% 50.00%      500ms 50.00%  render"), "{top:#?}");
    // Their numbers are ours.
    let ours = home.ok(&["top", "prod", "db", "-l", "pod=a", "--output", "csv"]).await;
    for line in top.stdout.lines().skip_while(|line| !line.contains("flat%")).skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let millis = |text: &str| text.trim_end_matches("ms").trim_end_matches('s').parse::<f64>().unwrap();
        let nanos =
            |text: &str| (millis(text) * if text.ends_with("ms") || text == "0" { 1e6 } else { 1e9 }) as i64;
        let expect = format!("{},,,nanoseconds,{},{}", words[5], nanos(words[0]), nanos(words[3]));
        assert!(ours.contains(&expect), "{expect} in\n{ours}");
    }
}

#[tokio::test]
async fn names_of_types_are_looked_up_among_those_that_the_service_has() {
    let Some((_server, home)) = start().await else { return };
    let (goroutine, wall) = (("goroutine", "count"), ("wall", "nanoseconds"));
    // Go's SDK that pushes says `goroutines`, what is scraped `goroutine`.
    let file = pprof_of("main;wait 7\n", &[goroutine], goroutine);
    home.send("prod", &file, "-5m", &["service_name=db", "__name__=goroutines"]).await;
    let file = pprof_of("main;wait 9\n", &[wall], ("cpu", "nanoseconds"));
    home.send("prod", &file, "-5m", &["service_name=db", "__name__=wall"]).await;
    for (name, expect) in [
        ("cpu", "process_cpu:cpu:nanoseconds:cpu:nanoseconds"),
        ("process_cpu", "process_cpu:cpu:nanoseconds:cpu:nanoseconds"),
        ("goroutine", "goroutines:goroutine:count:goroutine:count"),
        ("wall", "wall:wall:nanoseconds:cpu:nanoseconds"),
        ("wall:wall", "wall:wall:nanoseconds:cpu:nanoseconds"),
    ] {
        let text = home.ok(&["flamegraph", "prod", "db", "--type", name]).await;
        assert!(text.contains(&format!("Profile: {expect}\n")), "{name}: {text}");
    }
    // Counts are no time, and nothing but counts is called a count.
    let text = home.ok(&["flamegraph", "prod", "db", "--type", "goroutine"]).await;
    assert!(text.contains("Total samples: 7\n"), "{text}");
    let exit = home.run(&["flamegraph", "prod", "db", "--type", "wal"]).await;
    assert!(exit.code == Some(2) && exit.stderr.contains("hint: there are wall:wall"), "{exit:#?}");
}

#[tokio::test]
async fn lists_have_json() {
    let Some((_server, home)) = start().await else { return };
    assert_eq!(home.ok(&["services", "prod", "--json"]).await, "[\n  \"db\"\n]\n");
    assert_eq!(home.ok(&["services", "prod", "--output", "json"]).await, "[\n  \"db\"\n]\n");
    let types: serde_json::Value =
        serde_json::from_str(&home.ok(&["profiles", "prod", "db", "--json"]).await).unwrap();
    assert_eq!(types[0]["id"], "process_cpu:cpu:nanoseconds:cpu:nanoseconds");
    let series = home.ok(&["series", "prod", "db", "--name", "pod"]).await;
    assert_eq!(series, "pod\na\nb\n");
    assert_eq!(home.ok(&["labels", "prod", "pod", "-l", "pod!=a"]).await, "a\nb\n");
    assert_eq!(home.ok(&["labels", "prod", "pod", "--service", "db"]).await, "a\nb\n");
    let stats: serde_json::Value =
        serde_json::from_str(&home.ok(&["stats", "prod", "--json"]).await).unwrap();
    assert_eq!(stats["has_data"], true);
}

#[tokio::test]
async fn watching_shows_it_again_until_told_to_stop() {
    let Some((_server, home)) = start().await else { return };
    let text =
        home.ok(&["watch", "prod", "db", "--range", "10m", "--count", "2", "--every", "1s", "-n", "1"]).await;
    assert_eq!(text.matches("render").count(), 2, "{text}");
    let stub = Stub::answering(500, r#"{"code":"internal","message":"not now"}"#).await;
    let home = Home::at(&stub.url());
    let mut process =
        Process::start(PROFILE_QUERY, ["watch", "prod", "db", "--every", "1s"], home.variables());
    // A server that fails may come back.
    process.stderr_lines("a second failure", 2, |line| line.contains("not now")).await;
    process.signal(Signal::INT);
    let exit = process.exit(PATIENCE).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
}

#[tokio::test]
async fn uploads_say_what_was_stored_and_why_not() {
    let Some((_server, home)) = start().await else { return };
    let file = home.write("x.pb.gz", &cpu(BEFORE));
    let exit =
        home.run(&["upload", "prod", &file, "--service", "new", "-l", "a=b", "--override-timestamp"]).await;
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), ""), "{exit:#?}");
    assert!(
        exit.stderr.contains(r#"as {__name__="process_cpu", a="b", service_name="new"}"#),
        "{}",
        exit.stderr
    );
    assert_eq!(home.ok(&["services", "prod"]).await, "db\nnew\n");
    let junk = home.write("junk", b"junk");
    // Nothing of it is sent if one is wrong.
    let exit = home.run(&["upload", "prod", &file, &junk, "--service", "other"]).await;
    assert!(exit.code == Some(1) && exit.stderr.contains("expected a profile, found text"), "{exit:#?}");
    assert_eq!(home.ok(&["services", "prod"]).await, "db\nnew\n");
    let exit = home.run(&["upload", "prod", &file, "-l", "a!=b"]).await;
    assert_eq!(exit.code, Some(2), "{exit:#?}");
}

#[tokio::test]
async fn what_needs_no_server_starts_none() {
    let home = Home::with("");
    let version = home.ok(&["--version"]).await;
    assert!(version.starts_with("profile-query "), "{version}");
    assert_eq!(home.ok(&["config"]).await, "(none configured)\n");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(home.ok(&["completions", shell]).await.contains("flamegraph"), "{shell}");
    }
    assert!(home.ok(&["man"]).await.contains("profile\\-query"));
    assert!(home.ok(&["man", "diff"]).await.contains("fail\\-if"));
    let help = home.ok(&["--help"]).await;
    for line in
        ["0  done", "3  there is no data", "4  no or wrong credentials", "5  a change is beyond --fail-if"]
    {
        assert!(help.contains(line), "{line}");
    }
    let exit = home.run(&["services", "prod"]).await;
    assert_eq!(exit.code, Some(2), "{exit:#?}");
    std::fs::remove_file(home.path("config.toml")).unwrap();
    let exit = home.run(&["services", "prod"]).await;
    assert!(exit.code == Some(2) && exit.stderr.contains("no configuration file"), "{exit:#?}");
}

#[tokio::test]
async fn links_lead_to_where_people_look() {
    let home = Home::with(
        "[pyroscope.deployments.prod]\nurl = \"https://p.example/base/\"\n\
         [pyroscope.deployments.grafana]\nurl = \"https://g.example/api/datasources/proxy/uid/abc\"\n\
         [pyroscope.deployments.apart]\nurl = \"https://p.example\"\nui_url = \"https://ui.example\"\n",
    );
    let window = ["--start", "1768622400", "--end", "1768629600"];
    let link = async |args: &[&str]| home.ok(&[&["link"], args, &window[..]].concat()).await;
    let query = "query=process_cpu%3Acpu%3Ananoseconds%3Acpu%3Ananoseconds%7Bservice_name%3D%22db%22%7D&from=1768622400&until=1768629600\n";
    assert_eq!(link(&["prod", "db"]).await, format!("https://p.example/base/?{query}"));
    assert_eq!(
        link(&["apart", "db", "--view", "explore"]).await,
        format!("https://ui.example/explore?{query}")
    );
    assert_eq!(
        link(&["prod", "memory:inuse_space:bytes:space:bytes{a=\"b\"}", "--view", "diff"]).await,
        "https://p.example/base/comparison-diff?query=memory%3Ainuse_space%3Abytes%3Aspace%3Abytes%7Ba%3D%22b%22%7D\
         &from=1768622400&until=1768629600\n"
    );
    let grafana = link(&["grafana", "db"]).await;
    assert!(grafana.starts_with("https://g.example/explore?schemaVersion=1&panes=%7B"), "{grafana}");
    // As the script took it.
    let old =
        home.ok(&["link", "prod", "db", "2026-01-17T04:00:00Z,2026-01-17T06:00:00Z", "comparison"]).await;
    assert_eq!(old, format!("https://p.example/base/comparison?{query}"));
}
