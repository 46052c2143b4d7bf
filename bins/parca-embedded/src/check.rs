//! `check`: what is in a data folder.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use durable::{FolderLock, LockError, StdDisk};
use ops::{console, eprint_line};
use profile_model::Timestamp;
use profile_store::{BlockReport, Report, Waste};
use words::counted;

use crate::Failure;

/// Says what is there; exit code 1 where something that was stored cannot be read.
pub(crate) fn run(folder: &Path) -> Result<ExitCode, Failure> {
    warn_if_in_use(folder)?;
    let report = profile_store::check(&StdDisk::shared(), folder)?;
    console::print(text(folder, &report))?;
    Ok(if report.is_damaged() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A server that works in the folder while it is read makes damage appear where none is.
pub(crate) fn warn_if_in_use(folder: &Path) -> Result<(), Failure> {
    if !folder.join("LOCK").exists() {
        return Ok(());
    }
    match FolderLock::peek(folder, "LOCK") {
        Ok(()) => Ok(()),
        Err(LockError::Held { holder, .. }) => {
            let who = holder.unwrap_or_else(|| "another process".to_owned());
            eprint_line(&format!(
                "warning: the folder is in use by {who}: what it changes meanwhile may look damaged"
            ));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

fn text(folder: &Path, report: &Report) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line(format!("{}: store {}", folder.display(), report.store));
    if let Some(problem) = &report.manifest_problem {
        line(format!("MANIFEST: DAMAGED: {problem}; the next start makes it again from the blocks"));
    }
    let profiles: u64 = report.blocks.iter().map(|block| block.profiles).sum();
    let bytes: u64 = report.blocks.iter().map(|block| block.bytes).sum();
    let profiles = counted(profiles, "profile", "profiles");
    line(format!("blocks: {}, {profiles}, {}", report.blocks.len(), words::bytes(bytes)));
    report.blocks.iter().for_each(|block| line(block_line(block)));
    let log = &report.log;
    let requests = counted(log.records, "request", "requests");
    let segments = counted(log.segments, "segment", "segments");
    line(format!("log: {requests} in {segments}, {}", words::bytes(log.bytes)));
    let counts = [
        (
            log.sealed_records,
            "request that is in a block, too; the next start removes it",
            "requests that are in blocks, too; the next start removes them",
        ),
        (
            log.torn_bytes,
            "byte of a torn end, which nobody was told of; the next start cuts it off",
            "bytes of a torn end, which nobody was told of; the next start cuts them off",
        ),
        (log.lost_bytes, "byte of DAMAGED requests", "bytes of DAMAGED requests"),
        (log.unreadable_records, "whole request that CANNOT BE READ", "whole requests that CANNOT BE READ"),
    ];
    let there = counts.iter().filter(|(count, ..)| *count > 0);
    there.for_each(|(count, one, many)| line(format!("  {}", counted(*count, one, many))));
    let mut wasted = |what: &str, waste: &[Waste]| {
        if !waste.is_empty() {
            let bytes = words::bytes(waste.iter().map(|waste| waste.bytes).sum());
            line(format!("{what}: {}, {bytes}", waste.len()));
            waste
                .iter()
                .for_each(|waste| line(format!("  {}, {}", waste.path.display(), words::bytes(waste.bytes))));
        }
    };
    wasted("set aside as DAMAGED", &report.aside);
    wasted("left over, removed by the next start", &report.left_over);
    line(if report.is_damaged() { "damaged".to_owned() } else { "sound".to_owned() });
    out
}

fn block_line(block: &BlockReport) -> String {
    let BlockReport { id, series, profiles, rows, bytes, times, problem, .. } = block;
    let [first, last] = [times.0, times.1].map(|nanos| time(Timestamp::from_nanos(nanos)));
    let bytes = words::bytes(*bytes);
    let (profiles, rows) = (counted(*profiles, "profile", "profiles"), counted(*rows, "row", "rows"));
    let counts = format!("{series} series, {profiles}, {rows}, {bytes}");
    let problem = problem.as_ref().map_or(String::new(), |problem| format!(", DAMAGED: {problem}"));
    format!("  block {id}: {first} to {last}, {counts}{problem}")
}

/// An instant as people read it.
fn time(of: Timestamp) -> String {
    let since = std::time::Duration::new(of.seconds().unsigned_abs(), of.subsec_nanos());
    match of.seconds() {
        0.. => timespec::rfc3339(std::time::SystemTime::UNIX_EPOCH + since),
        seconds => format!("{seconds}s"),
    }
}
