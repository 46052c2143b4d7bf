//! Any text is a configuration or mistakes that can be shown, read as TOML and as the scripts did; no
//! message holds a secret, wherever the mistake is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use query::deployments::{Deployments, Kind};

const SECRET: &str = "hunter2hunter2";

fuzz_target!(|text: &str| {
    check(text);
    if text.contains(SECRET) {
        return;
    }
    let section = format!(
        "[pyroscope.deployments.a]\nurl = \"http://h\"\ntoken = \"{SECRET}\"\npassword = '{SECRET}'\ncf_access_client_secret = {SECRET}\n"
    );
    let line = text.replace(['\r', '\n'], " ");
    let quoted_somehow = format!("[parca.deployments.b]\ntoken = {line}{SECRET}\n");
    for whole in [format!("{section}{text}"), format!("{text}\n{section}"), quoted_somehow] {
        let shown = check(&whole);
        assert!(!shown.contains(SECRET), "{shown}");
    }
});

/// All that is said about a file.
fn check(text: &str) -> String {
    let mut shown = String::new();
    match Deployments::parse(text) {
        Err(error) => shown.push_str(&format!("{error} {error:?} {:?}", error.hint())),
        Ok(deployments) => {
            for warning in &deployments.warnings {
                assert!(warning.line <= text.lines().count() + 1, "{warning}");
                shown.push_str(&warning.to_string());
            }
            for listed in &deployments.list {
                match &listed.deployment {
                    Ok(deployment) => shown.push_str(&format!("{deployment:?} {}", deployment.auth())),
                    Err(mistakes) => {
                        assert!(!mistakes.is_empty());
                        mistakes.iter().for_each(|mistake| shown.push_str(&mistake.to_string()));
                    }
                }
            }
            for kind in [None, Some(Kind::Pyroscope), Some(Kind::Parca)] {
                let _ = deployments.find("a", kind).map(|found| found.auth());
            }
        }
    }
    shown
}
