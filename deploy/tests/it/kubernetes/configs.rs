//! The configs that become ConfigMaps, judged by the programs that read them.

use test_support::Process;

use super::typed::manifests;
use crate::files::{read, top};
use crate::programs::program;
use crate::yaml::document;

const NONE: [(&str, &str); 0] = [];

#[tokio::test]
async fn programs_find_no_mistake_in_their_configs() {
    let folder = top().join("deploy/kubernetes");
    let scrape = folder.join("parca-ingest/parca.yaml").display().to_string();
    let exit =
        Process::run(program("parca-ingest"), ["scrape", "--check", "--config-path", &scrape], NONE).await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let config = folder.join("profile-exporter/profile-exporter-config.yaml").display().to_string();
    let exit =
        Process::run(program("profile-exporter"), ["check-config", "--config-file", &config], NONE).await;
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit:#?}");
}

#[test]
fn the_scraper_may_watch_what_its_config_discovers_and_nothing_else() {
    let config = document(&read("deploy/kubernetes/parca-ingest/parca.yaml"));
    let discoveries = config["scrape_configs"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|job| job["kubernetes_sd_configs"].as_array().unwrap());
    // What `kubernetes_sd_configs` asks the API server for by role, as docs/ingestion.md has it.
    let needed: Vec<&str> = discoveries
        .map(|discovery| match discovery["role"].as_str().unwrap() {
            "pod" => "pods",
            role => panic!("add the rights of {role} to the ClusterRole and to this test"),
        })
        .collect();
    let (_, role) = manifests().into_iter().find(|(_, one)| one["kind"] == "ClusterRole").unwrap();
    let rules = serde_json::json!([{"apiGroups": [""], "resources": needed, "verbs": ["list", "watch"]}]);
    assert_eq!(role["rules"], rules);
}
