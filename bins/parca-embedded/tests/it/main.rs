//! The program as its users have it.
#![allow(clippy::unwrap_used)]

mod folder;
mod kill;
mod page;
mod process;
mod scrape;
mod sdks;
mod streams;

const PARCA_EMBEDDED: &str = env!("CARGO_BIN_EXE_parca-embedded");
const NONE: [(&str, &str); 0] = [];
