use std::{env, fs, path::Path};

use profile_model::{
    Function, LabelValue, Line, Location, LocationId, Mapping, MappingFlags, Profile, Sample, SampleLabel,
    StringId, Symbols, ValueType,
};
use report_render::{Selection, compare};

use crate::forms;

/// Compares with a golden file; with `BLESS` in the environment writes it instead.
fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if env::var_os("BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{name} differs, BLESS=1 rewrites it; found:\n{text}");
}

fn function(
    symbols: &mut Symbols,
    [name, system_name, file]: [&str; 3],
) -> Option<profile_model::FunctionId> {
    let [name, system_name, filename] = [name, system_name, file].map(|text| symbols.intern_string(text));
    Some(symbols.intern_function(Function { name, system_name, filename, start_line: 1 }))
}

/// One of each: inlined calls, an address without a name, recursion, labels, a stack without frames.
fn rich() -> Profile {
    let mut profile = Profile::new(vec![ValueType::new("cpu", "nanoseconds")]);
    let symbols = &mut profile.symbols;
    let [file, build_id] = ["/usr/bin/server", "abc123"].map(|text| symbols.intern_string(text));
    let flags = MappingFlags::default();
    let mapping =
        Some(symbols.intern_mapping(Mapping { start: 0, limit: 4096, offset: 0, file, build_id, flags }));
    let main = function(symbols, ["main", "main", "src/main.rs"]);
    let parse = function(symbols, ["parse", "_ZN5parseE", "src/parse.rs"]);
    let next = function(symbols, ["Iter<u8>::next", "Iter<u8>::next", "src/iter.rs"]);
    let location = |symbols: &mut Symbols, address, lines: &[(Option<profile_model::FunctionId>, i64)]| {
        let line = |(function, line): &(_, _)| Line { function: *function, line: *line, column: 0 };
        let lines: Vec<Line> = lines.iter().map(line).collect();
        symbols.intern_location(Location { mapping, address, is_folded: false, lines: &lines })
    };
    let root = location(symbols, 0x10, &[(main, 7)]);
    let inlined = location(symbols, 0x20, &[(next, 3), (parse, 12)]);
    let bare = location(symbols, 0x2f, &[]);
    let again = location(symbols, 0x30, &[(parse, 20)]);
    let [thread, size, bytes, one] =
        ["thread", "size", "bytes", "one"].map(|text| symbols.intern_string(text));
    let text = SampleLabel { key: thread, value: LabelValue::Text(one) };
    let number = SampleLabel { key: size, value: LabelValue::Number { value: 64, unit: bytes } };
    let rows: [(&[LocationId], i64, &[SampleLabel]); 5] = [
        (&[inlined, root], 1_250_000_000, &[text, number]),
        (&[bare, root], 500_000_000, &[text]),
        (&[again, inlined, root], 200_000_000, &[]),
        (&[root], 40_000_000, &[]),
        (&[], 10_000_000, &[]),
    ];
    for (stack, value, labels) in rows {
        let stack = profile.symbols.intern_stack(stack);
        profile.samples.push(Sample { stack, values: &[value], labels });
    }
    assert!(profile.symbols.find_string("").is_some_and(StringId::is_empty));
    profile
}

#[test]
fn each_form_is_as_it_was() {
    let profile = rich();
    for (name, text) in forms::all(&Selection::new(&profile, 0).unwrap()) {
        if name == "html" {
            // The script, the style and the body are files of their own.
            check("rich.html.json", forms::embedded(&text));
        } else {
            check(&format!("rich.{name}"), &text);
        }
    }
}

#[test]
fn a_comparison_says_what_changed() {
    let base = forms::profile("main;parse 300\nmain;old 100\nmain;same 50\n");
    let now = forms::profile("main;parse 450\nmain;new 30\nmain;same 50\n");
    let [base, now] = [&base, &now].map(|profile| Selection::new(profile, 0).unwrap());
    let changed = compare(&base, &now).unwrap();
    for (name, text) in forms::all(&changed.selection()) {
        if ["flame.json", "flame.txt", "tree.txt", "svg", "top.txt", "top.csv", "dot", "viewer.json"]
            .contains(&name)
        {
            check(&format!("diff.{name}"), &text);
        }
    }
}
