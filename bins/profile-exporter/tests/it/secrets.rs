//! What is secret goes to its server and nowhere else.

use test_support::{PATIENCE, Process, Signal};

use crate::fixture::{CPU, EXPORTER, Exporter, Folder, NONE, Parca};
use crate::receiver::Receiver;

const SECRETS: [&str; 5] = ["t0ken-f0r-parca", "passw0rd", "he4der-value", "user-s3cret", "k3y-in-query"];

fn config(parca: std::net::SocketAddr, receiver: std::net::SocketAddr) -> String {
    let [token, password, header, user, key] = SECRETS;
    format!(
        "
global: {{delay: 0s}}
remote_write:
- url: http://{receiver}/write?key={key}
  name: one
  basic_auth: {{username: {user}, password: {password}}}
  headers: {{X-Scope-OrgID: {header}}}
- url: http://127.0.0.1:1/write?key={key}
  name: away
  authorization: {{credentials: {password}}}
parca: {{address: '{parca}', insecure: true, bearer_token: {token}, headers: {{projectID: {header}}}}}
queries:
- {{name: q, query: '{CPU}', duration: 1s, matchers: [{{contains: json}}]}}
- {{name: wrong, query: 'nothing:like:this:is:there:delta', duration: 1s}}
"
    )
}

#[track_caller]
fn check(where_: &str, said: &str) {
    for secret in SECRETS {
        assert!(!said.contains(secret), "{secret} is in {where_}:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_log_metric_or_error() {
    let (parca, receiver) = (Parca::start().await, Receiver::start().await);
    let folder = Folder::new(&config(parca.address, receiver.address));
    let args = ["--log-level", "debug", "--shutdown-timeout", "100ms"];
    let exporter = Exporter::start_with(&folder, &args).await;
    receiver.stored.eventually(&["root_cumulative"], 3).await;
    let headers = &receiver.stored.headers()[0];
    assert_eq!(headers["x-scope-orgid"], SECRETS[2]);
    assert!(headers.contains_key("authorization"));
    check("/metrics", &exporter.get("/metrics").await.text());
    let exit = exporter.stop(Signal::TERM).await;
    assert!(exit.stderr.contains("DEBUG") || exit.stderr.contains("WARN"), "{exit:#?}");
    check("stderr", &exit.stderr);
    check("stdout", &exit.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_a_mistake() {
    let [token, password, header, ..] = SECRETS;
    let folder = Folder::new(&format!(
        "
remote_write:
- url: http://u:{password}@localhost:bad/
  basic_auth: {{username: x, password: {password}, password_file: y}}
  authorization: {{credentials: {token}}}
  bearer_token: [{token}]
  headers: {{Authorization: {header}}}
  oauth2: {{client_id: x, client_secret: {password}, scopes: {header}}}
parca: {{address: 'x', bearer_token: {token}, bearer_token_file: y, headers: [{header}]}}
queries: []
"
    ));
    let config = folder.config();
    for args in [&["check-config"][..], &[]] {
        let exit =
            Process::start(EXPORTER, args.iter().chain(&["--config-file", config.to_str().unwrap()]), NONE)
                .exit(PATIENCE)
                .await;
        assert_eq!(exit.code, Some(2), "{exit:#?}");
        assert!(exit.stderr.lines().count() > 5, "{}", exit.stderr);
        check("stderr", &exit.stderr);
    }
}
