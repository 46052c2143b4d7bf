//! Requests by an access command.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use pyroscope_client::{Access, AccessCommand, Client, ErrorKind, Settings};

use crate::fake::{millis, selection};

/// A program that writes its arguments and its input beside itself, then does what it is told.
struct Program {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Program {
    fn new(then: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access");
        let dir = folder.path().display();
        let script = format!(
            "#!/bin/sh\nfor a in \"$@\"; do printf '%s\\n' \"$a\"; done > {dir}/args\ncat > {dir}/stdin\n{then}\n"
        );
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder, path }
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::new("http://h.example/base/");
        let command = format!("{} access  curl $(touch pwned)", self.path.display());
        settings.access = Access::Command(AccessCommand::parse(&command).unwrap());
        settings
    }

    fn client(&self) -> Client {
        Client::new(&self.settings()).unwrap()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}

#[tokio::test]
async fn arguments_come_in_the_scripts_order_and_no_shell_sees_them() {
    let program = Program::new("echo '{\"names\":[\"a\"]}'");
    let mut settings = program.settings();
    settings.tenant = Some("t".to_owned());
    let names = Client::new(&settings).unwrap().label_names(&[], millis(1, 2)).await.unwrap();
    assert_eq!(names, ["a"]);
    let expect = [
        "access",
        "curl",
        "$(touch",
        "pwned)",
        "http://h.example/base/querier.v1.QuerierService/LabelNames",
        "-s",
        "-X",
        "POST",
        "-H",
        "Content-Type: application/json",
        "-d",
        r#"{"start":"1","end":"2"}"#,
        "-H",
        "X-Scope-OrgID: t",
    ];
    assert_eq!(program.read("args").lines().collect::<Vec<_>>(), expect);
    assert_eq!(program.read("stdin"), "");
}

#[tokio::test]
async fn bodies_that_curl_would_take_for_something_else_go_to_its_input() {
    let program = Program::new("echo '{}'");
    for body in ["@/etc/passwd".to_owned(), "x".repeat(300_000)] {
        program.client().raw("Series", body.clone()).await.unwrap();
        assert_eq!(program.read("stdin"), body);
        assert!(program.read("args").ends_with("--data-binary\n@-\n"));
    }
}

#[tokio::test]
async fn failures_are_told_with_what_the_program_said() {
    let check = async |then: &str, kind: ErrorKind, expect: &str| {
        let program = Program::new(then);
        let error = program.client().tree(&selection(1, 2)).await.unwrap_err();
        let path = program.path.display().to_string();
        assert_eq!((error.kind(), error.message().replace(&path, "PROGRAM").as_str()), (kind, expect));
    };
    check(
        "echo you are not logged in >&2; exit 7",
        ErrorKind::Unreachable,
        "the access command `PROGRAM` ended with exit status: 7: you are not logged in",
    )
    .await;
    check("echo '{\"code\":\"not_found\",\"message\":\"x\"}'", ErrorKind::Rejected, "x").await;
    check("echo; echo '<html>'", ErrorKind::NotPyroscope, "expected an answer in JSON, found `<html>`").await;
    check("exit 0", ErrorKind::NotPyroscope, "expected an answer in JSON, found an empty body").await;

    let mut settings = Settings::new("http://h");
    settings.access = Access::Command(AccessCommand::parse("/nowhere/x --token hunter2").unwrap());
    let error = Client::new(&settings).unwrap().tree(&selection(1, 2)).await.unwrap_err();
    assert_eq!(error.message(), "the access command `/nowhere/x` cannot be started");
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_program_that_hangs_or_floods_is_ended() {
    let program = Program::new("exec sleep 1000");
    let mut settings = program.settings();
    settings.timeout = Duration::from_millis(50);
    let error = Client::new(&settings).unwrap().tree(&selection(1, 2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);

    let program = Program::new("exec yes");
    let mut settings = program.settings();
    settings.max_response_bytes = 1000;
    let error = Client::new(&settings).unwrap().tree(&selection(1, 2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
}
