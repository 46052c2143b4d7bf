//! What `perf report` says of a recording, and the same of ours.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use profile_model::{LocationId, Profile};

/// Shares of samples in percent, by binary and function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) own: Shares,
    /// With what they call; empty where perf does not say.
    pub(crate) with_callees: Shares,
}

type Shares = BTreeMap<(String, String), f64>;

pub(crate) const KERNEL: &str = "[kernel.kallsyms]";
const UNKNOWN: &str = "[unknown]";

/// The tables of a report, one for each event that has samples.
pub(crate) fn parse(text: &str) -> Vec<Table> {
    let mut tables = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if line.contains("of event") {
            tables.push(Table::default());
            continue;
        }
        let words: Vec<&str> = line.split(';').map(str::trim).collect();
        let [with_callees, own, binary, symbol] = words[..] else { continue };
        let percent = |text: &str| text.trim_end_matches('%').parse::<f64>();
        let Ok(own) = percent(own) else { continue };
        let name = symbol.split_once("] ").map_or(symbol, |(_, name)| name);
        let name = if name.starts_with("0x") { UNKNOWN } else { name };
        let table = tables.last_mut().expect("an event comes before its lines");
        let key = (binary.to_owned(), name.to_owned());
        *table.own.entry(key.clone()).or_default() += own;
        // Of streams, perf 6.1 says `N/A`.
        if let Ok(with_callees) = percent(with_callees) {
            *table.with_callees.entry(key).or_default() += with_callees;
        }
    }
    tables
}

/// Runs `perf report` on a recording.
pub(crate) fn of_perf(perf: &str, recording: &Path) -> Vec<Table> {
    let mut command = Command::new(perf);
    command.args(["report", "--children", "-g", "none", "-s", "dso,sym", "-F", "overhead_children,overhead"]);
    command.args(["--no-inline", "--percent-limit", "0", "--stdio", "-t", ";", "-i"]).arg(recording);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    parse(&String::from_utf8_lossy(&output.stdout))
}

/// The table of an event of ours: each has a count of samples and what they stand for, which perf's shares are of.
pub(crate) fn of(profile: &Profile, event: usize) -> Table {
    let column = 2 * event + 1;
    let total: f64 = profile.samples.iter().map(|sample| sample.values[column] as f64).sum();
    let mut table = Table::default();
    for sample in profile.samples.iter() {
        let share = 100.0 * sample.values[column] as f64 / total;
        let mut names: Vec<_> =
            profile.symbols.stack(sample.stack).iter().map(|id| name(profile, *id)).collect();
        *table.own.entry(names[0].clone()).or_default() += share;
        names.sort();
        names.dedup();
        names.into_iter().for_each(|name| *table.with_callees.entry(name).or_default() += share);
    }
    table
}

fn name(profile: &Profile, id: LocationId) -> (String, String) {
    let symbols = &profile.symbols;
    let location = symbols.location(id);
    let file = location.mapping.map(|mapping| symbols.string(symbols.mapping(mapping).file));
    let binary = file.map_or(UNKNOWN, |file| file.rsplit('/').next().unwrap_or(file));
    let function = location.lines.last().and_then(|line| line.function);
    let name = function.map_or(UNKNOWN, |function| symbols.string(symbols.function(function).name));
    (binary.to_owned(), name.to_owned())
}

/// The largest difference of two tables, in points, and where it is; unnamed code counts by its binary.
pub(crate) fn difference(ours: &Shares, theirs: &Shares) -> (f64, String) {
    let keys = ours.keys().chain(theirs.keys());
    let get = |shares: &Shares, key| shares.get(key).copied().unwrap_or_default();
    let differences = keys.map(|key| ((get(ours, key) - get(theirs, key)).abs(), format!("{key:?}")));
    differences.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default()
}

/// The shares with the kernel as one function.
pub(crate) fn with_one_kernel(shares: &Shares) -> Shares {
    let mut all = Shares::new();
    for ((binary, name), share) in shares {
        let name = if binary == KERNEL { KERNEL } else { name };
        *all.entry((binary.clone(), name.to_owned())).or_default() += share;
    }
    all
}
