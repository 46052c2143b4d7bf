//! `--config-path`: one command is a small Parca.

use test_support::{Process, address_in, target};

use crate::{NONE, PARCA_EMBEDDED};

#[tokio::test(flavor = "multi_thread")]
async fn targets_of_the_config_are_scraped_into_the_own_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parca.yaml");
    let address = target("goroutine profile: total 2\n2 @ 0x11\n");
    let text = format!(
        "scrape_configs: [{{job_name: j, scrape_interval: 100ms, static_configs: [{{targets: ['{address}']}}]}}]\n"
    );
    std::fs::write(&file, text).unwrap();
    let arguments = ["--http-address", "127.0.0.1:0", "--config-path", file.to_str().unwrap()];
    let mut server = Process::start(PARCA_EMBEDDED, arguments, NONE);
    let line = server.stderr_line("its address", |line| line.contains("serving")).await;
    let url = format!("http://{}", address_in(&line).unwrap());
    let client = parca_client::Client::new(&parca_client::Settings::new(url)).unwrap();
    loop {
        let types = client.profile_types(&Default::default()).await.unwrap_or_default();
        if types.iter().any(|one| one.name == "goroutine") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let targets = client.targets(&Default::default()).await.unwrap();
    assert_eq!((targets.len(), targets[0].job.as_str()), (5, "j"), "{targets:?}");
}
