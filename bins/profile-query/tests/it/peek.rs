//! `profile-query peek`, and runs of wrappers collapsed.

use test_support::Process;

use crate::fixture::{Home, PROFILE_QUERY};

const STACKS: &[u8] = b"main;serve;wrap;parse 6\nmain;serve;wrap;render 3\nmain;gc 1\n";

#[tokio::test]
async fn a_function_stands_between_callers_and_callees() {
    let home = Home::with("");
    let file = home.write("x.folded", STACKS);
    let text = home.ok(&["peek", &file, "wrap"]).await;
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let row = |cells: &[&str]| assert!(rows.iter().any(|row| row == cells), "{cells:?} in\n{text}");
    row(&["9", "samples", "100.0", "%", "serve"]);
    row(&["0", "samples", "9", "samples", "90.0", "%", "wrap"]);
    row(&["6", "samples", "66.7", "%", "parse"]);
    // A name that is no regular expression is text, and what nobody is called is no data.
    let exit =
        Process::run(PROFILE_QUERY, ["peek", file.as_str(), "(*Server).Serve"], home.variables()).await;
    assert_eq!(exit.code, Some(3), "{exit:#?}");
    assert!(exit.stderr.contains("no function is called like `(*Server).Serve`"), "{}", exit.stderr);
}

#[tokio::test]
async fn runs_of_wrappers_become_the_last_of_them() {
    let home = Home::with("");
    let file = home.write("x.folded", STACKS);
    let folded = home.ok(&["flamegraph", &file, "--collapse", "--output", "folded"]).await;
    assert_eq!(folded, "main;gc 1\nmain;wrap;parse 6\nmain;wrap;render 3\n");
}
