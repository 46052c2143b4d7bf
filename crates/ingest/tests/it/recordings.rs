//! Recordings of perf: the shares of functions are those that `perf report` says, within a point.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ingest::forms::{FormOptions, Read, read};
use ingest::symbols::SymbolOptions;

use crate::report::{self, Table, difference, with_one_kernel};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings")
}

fn read_with(bytes: &[u8], root: Option<PathBuf>, folders: Vec<PathBuf>) -> Read {
    let mut symbols = SymbolOptions::default();
    (symbols.root, symbols.folders) = (root, folders);
    let mut options = FormOptions::default();
    options.symbols = Some(symbols);
    read(bytes, &options).unwrap()
}

fn recorded(name: &str) -> (Read, Vec<Table>) {
    let bytes = fs::read(folder().join(name).with_extension("data")).unwrap();
    let text = fs::read_to_string(folder().join(name).with_extension("report")).unwrap();
    (read_with(&bytes, Some(folder().join("root")), Vec::new()), report::parse(&text))
}

/// As everywhere but on the machine that recorded, the kernel has no names.
fn check(name: &str, events: usize) {
    let (read, theirs) = recorded(name);
    assert_eq!(theirs.len(), events, "{name}");
    let profile = &read.profiles[0];
    assert_eq!(profile.sample_types.len(), 2 * events, "{name}");
    for (event, theirs) in theirs.iter().enumerate() {
        let ours = report::of(profile, event);
        let (most, place) = difference(&with_one_kernel(&ours.own), &with_one_kernel(&theirs.own));
        assert!(most < 1.0, "{name}, event {event}: {most} points at {place}");
        // One kernel is no sum of its functions here, as they call each other.
        let of_programs = |table: &Table| {
            let mut shares = table.with_callees.clone();
            shares.retain(|(binary, _), _| binary.starts_with("burn"));
            shares
        };
        let (ours, theirs) = (of_programs(&ours), of_programs(theirs));
        assert!(ours.len() >= 4, "{name}: {ours:?}");
        if theirs.is_empty() {
            continue;
        }
        let (most, place) = difference(&ours, &theirs);
        assert!(most < 1.0, "{name}, event {event}, with callees: {most} points at {place}");
    }
}

/// How many functions of programs have a name.
fn named_programs(table: &Table) -> usize {
    table.own.keys().filter(|(binary, name)| binary != report::KERNEL && name != "[unknown]").count()
}

#[test]
fn a_plain_recording() {
    check("plain", 1);
}

#[test]
fn calls_that_were_inlined_are_lines_of_their_place() {
    let (read, _) = recorded("plain");
    let symbols = &read.profiles[0].symbols;
    let name = |line: &profile_model::Line| symbols.string(symbols.function(line.function.unwrap()).name);
    let names = |location: profile_model::Location<'_>| location.lines.iter().map(name).collect::<Vec<_>>();
    let all: Vec<_> = symbols.locations().map(names).collect();
    assert!(all.contains(&vec!["inlined", "compute"]), "{all:?}");
}

#[test]
fn a_compressed_recording() {
    check("compressed", 1);
}

#[test]
fn a_recording_of_two_events() {
    check("two-events", 2);
}

#[test]
fn a_recording_from_a_pipe() {
    check("stream", 1);
}

#[test]
fn a_recording_with_build_ids_in_its_maps() {
    check("build-ids-in-maps", 1);
}

#[test]
fn a_recording_with_copies_of_stacks() {
    check("dwarf", 1);
}

/// perf kept a copy of the program before it was stripped, and found the names there.
#[test]
fn a_stripped_program_has_names_from_debug_information_of_its_build() {
    let bytes = fs::read(folder().join("stripped.data")).unwrap();
    let theirs = report::parse(&fs::read_to_string(folder().join("stripped.report")).unwrap()).remove(0);
    let root = folder().join("root");
    let bare = report::of(&read_with(&bytes, Some(root.clone()), Vec::new()).profiles[0], 0);
    assert_eq!(named_programs(&bare), 0, "{bare:?}");

    let debug = tempfile::tempdir().unwrap();
    let recorded = read_with(&bytes, Some(root.clone()), Vec::new());
    let symbols = &recorded.profiles[0].symbols;
    let program = symbols.mappings().iter().find(|one| symbols.string(one.file).ends_with("burn-stripped"));
    let (first, rest) = symbols.string(program.unwrap().build_id).split_at(2);
    let place = debug.path().join(".build-id").join(first);
    fs::create_dir_all(&place).unwrap();
    fs::copy(root.join("tmp/recorded/burn"), place.join(format!("{rest}.debug"))).unwrap();
    let named = read_with(&bytes, Some(root), vec![debug.path().to_owned()]);
    let ours = report::of(&named.profiles[0], 0);
    let (most, place) = difference(&with_one_kernel(&ours.own), &with_one_kernel(&theirs.own));
    assert!(most < 1.0, "{most} points at {place}");
}

