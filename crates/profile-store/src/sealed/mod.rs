//! Parts on disk: blocks of plain Parquet with an index.

mod answers;
mod block;
mod cache;
mod catalog;
pub(crate) mod codec;
mod heads;
mod pages;
mod samples;
mod stacks;
mod summary;
mod symbols;
mod writer;

pub(crate) use block::Block;
pub(crate) use cache::Cache;
pub(crate) use catalog::{read_labels, write_labels};
pub(crate) use heads::Head;
pub(crate) use pages::RowCursor;
pub(crate) use summary::{Summary, Unusable, read_summary};
pub(crate) use symbols::{read as read_symbols, write as write_symbols};
pub(crate) use writer::{BlockWriter, WriteError, checksum};

/// The format of the index; a reader takes this one and those before it.
pub(crate) const FORMAT: u32 = 1;
/// Rows and symbols are packed at this level: higher ones cost more than they save.
const ZSTD_LEVEL: i32 = 3;

pub(crate) const INDEX: &str = "index.bin";
pub(crate) const SAMPLES: &str = "samples.parquet";
pub(crate) const STACKS: &str = "stacks.parquet";
/// The files whose length and checksum the index knows.
pub(crate) const FILES: [&str; 2] = [SAMPLES, STACKS];

/// Every reader of a section.
pub(crate) fn read_any_section(bytes: &[u8]) {
    if let Some(symbols) = symbols::read(bytes) {
        symbols.stacks().flatten().for_each(|id| assert!(symbols.frames_at(*id).count() > 0));
    }
    if let Some(catalog) = catalog::Catalog::read(bytes) {
        assert_eq!(catalog.index.len(), catalog.entries.len());
    }
    let _ = (pages::read(bytes), heads::read(bytes), Summary::read(bytes, 0));
}
