//! Blocks are read by another engine where they lie, and say the same.

use std::path::Path;
use std::process::Command;

use profile_store::{DiskSettings, Merge, Span, Store};

use crate::disk::DAY;
use crate::fixture::{filter, stacks, write};

/// The statements of docs/scaling.md, which this test runs.
const GUIDE: &str = include_str!("../../../../docs/scaling.md");

/// A Python that has DuckDB: `DUCKDB_PYTHON`, or `python3`.
fn python() -> Option<String> {
    let named = std::env::var("DUCKDB_PYTHON").ok();
    let python = named.unwrap_or_else(|| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import duckdb"]).output();
    if has.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    test_support::missing("duckdb");
    None
}

/// What a statement of the guide gives over the blocks of a folder, a line for each row.
fn run(python: &str, folder: &Path, sql: &str) -> Vec<String> {
    let script = "import duckdb, sys\nfor row in duckdb.sql(sys.argv[1]).fetchall(): print(*row, sep='|')";
    let output = Command::new(python).current_dir(folder).args(["-c", script, sql]).output().unwrap();
    assert!(output.status.success(), "{sql}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The statement under a heading of the guide.
fn statement(heading: &str) -> &'static str {
    let after = GUIDE.split(heading).nth(1).unwrap_or_else(|| panic!("no `{heading}` in the guide"));
    after.split("```sql\n").nth(1).unwrap().split("```").next().unwrap()
}

#[test]
fn duckdb_reads_blocks_and_says_the_same() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut settings = DiskSettings::new(folder.path());
    settings.background = false;
    settings.min_free_bytes = 0;
    let store = Store::open(settings, "").unwrap();
    let second = 1_000_000_000;
    for round in 0..40_i64 {
        let leaf = format!("leaf{}", round % 4);
        let rows: [(&[&str], i64); 2] = [(&[&leaf, "main"], round + 1), (&["main"], 2)];
        // The second block has a label that the first one does not have.
        let pod = format!("p{}", round % 3);
        let labels = [("pod", pod.as_str()), ("zone", if round > 20 { "z" } else { "" })];
        store.write(write(&labels, &stacks(20_000 * DAY + round * second, &rows))).unwrap();
        if round == 20 {
            store.seal_now().unwrap();
        }
    }
    store.seal_now().unwrap();

    let ask = Merge { filter: filter(""), span: Span::ALL, group_by: Vec::new(), in_periods: false };
    let merged = store.view().merge(&ask).unwrap().unwrap();
    let mut expect: Vec<(i64, String)> = merged
        .rows
        .iter()
        .map(|(_, stack, value)| {
            let names =
                merged.symbols.frames(*stack).map(|frame| merged.symbols.frame_name(&frame).to_string());
            (-value, names.collect::<Vec<_>>().join(" < "))
        })
        .collect();
    expect.sort();
    let expect: Vec<String> =
        expect.into_iter().map(|(value, stack)| format!("{stack}|{}", -value)).collect();
    assert_eq!(run(&python, folder.path(), statement("### Stacks")), expect);

    let types = run(&python, folder.path(), statement("### Profile types"));
    assert_eq!(types.len(), 2, "{types:?}");
    assert!(types[0].starts_with("process_cpu|cpu|nanoseconds|") && types[0].ends_with("|40"), "{types:?}");

    let flat = run(&python, folder.path(), statement("### Functions"));
    let work: i64 =
        merged.rows.iter().filter(|(_, stack, _)| merged.symbols.stack(*stack).len() == 1).map(|r| r.2).sum();
    assert!(flat.contains(&format!("main|{work}")), "{flat:?}");

    let by_label = run(&python, folder.path(), statement("### Labels over time"));
    let total: i64 = by_label.iter().map(|row| row.rsplit('|').next().unwrap().parse::<i64>().unwrap()).sum();
    assert_eq!(total, merged.total);
}