#[test]
fn a_program_that_was_replaced_gives_no_names_and_says_why() {
    let root = tempfile::tempdir().unwrap();
    let place = root.path().join("tmp/recorded");
    fs::create_dir_all(&place).unwrap();
    fs::copy(folder().join("root/tmp/recorded/burn-no-fp"), place.join("burn")).unwrap();
    let bytes = fs::read(folder().join("plain.data")).unwrap();
    let read = read_with(&bytes, Some(root.path().to_owned()), Vec::new());
    let ours = report::of(&read.profiles[0], 0);
    assert_eq!(named_programs(&ours), 0, "{ours:?}");
    let note = read.notes.iter().find(|note| note.contains("burn")).unwrap();
    assert!(note.contains("it was replaced: expected the build id"), "{note}");
}

#[test]
fn a_kernel_from_elsewhere_gives_no_names_and_says_why() {
    let (read, _) = recorded("plain");
    let kernel = read.notes.iter().find(|note| note.contains("[kernel.kallsyms]"));
    // On the machine that recorded it, it is named.
    let is_named = report::of(&read.profiles[0], 0)
        .own
        .keys()
        .any(|(binary, name)| binary == report::KERNEL && name != "[unknown]");
    assert!(is_named || kernel.unwrap().contains("another kernel"), "{:?}", read.notes);
}

#[test]
fn copies_of_stacks_that_are_too_short_are_told() {
    let bytes = fs::read(folder().join("dwarf.data")).unwrap();
    let nowhere = tempfile::tempdir().unwrap();
    let read = read_with(&bytes, Some(nowhere.path().to_owned()), Vec::new());
    assert!(
        read.notes.iter().any(|note| note.contains("end before their outermost call")),
        "{:?}",
        read.notes
    );
    let bare = ingest::forms::read(&bytes, &FormOptions::default()).unwrap();
    assert!(bare.notes.iter().any(|note| note.contains("only the leaf is known")), "{:?}", bare.notes);
}

/// Records here and now, where the kernel's names are known as well.
#[test]
fn recordings_of_this_machine() {
    let Some(perf) = test_support::needs("perf") else { return };
    let folder_of_test = tempfile::tempdir().unwrap();
    let programs = folder().join("root/tmp/recorded");
    let cases: [(&[&str], &str); 7] = [
        (&["-e", "cpu-clock", "-g"], "burn"),
        (&["-e", "cpu-clock", "-g", "-z"], "burn"),
        (&["-e", "cpu-clock", "-g", "-a"], "burn"),
        (&["-e", "cpu-clock", "-g"], "burn-stripped"),
        (&["-e", "cpu-clock,page-faults", "-g"], "burn"),
        (&["-e", "cpu-clock", "--call-graph", "dwarf,1024"], "burn-no-fp"),
        (&["-e", "cpu-clock", "-g", "--buildid-mmap"], "burn"),
    ];
    for (arguments, program) in cases {
        let file = folder_of_test.path().join("perf.data");
        let mut command = Command::new(&perf);
        command.args(["record", "-q", "-F", "999", "-o"]).arg(&file).args(arguments).arg("--");
        let output = command.arg(programs.join(program)).output().unwrap();
        if !output.status.success() {
            test_support::missing("a kernel that lets perf record");
            return;
        }
        compare(&perf, &file, &format!("{arguments:?} {program}"));
    }
}

fn compare(perf: &str, file: &Path, what: &str) {
    // Where perf keeps copies of what it recorded, as parca-ingest looks there.
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".debug"));
    let folders = home.into_iter().chain([PathBuf::from("/usr/lib/debug")]).collect();
    let read = read_with(&fs::read(file).unwrap(), None, folders);
    let theirs = report::of_perf(perf, file);
    let theirs: Vec<&Table> = theirs.iter().filter(|table| !table.own.is_empty()).collect();
    assert_eq!(read.profiles[0].sample_types.len(), 2 * theirs.len(), "{what}");
    for (event, theirs) in theirs.into_iter().enumerate() {
        let ours = report::of(&read.profiles[0], event);
        let (most, place) = difference(&of_this_test(&ours), &of_this_test(theirs));
        assert!(most < 1.0, "{what}, event {event}: {most} points at {place}; {:?}", read.notes);
    }
}

/// The functions of the test's program and of the kernel, unnamed ones as one. With `-a` there are others, whatever runs
/// beside.
fn of_this_test(table: &Table) -> std::collections::BTreeMap<(String, String), f64> {
    let mut own = table.own.clone();
    own.retain(|(binary, _), _| binary == report::KERNEL || binary.starts_with("burn"));
    own
}
