//! Every command line of the document of the scripts against parca-embedded and nothing else: what is expected is
//! what a server made of Pyroscope's own handlers answers.

use parca_embedded::Settings;
use test_support::Exit;
use tokio_util::sync::CancellationToken;

use crate::fixture::Home;
use crate::golden;
use crate::spec::{COMMANDS, fill};

#[tokio::test]
async fn every_command_of_the_document_works_on_parca_embedded() {
    let stop = CancellationToken::new();
    let mut settings = Settings::default();
    settings.self_profile_every = None;
    let server = parca_embedded::start("127.0.0.1:0", settings, stop.clone()).await.unwrap();
    let home = Home::at(&format!("http://{}/", server.address()));
    fill(&home).await;
    let address = server.address().to_string();
    for (file, script, args) in COMMANDS {
        let Exit { code, stdout, stderr } = home.script(&format!("pyroscope-{script}"), args).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{script} {args:?}\n{stdout}");
        golden::check(file, &stdout, &[(&address, "ADDRESS")]);
    }
    stop.cancel();
    server.finished().await;
}
