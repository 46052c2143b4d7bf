//! What may be typed, and what is said of the rest.

use test_support::{Exit, GrpcDouble, PATIENCE, Process, Reply};

use crate::fixture::{LANES, NONE, PARCA_LOAD, lane, run, summary};

const MISTAKES: &[(&[&str], &str)] = &[
    (&["-ulr", "http://secret"], "flag -ulr does not exist; did you mean -url?"),
    (&["--nothing-like-it=1"], "flag -nothing-like-it does not exist"),
    (&["-x"], "flag -x does not exist"),
    (&["-once=maybe"], "-once: expected `true` or `false`, found `maybe`"),
    (&["word"], "expected a flag, found `word`"),
    (&["-log-format", "xml"], "-log-format: expected `text` or `json`, found `xml`"),
    (&["-log-level", "a=b=c"], "-log-level: "),
    (&["-addr", "nowhere"], "-addr: expected host:port or `none`, found `nowhere`"),
    (&["-vault-url", "vault:8200"], "-vault-url: expected `http://` or `https://`, found the scheme `vault`"),
    (&["-protocol", "smoke"], "-protocol: expected grpc-web, grpc-web-h2 or grpc, found `smoke`"),
    (&["-client-timeout", "0s"], "-client-timeout: expected more than zero, found `0s`"),
    (&["-connections", "0"], "-connections: expected 1 to 10000, found `0`"),
    (&["-headers", "a=b,c"], "-headers: expected name=value as pair 2"),
    (
        &["-url", "ftp://parca"],
        "-url: expected a URL such as `http://localhost:7070`, found the scheme `ftp`",
    ),
    (&["-token-file", "/nowhere"], "-token-file: "),
    (&["-mode", "fast"], "-mode: expected lanes or upstream, found `fast`"),
    (&["-query-range", "5"], "-query-range: expected a duration such as `15m` or `1h30m`, found `5`"),
    (&["-seed", "x"], "-seed: expected a whole number, found `x`"),
    (&["-types", "cpu"], "-types: "),
    (
        &["-labels", "all;{job=}"],
        "-labels: expected a selector such as {job=\"a\"}, found `{job=}`: 1:6: expected a quoted value, found `}`",
    ),
    (&["-max-in-flight", "-1"], "-max-in-flight: expected 1 to 1000000, found `-1`"),
    (&["-lanes", "labels,lables"], "-lanes: expected one of labels, values, profile-types"),
    (&["-query-interval", "0s"], "-query-interval: expected more than zero, found `0s`"),
    (&["-labels-interval", "1us"], "lane `labels`: expected an interval of at least 1ms, found 1µs"),
    (&["-duration", "long"], "-duration: expected a duration such as `15m` or `1h30m`, found `long`"),
    (&["-grace", "-5s"], "-grace: expected a duration"),
];

async fn refused(args: impl IntoIterator<Item = &str>) -> Exit {
    let exit = Process::run(PARCA_LOAD, args, NONE).await;
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit:#?}");
    exit
}

#[tokio::test]
async fn every_mistake_is_told_at_once() {
    let exit = refused(MISTAKES.iter().flat_map(|(args, _)| args.iter().copied())).await;
    for (args, words) in MISTAKES {
        let line = format!("error: {words}");
        assert!(exit.stderr.lines().any(|found| found.starts_with(&line)), "{args:?}: {}", exit.stderr);
    }
    assert_eq!(exit.stderr.lines().last(), Some("hint: parca-load -h lists the flags"));
    assert!(!exit.stderr.contains("secret"), "what follows an unknown flag may be one: {}", exit.stderr);
}

#[tokio::test]
async fn each_mistake_alone_is_exit_2_and_one_line() {
    for (args, words) in MISTAKES {
        let exit = refused(args.iter().copied()).await;
        let errors: Vec<&str> = exit.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{args:?}: {}", exit.stderr);
        assert!(errors[0].starts_with(&format!("error: {words}")), "{args:?}: {}", exit.stderr);
    }
    for (args, words) in [
        (&["-url"][..], "error: -url: expected a value, found none"),
        (
            &["-labels", "memory{}"],
            "error: -labels: expected a selector such as {job=\"a\"}, found `memory{}`",
        ),
        (
            &["-values-for-labels", "job,pod"],
            "error: -values-for-labels: expected the name of a label, found `job,pod`: `;` stands between names, as in `job;pod`",
        ),
        (&["-tls-ca", "a"], "error: -tls-ca: expected a `https://` URL with this, found `http://`"),
        (&["-url", "https://a", "-tls-ca", "/nowhere"], "error: -tls-ca: "),
        (&["-once", "-duration", "1s"], "error: -once: expected this or -duration, found both"),
        (&["-token", "a", "-token-file", "b"], "error: -token: expected one source of the token"),
    ] {
        let exit = refused(args.iter().copied()).await;
        assert!(exit.stderr.contains(words), "{args:?}: {}", exit.stderr);
    }
}

