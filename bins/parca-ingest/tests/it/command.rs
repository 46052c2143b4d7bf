//! `run`: a command that is profiled keeps its exit code, and its profile says it.

use test_support::{PATIENCE, Process, Signal, needs};

use crate::{embedded, program, run, total};

const WORK: &str = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exit 3";

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_profiled_and_ends_as_it_would() {
    if needs("perf").is_none() {
        return;
    }
    let (server, stop) = embedded().await;
    let store = server.address().to_string();
    let profiled = |more: &[&str]| {
        let mut command = program();
        command.args(["run", "--insecure", "--store-address", &store]).args(more).arg("--");
        run(command.args(["sh", "-c", WORK]))
    };
    let (code, out, words) = profiled(&["-l", "build=7"]);
    if words.contains("perf left no recording") {
        test_support::missing("a kernel that lets perf record");
        return;
    }
    assert_eq!((code, out.as_str()), (3, ""), "{words}");
    assert!(words.contains("1 of 1 profiles stored") && words.contains("exit code 3, "), "{words}");
    assert!(words.contains(&format!("http://{store}/?expression_a=perf%3A")), "{words}");
    let labels = r#"{job="sh",exit_code="3",build="7"}"#;
    let time = total(server.address(), &format!("perf:cpu:nanoseconds:cpu:nanoseconds:delta{labels}")).await;
    assert!(time > 50_000_000, "{time} ns of CPU");

    // A store that is away does not change what the command says.
    let mut command = program();
    command.args(["run", "--insecure", "--store-address", "127.0.0.1:9", "--send-timeout", "1s", "--"]);
    let (code, _, words) = run(command.args(["sh", "-c", WORK]));
    assert!(code == 3 && words.contains("not sent in time"), "{words}");
    stop.cancel();
}

/// A server has no end: Ctrl-C is how its profile ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_interrupted_leaves_its_profile() {
    if needs("perf").is_none() {
        return;
    }
    let (server, stop) = embedded().await;
    let store = server.address().to_string();
    for asked in [Signal::INT, Signal::TERM] {
        // By the time of the line there are samples.
        let endless =
            "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo begun >&2; while :; do :; done";
        let arguments = ["run", "--insecure", "--store-address", &store, "--", "sh", "-c", endless];
        let mut running = Process::start(env!("CARGO_BIN_EXE_parca-ingest"), arguments, [("A", "b")]);
        running.stderr_line("its beginning", |line| line.contains("begun")).await;
        running.signal(asked);
        let exit = running.exit(PATIENCE).await;
        if exit.stderr.contains("perf left no recording") {
            test_support::missing("a kernel that lets perf record");
            return;
        }
        assert!(exit.code != Some(0) && exit.stderr.contains("1 of 1 profiles stored"), "{exit:?}");
    }
    stop.cancel();
}
