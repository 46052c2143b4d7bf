//! Nothing that is secret gets out: not on a screen, not into a log, not into a list of processes.

use std::process::Stdio;

use test_support::eventually;

use crate::fixture::{Home, PROFILE_QUERY};
use crate::stub::Stub;

const SECRETS: [&str; 6] =
    ["t0ken-s3cr3t", "passw0rd-s3cr3t", "cf-id-s3cr3t", "cf-s3cr3t", "header-s3cr3t", "env-s3cr3t"];

fn config(url: &str) -> String {
    format!(
        "[pyroscope.deployments.token]\nurl = \"{url}\"\ntoken = \"t0ken-s3cr3t\"\nheaders = {{ X-Key = \"header-s3cr3t\" }}\n\
         cf_access_client_id = \"cf-id-s3cr3t\"\ncf_access_client_secret = \"cf-s3cr3t\"\n\
         [pyroscope.deployments.basic]\nurl = \"{url}\"\nusername = \"me\"\npassword = \"passw0rd-s3cr3t\"\n\
         [pyroscope.deployments.wrong]\nurl = \"http://me:passw0rd-s3cr3t@host\"\ntoken = \"t0ken-s3cr3t\"\ntimeout = \"never\"\n\
         [parca.deployments.parca]\nurl = \"{url}\"\ntoken = \"t0ken-s3cr3t\"\n\
         [parca.deployments.parca-basic]\nurl = \"{url}\"\nusername = \"me\"\npassword = \"passw0rd-s3cr3t\"\n"
    )
}

#[tokio::test]
async fn no_secret_is_printed() {
    let stub = Stub::answering(401, r#"{"code":"unauthenticated","message":"who are you?"}"#).await;
    let home = Home::with(&config(&stub.url()));
    let mut said = String::new();
    let mut variables = home.variables();
    variables.push(("PROFILECLI_URL".to_owned(), stub.url()));
    variables.push(("PROFILECLI_TOKEN".to_owned(), "env-s3cr3t".to_owned()));
    for deployment in ["token", "basic", "wrong", "parca", "parca-basic", "nonsense", "-"] {
        for command in [
            &["config"][..],
            &["services"],
            &["labels"],
            &["flamegraph", "db"],
            &["diff", "db", "-2h", "-1h", "-30m", "now"],
            &["query", "Series"],
            &["link", "db"],
        ] {
            let (name, rest) = (command[0], &command[1..]);
            for flags in [&["--verbose"][..], &["--verbose", "--json"]] {
                let args: Vec<&str> = [name, deployment]
                    .into_iter()
                    .chain(rest.iter().copied())
                    .chain(flags.iter().copied())
                    .collect();
                let exit = test_support::Process::run(PROFILE_QUERY, &args, variables.clone()).await;
                said.push_str(&exit.stdout);
                said.push_str(&exit.stderr);
            }
        }
    }
    said.push_str(&home.ok(&["config"]).await);
    said.push_str(&home.ok(&["config", "--json"]).await);
    said.push_str(&home.run(&["--help"]).await.stdout);
    assert!(said.contains("who are you?") && said.contains("call=") && said.contains("(mistakes)"), "{said}");
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret} in\n{said}");
    }
    // In base64 neither.
    assert!(!said.contains("cGFzc3cwcmQ") && !said.contains("Basic "), "{said}");
    // But it was sent.
    let sent = |value: &str| stub.seen().iter().any(|seen| seen.header("authorization") == Some(value));
    assert!(sent("Bearer t0ken-s3cr3t") && sent("Bearer env-s3cr3t"));
}

#[tokio::test]
async fn no_secret_is_in_the_list_of_processes() {
    let stub = Stub::silent().await;
    let home = Home::with(&config(&stub.url()));
    for deployment in ["token", "basic", "parca"] {
        let before = stub.seen().len();
        let mut child = tokio::process::Command::new(PROFILE_QUERY)
            .args(["services", deployment])
            .envs(home.variables())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        eventually("the request", async || (stub.seen().len() > before).then_some(())).await;
        let id = child.id().unwrap();
        let mut listed = Vec::new();
        for file in ["cmdline", "comm"] {
            listed.extend(std::fs::read(format!("/proc/{id}/{file}")).unwrap());
        }
        let listed = String::from_utf8_lossy(&listed).into_owned();
        assert!(listed.contains("services") && !listed.contains("s3cr3t"), "{listed}");
        child.kill().await.unwrap();
    }
}

#[tokio::test]
async fn a_configuration_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::with(&config("http://localhost:1"));
    let path = home.path("config.toml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let exit = home.run(&["config"]).await;
    assert_eq!(exit.code, Some(0));
    assert!(exit.stderr.contains("has mode 644") && exit.stderr.contains("chmod 600"), "{}", exit.stderr);
}