#[tokio::test]
async fn one_dash_or_two_with_or_without_equals_sign_and_variables() {
    let double = GrpcDouble::start(|_| Reply::Message(Vec::new())).await;
    let url = double.url();
    let own = ["-once", "--lanes=profile-types", "-addr", "none"];
    let check = async |args: &[&str], variables: &[(&str, &str)], reaches: bool| {
        let before = double.calls().len();
        let all = args.iter().chain(&own);
        let exit = Process::start(PARCA_LOAD, all, variables.iter().copied()).exit(PATIENCE).await;
        assert_eq!(exit.code, Some(if reaches { 0 } else { 1 }), "{args:?} {variables:?} {exit:#?}");
        assert_eq!(double.calls().len() > before, reaches, "{args:?} {variables:?}");
    };
    let nobody = format!("http://{}", test_support::unused_address());
    check(&["-url", &url], &[], true).await;
    check(&["--url", &url], &[], true).await;
    check(&[&format!("-url={url}")], &[], true).await;
    check(&[&format!("--url={url}")], &[], true).await;
    // As in Go, the last one counts.
    check(&["-url", &nobody, "-url", &url], &[], true).await;
    check(&[], &[("PARCA_LOAD_URL", &url)], true).await;
    check(&["-url", &nobody], &[("PARCA_LOAD_URL", &url)], false).await;
    check(&["-url", &url], &[("PARCA_LOAD_URL", &nobody)], true).await;
    check(&["-url", &url], &[("PARCA_LOAD_ONCE", "1")], true).await;
}

#[tokio::test]
async fn every_flag_of_the_original_is_taken() {
    let double = GrpcDouble::start(|_| Reply::Message(Vec::new())).await;
    let url = double.url();
    let args = [
        ["-url", &url],
        ["-addr", "127.0.0.1:0"],
        ["-token", "-looks-like-a-flag"],
        ["-vault-url", ""],
        ["-vault-token-path", "parca-load/token"],
        ["-vault-role", "parca-load"],
        ["-client-timeout", "10s"],
        ["-headers", "x-a=1, x-b = 2"],
        ["-query-interval", "5s"],
        ["-query-range", "15m;12h;168h"],
        ["-labels", "all;{job=\"a\"}"],
        ["-types", "memory:inuse_space:bytes:space:bytes;process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta"],
        ["-values-for-labels", "job;pod"],
    ];
    let args = args.iter().flatten().copied().chain(["-mode", "upstream", "-once"]);
    let exit = Process::run(PARCA_LOAD, args, NONE).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    for call in double.calls() {
        let found = ["x-a", "x-b", "authorization"].map(|name| call.header(name));
        assert_eq!(found, [Some("1"), Some("2"), Some("Bearer -looks-like-a-flag")]);
    }
    assert!(double.calls().len() > 2 * 3 * 4, "a round of the matrix");
}

#[tokio::test]
async fn one_interval_paces_every_lane_and_each_lane_has_its_own() {
    let double = GrpcDouble::start(|_| Reply::Message(Vec::new())).await;
    let check = async |args: &[&str], planned: [u64; 6]| {
        let exit = run(&double.url(), &[&["-duration", "2s"], args].concat()).await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        let summary = summary(&exit);
        let found = LANES.map(|name| lane(&summary, name)["planned"].as_u64().unwrap());
        assert_eq!(found, planned, "{args:?}");
    };
    tokio::join!(
        check(&[], [1; 6]),
        check(&["-query-interval", "500ms"], [4; 6]),
        check(&["-query-interval", "500ms", "-values-interval", "1s"], [4, 2, 4, 4, 4, 4]),
        check(&["-query-merge-interval", "250ms", "-labels-interval", "1s"], [2, 1, 1, 1, 1, 8]),
    );
}

#[tokio::test]
async fn help_is_data_and_exit_0() {
    for flag in ["-h", "-help", "--help"] {
        let exit = Process::run(PARCA_LOAD, [flag], NONE).await;
        assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{flag}");
        assert!(exit.stdout.contains("--query-interval"), "{flag}: {}", exit.stdout);
    }
    let exit = Process::run(PARCA_LOAD, ["-version"], NONE).await;
    assert_eq!((exit.code, exit.stdout.starts_with("parca-load ")), (Some(0), true), "{exit:#?}");
}
