//! Tenants on disk: a folder each, which outlives the program.

use std::path::Path;

use parca_client::{Client, Settings, Token};
use test_support::{PATIENCE, Process, Signal};

use super::ACCESS;
use crate::folder::{Server, numbered};
use crate::{NONE, PARCA_EMBEDDED};

fn client(server: &Server, token: &str) -> Client {
    let mut settings = Settings::new(format!("http://{}", server.address));
    settings.token = Token::Value(token.into());
    Client::new(&settings).unwrap()
}

async fn served(folder: &Path, access: &str) -> Server {
    Server::start(folder, &["--auth-file", access]).await
}

async fn ended(server: Server) {
    server.process.signal(Signal::TERM);
    let exit = server.process.exit(PATIENCE).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
}

#[tokio::test]
async fn profiles_of_a_tenant_are_in_a_folder_of_its_own_and_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (access, data) = (folder.path().join("access"), folder.path().join("data"));
    std::fs::write(&access, ACCESS).unwrap();
    let access = access.to_str().unwrap();
    let server = served(&data, access).await;
    for number in 0..3 {
        client(&server, "of-a").write_raw(&numbered(number)).await.unwrap();
    }
    ended(server).await;

    let of_tenant = data.join("tenants/a");
    let exit = Process::run(PARCA_EMBEDDED, ["check", of_tenant.to_str().unwrap()], NONE).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(exit.stdout.contains("log: 3 requests in 1 segment,"), "{}", exit.stdout);
    assert!(exit.stdout.ends_with("sound\n") && !exit.stdout.contains("torn"), "{}", exit.stdout);

    let server = served(&data, access).await;
    for (token, expect) in [("of-a", 1), ("both", 0)] {
        let types = client(&server, token).profile_types(&Default::default()).await.unwrap();
        assert_eq!(types.len(), expect, "{token}");
    }
    ended(server).await;
}
