//! Comparisons and what builds do with them.

use test_support::Pyroscope;

use crate::fixture::{AFTER, BEFORE, Home, cpu};

/// Two releases of a service, and the same as files.
async fn start() -> Option<(Pyroscope, Home)> {
    let server = Pyroscope::start([]).await?;
    let home = Home::at(&server.url());
    home.send("prod", &cpu(BEFORE), "-5m", &["service_name=db", "release=1"]).await;
    home.send("prod", &cpu(AFTER), "-5m", &["service_name=db", "release=2"]).await;
    Some((server, home))
}

const RELEASES: [&str; 9] =
    ["diff", "prod", "db", "--range", "10m", "--base-label", "release=1", "--compare-label", "release=2"];

#[tokio::test]
async fn a_function_that_got_slower_is_first_and_fails_the_build() {
    let Some((_server, home)) = start().await else { return };
    let text = home.ok(&RELEASES).await;
    let first = text.lines().skip_while(|line| !line.contains("flat before")).nth(1).unwrap();
    assert!(first.contains("+10.00 pp") && first.ends_with("parse"), "{text}");
    assert!(text.contains("Baseline: 10m, release=1\nComparison: 10m, release=2\n"), "{text}");

    let with = |condition: &'static str| [&RELEASES[..], &["--fail-if", condition]].concat();
    let check = async |condition: &'static str, code: i32, words: &str| {
        let exit = home.run(&with(condition)).await;
        assert_eq!(exit.code, Some(code), "{condition}: {exit:#?}");
        assert!(exit.stderr.contains(words), "{condition}: {}", exit.stderr);
        // The report is there in any case.
        assert!(exit.stdout.contains("parse"), "{condition}");
    };
    check("cum>5pp", 5, "cum>5pp is true of parse").await;
    check("flat(render)<-5pp", 5, "render").await;
    check("cum>10pp", 0, "").await;
    check("total>50%", 5, "total").await;
    check("flat>5MiB", 2, "expected a limit in nanoseconds").await;
}

#[tokio::test]
async fn ci_gets_its_files() {
    let Some((_server, home)) = start().await else { return };
    let files =
        ["junit", "markdown", "svg", "html", "json"].map(|form| (form, home.path(&format!("diff.{form}"))));
    let saves: Vec<String> = files.iter().map(|(form, path)| format!("{form}={}", path.display())).collect();
    let mut args: Vec<&str> = RELEASES.to_vec();
    args.extend(["--fail-if", "cum>5pp", "--github-summary"]);
    for save in &saves {
        args.extend(["--save", save]);
    }
    let summary = home.path("summary.md");
    let mut variables = home.variables();
    variables.push(("GITHUB_STEP_SUMMARY".to_owned(), summary.display().to_string()));
    let exit = test_support::Process::run(crate::fixture::PROFILE_QUERY, &args, variables).await;
    assert_eq!(exit.code, Some(5), "{exit:#?}");
    let read = |at: usize| std::fs::read_to_string(&files[at].1).unwrap();
    assert!(read(0).contains("<failure message=\"1 beyond cum&gt;5pp\">parse</failure>"), "{}", read(0));
    assert!(read(1).contains("- :x: `cum>5pp`: `parse`"), "{}", read(1));
    assert!(read(2).starts_with("<svg") && read(2).contains("parse: 600 ms (30.0 %)"), "{}", read(2));
    assert!(read(3).contains("\"comparison\":true"));
    assert!(read(4).contains("\"cum>5pp\""));
    assert_eq!(std::fs::read_to_string(&summary).unwrap(), read(1));
    // Without the variable it is said how else.
    let exit = home.run(&[&RELEASES[..], &["--github-summary"]].concat()).await;
    assert_eq!(exit.code, Some(2));
    assert!(exit.stderr.contains("--save markdown=FILE"), "{}", exit.stderr);
}

#[tokio::test]
async fn two_files_are_compared_without_a_server() {
    let home = Home::with("");
    let (before, after) = (home.write("a.pb.gz", &cpu(BEFORE)), home.write("b.pb.gz", &cpu(AFTER)));
    let text = home.ok(&["diff", &before, &after]).await;
    assert!(text.contains("+10.00 pp") && text.contains("Functions: 5"), "{text}");
    let exit = home.run(&["diff", &before, &after, "--fail-if", "cum>5pp"]).await;
    assert_eq!(exit.code, Some(5), "{exit:#?}");
    let text = home.ok(&["diff", &before, &after, "--by", "none", "--sort", "cum", "-n", "1"]).await;
    assert!(text.contains("+1 s") && text.contains("(4 more functions changed)"), "{text}");
    let text = home.ok(&["diff", &before, &after, "--by", "second"]).await;
    assert!(text.contains("per second of each side's window"), "{text}");
    let text = home.ok(&["diff", &before, &after, "--ignore", "gc"]).await;
    assert!(!text.contains("gc") && text.contains("Left (baseline) ticks: 700000000 nanoseconds"), "{text}");
    let text = home.ok(&["diff", &before, &before]).await;
    assert!(text.ends_with("No function changed.\n"), "{text}");
    let exit = home.run(&["diff", &before, "/no/such/file"]).await;
    assert_eq!(exit.code, Some(2), "{exit:#?}");
    let junk = home.write("junk", b"junk");
    let exit = home.run(&["diff", &before, &junk]).await;
    assert_eq!(exit.code, Some(1), "{exit:#?}");
    let exit = home.run(&["diff", &before, &after, "--type", "wall"]).await;
    assert!(exit.code == Some(2) && exit.stderr.contains("there are cpu/nanoseconds"), "{exit:#?}");
}

#[tokio::test]
async fn a_side_without_data_is_named() {
    let Some((_server, home)) = start().await else { return };
    let exit = home.run(&["diff", "prod", "db", "-5h", "-4h", "-30m", "now"]).await;
    assert_eq!(exit.code, Some(3), "{exit:#?}");
    assert!(exit.stderr.contains("error: baseline: no data"), "{}", exit.stderr);
}
