//! Which metrics and labels an expression of PromQL uses; promtool says whether it is one.

/// Words of PromQL that are followed by labels in parentheses.
const GROUPINGS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Words that are neither functions with their arguments behind them nor metrics.
const WORDS: [&str; 12] =
    ["and", "or", "unless", "offset", "bool", "sum", "min", "max", "avg", "count", "topk", "bottomk"];

/// The metrics of an expression of PromQL that promtool takes, each with the labels of its selector.
pub fn metrics_in(expr: &str) -> Vec<(String, Vec<String>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut rest = expr;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            rest = after(rest, '"');
        } else if first == '[' {
            rest = after(rest, ']');
        } else if !is_name(first) {
            rest = &rest[first.len_utf8()..];
        } else {
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            let word = &rest[..end];
            rest = rest[end..].trim_start();
            if GROUPINGS.contains(&word) {
                rest = after(rest, ')');
            } else if let Some(selector) = rest.strip_prefix('{') {
                let (labels, behind) = labels_of(selector);
                found.push((word.to_owned(), labels));
                rest = behind;
            } else if !first.is_ascii_digit() && !WORDS.contains(&word) && !rest.starts_with('(') {
                found.push((word.to_owned(), Vec::new()));
            }
        }
    }
    found
}

/// What stands behind the next such character after the first one.
fn after(text: &str, end: char) -> &str {
    text[1..].split_once(end).map_or("", |(_, behind)| behind)
}

/// The labels of a selector without its `{`, and what stands behind it.
fn labels_of(selector: &str) -> (Vec<String>, &str) {
    let mut labels = Vec::new();
    let mut rest = selector;
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(behind) = rest.strip_prefix('}') {
            return (labels, behind);
        }
        let (name, behind) = rest.split_once(['=', '!']).unwrap_or_else(|| panic!("no selector: {selector}"));
        labels.push(name.trim().to_owned());
        rest = after(behind.trim_start_matches(['=', '~']), '"');
    }
}

#[test]
fn metrics_are_found_in_expressions() {
    let check = |expr: &str, expect: &[(&str, &[&str])]| {
        let found = metrics_in(expr);
        let found: Vec<(&str, Vec<&str>)> = found
            .iter()
            .map(|(name, labels)| (name.as_str(), labels.iter().map(String::as_str).collect()))
            .collect();
        let expect: Vec<(&str, Vec<&str>)> =
            expect.iter().map(|(name, labels)| (*name, labels.to_vec())).collect();
        assert_eq!(found, expect, "{expr}");
    };
    check("a > 0.5", &[("a", &[])]);
    check(
        "sum by (x) (rate(a{b=\"c,}\", d=~\"e\"}[5m] offset 6h)) and on (y) b",
        &[("a", &["b", "d"]), ("b", &[])],
    );
    check("a / ignoring (f) group_left () (b{c!=\"[other]\"} > 1e3)", &[("a", &[]), ("b", &["c"])]);
    check("time() - a:b_total @ end() * 1000", &[("a:b_total", &[])]);
}
