//! The token from Vault, against a server that speaks as Vault does.

use std::time::Duration;

use test_support::{
    Exit, GrpcDouble, PATIENCE, Process, Reply, Signal, Vault, VaultSettings, eventually, unused_address,
};

use crate::fixture::{NONE, PARCA_LOAD};

const JWT: &str = "the-service-account";

/// Starts parca-load with these flags for Vault.
fn start(url: &str, vault: &str, jwt_file: &str, more: &[&str]) -> Process {
    let own = ["-url", url, "-addr", "none", "-query-interval", "50ms", "-vault-url", vault];
    let file = ["-vault-jwt-file", jwt_file];
    Process::start(PARCA_LOAD, own.iter().chain(&file).chain(more), NONE)
}

fn jwt_file(folder: &tempfile::TempDir) -> String {
    let file = folder.path().join("jwt");
    std::fs::write(&file, format!("{JWT}\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_login_is_renewed_in_time_and_made_anew_where_that_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = VaultSettings::new(JWT, "first");
    settings.lease = Duration::from_secs(3);
    let vault = Vault::start(settings).await;
    let double = GrpcDouble::start(|_| Reply::Message(Vec::new())).await;
    let mut process = start(&double.url(), &vault.url(), &jwt_file(&folder), &[]);
    let comes = async |token: &str| {
        let value = format!("Bearer {token}");
        eventually(token, || async {
            double.calls().last().filter(|call| call.header("authorization") == Some(&value)).map(|_| ())
        })
        .await;
    };
    comes("first").await;
    eventually("a renewal", || async { (vault.counts().renewals > 0).then_some(()) }).await;
    // In time: the lease was still good, so nothing was refused and nobody logged in again.
    assert_eq!((vault.counts().logins, vault.counts().refusals), (1, 0));
    // A renewal also reads the secret again.
    vault.rotate("second");
    comes("second").await;

    vault.refuse_renewals();
    eventually("a second login", || async { (vault.counts().logins > 1).then_some(()) }).await;
    vault.rotate("third");
    comes("third").await;
    assert!(process.is_running());
    let calls = double.calls();
    let without = calls.iter().filter(|call| call.header("authorization").is_none()).count();
    assert_eq!(without, 0, "a call without a token");
}

#[tokio::test]
async fn what_vault_refuses_is_told_with_role_or_path() {
    let folder = tempfile::tempdir().unwrap();
    let good = jwt_file(&folder);
    let bad = folder.path().join("bad");
    std::fs::write(&bad, "somebody-else").unwrap();
    let vault = Vault::start(VaultSettings::new(JWT, "first")).await;
    let (url, nobody) = (vault.url(), format!("http://{}", unused_address()));
    let check = async |vault: &str, jwt_file: &str, more: &[&str], words: &[&str]| {
        let Exit { code, stderr, .. } = start(&nobody, vault, jwt_file, more).exit(PATIENCE).await;
        assert_eq!(code, Some(1), "{more:?}: {stderr}");
        for words in words {
            assert!(stderr.contains(words), "expected `{words}`, found {stderr}");
        }
    };
    let login = format!("error: cannot log in to Vault at `{url}/` as `admin`");
    check(&url, &good, &["-vault-role", "admin"], &[&login, "invalid role name"]).await;
    check(&url, bad.to_str().unwrap(), &[], &["as `parca-load`", "permission denied"]).await;
    let read = "error: cannot read `secret/elsewhere` from Vault";
    check(&url, &good, &["-vault-token-path", "elsewhere"], &[read, "hint: the role needs `read` on"]).await;
    check(&url, "/nowhere", &[], &["service account's token `/nowhere`", "hint: outside Kubernetes"]).await;
    check(&nobody, &good, &[], &["cannot log in to Vault", &nobody]).await;
}

#[tokio::test]
async fn a_vault_that_does_not_answer_can_be_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let process = start(&url, &url, &jwt_file(&folder), &[]);
    let _login = silent.accept().await.unwrap();
    process.signal(Signal::TERM);
    let exit = process.exit(PATIENCE).await;
    // Without that, the login fails after its own time, with exit 1.
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(0), ""), "{exit:#?}");
}
