//! Any text is a config of scrape jobs or mistakes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = ingest::config::parse(text, "parca.yaml", std::path::Path::new(""));
});
