//! A config of no program: every kind of value, and every way to get it wrong.

use config_file::{Field, Grade, Reader, Report, parse};

fn secret(path: &str) -> bool {
    path.ends_with("secret")
}

fn even(text: &str) -> Result<u32, String> {
    let number = text.parse::<u32>().ok().filter(|number| number % 2 == 0);
    number.ok_or_else(|| format!("expected an even number, found `{text}`"))
}

/// Reads all of it; what was read is told as one text.
fn read(text: &str) -> (String, String) {
    let report = Report::new(secret);
    let mut read = Vec::new();
    if let Some(root) = parse(text, &report)
        && let Some(mut top) = Reader::new(&root, &report)
    {
        let mut note = |name: &str, value: Option<String>| {
            read.extend(value.map(|value| format!("{name}={value}")));
        };
        let shown = |value: Option<u64>| value.map(|value| value.to_string());
        note("name", top.required("name").and_then(|field| field.text().map(str::to_owned)));
        note("flag", top.optional("flag").and_then(|field| field.boolean()).map(|flag| flag.to_string()));
        note("count", shown(top.optional("count").and_then(|field| field.integer(1..=10))));
        note("size", shown(top.optional("size").and_then(|field| field.bytes(1..=1 << 30))));
        note(
            "ratio",
            top.optional("ratio").and_then(|field| field.float(0.0..=1.0)).map(|ratio| ratio.to_string()),
        );
        note(
            "least",
            top.optional("least").and_then(|field| field.float(0.0..=f64::MAX)).map(|f| f.to_string()),
        );
        let words = [("slow", 1), ("fast", 2)];
        note("speed", shown(top.optional("speed").and_then(|field| field.choice(&words))));
        note("even", top.optional("even").and_then(|field| field.parse(even)).map(|even| even.to_string()));
        note("secret", top.optional("secret").and_then(|field| field.parse(even)).map(|_| "...".to_owned()));
        let items = |field: Field<'_>| {
            Some(field.list()?.iter().filter_map(Field::text).collect::<Vec<_>>().join("+"))
        };
        note("list", top.optional("list").and_then(items));
        let inner = top.optional("inner").and_then(|field| field.one_or_many()).unwrap_or_default();
        for mut inner in inner.iter().filter_map(Field::reader) {
            note("depth", shown(inner.required("depth").and_then(|field| field.integer(0..=9))));
            inner.finish();
        }
        let labels = top.optional("labels").and_then(|field| field.entries()).unwrap_or_default();
        for (key, value) in labels {
            note(&key.text, value.text().map(str::to_owned));
        }
        top.finish();
    }
    (read.join(" "), report.finish("f").to_string())
}

#[track_caller]
fn check(text: &str, values: &str, mistakes: &str) {
    assert_eq!(read(text), (values.to_owned(), mistakes.to_owned()), "{text}");
}

#[test]
fn values_are_read() {
    check("name: 5\nflag: No\ncount: 7\nsize: 1MiB", "name=5 flag=false count=7 size=1048576", "");
    check(
        "name: a\nratio: 1\nleast: 12.5\nspeed: fast\neven: 4",
        "name=a ratio=1 least=12.5 speed=2 even=4",
        "",
    );
    check("name: a\nsecret: 2\nlist: [x, 1]\ninner: {depth: 0}", "name=a secret=... list=x+1 depth=0", "");
    check("name: a\ninner:\n- depth: 1\n- depth: 2\nlabels: {x: y}", "name=a depth=1 depth=2 x=y", "");
    check("name: a\nflag:\nlist: ~\nlabels:\n", "name=a", "");
}

#[test]
fn mistakes_are_told() {
    check("", "", "f:1:1: expected a mapping, found nothing");
    check("- a", "", "f:1:1: expected a mapping, found a list");
    check("{}", "", "f:1:1: name: expected a value, found none");
    check("count: 1\nname:", "count=1", "f:2:1: name: expected a value, found none");
    let one = |line: &str, expect: &str| {
        let column = line.find(": ").map_or(1, |at| at + 3);
        check(&format!("name: a\n{line}"), "name=a", &format!("f:2:{column}: {expect}"));
    };
    one("flag: maybe", "flag: expected `true` or `false`, found `maybe`");
    one("flag: [yes]", "flag: expected `true` or `false`, found a list");
    one("count: 11", "count: expected a number from 1 to 10, found `11`");
    one("count: -1", "count: expected a number from 1 to 10, found `-1`");
    one("size: 2GiB", "size: expected a size from 1 to 1GiB, found `2GiB`");
    one("ratio: 1.5", "ratio: expected a number from 0 to 1, found `1.5`");
    one("least: .nan", "least: expected a number not below 0, found `.nan`");
    one("speed: Fast", "speed: expected `slow` or `fast`, found `Fast`");
    one("even: 3", "even: expected an even number, found `3`");
    one("secret: 3", "secret: expected something else, found another text, which is not shown");
    one("secret: {a: 3}", "secret: expected a text, found a mapping");
    one("list: x", "list: expected a list, found a text");
    one("inner: 1", "inner: expected a mapping or a list of them, found a text");
}

#[test]
fn mistakes_below_have_their_path() {
    let text = "name: a\nlist:\n- x\n- [y]\n- ~\ninner:\n- depth: 1\n- dept: 2\n- 3\nlabels:\n  a.b: [c]\n";
    let mistakes = "\
f:4:3: list[1]: expected a text, found a list
f:5:3: list[2]: expected a text, found nothing
f:8:3: inner[1].depth: expected a value, found none
f:8:3: warning: inner[1].dept: unknown key
  hint: did you mean `depth`?
f:9:3: inner[2]: expected a mapping, found a text
f:11:8: labels.a.b: expected a text, found a list";
    check(text, "name=a list=x depth=1", mistakes);
}

#[test]
fn unknown_keys_are_no_mistakes_proper() {
    let report = Report::new(secret);
    let root = parse("a: 1\nb: 2", &report).unwrap();
    let mut top = Reader::new(&root, &report).unwrap();
    assert!(top.has("a") && top.optional("a").is_some());
    top.finish();
    let all = report.finish("f");
    assert!(!all.is_fatal() && !all.is_empty());
    assert_eq!(all.iter().map(|one| one.grade).collect::<Vec<_>>(), [Grade::UnknownKey]);
}

#[test]
fn blocks_can_be_written_inline() {
    let report = Report::new(secret);
    let root = parse("x:\n  own: 1\n  user: a\n  other: b\n", &report).unwrap();
    let mut top = Reader::new(&root, &report).unwrap();
    let mut x = top.required("x").unwrap().reader().unwrap();
    let block = x.inline(&["user", "other", "absent"]);
    let field = Field::inline(&block, &x);
    report.add(field.new_mistake_below("other", "no good"));
    assert!(x.optional("own").is_some());
    x.finish();
    top.finish();
    assert_eq!(report.finish("f").to_string(), "f:4:3: x.other: no good");
}
