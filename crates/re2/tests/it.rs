//! Go's own answers about patterns, kept as data; and Go itself where it is installed.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use re2::{ErrorKind, Regex};

type Table = BTreeMap<String, [String; 2]>;

/// Pattern to the rows that match anchored and unanchored, or `ERR` and Go's words; made with Go 1.26's regexp.
fn table() -> (Table, BTreeMap<String, String>) {
    let patterns = serde_json::from_str(include_str!("data/patterns.json")).unwrap();
    let values = serde_json::from_str(include_str!("data/values.json")).unwrap();
    (patterns, values)
}

fn rows(regex: Result<Regex, re2::Error>, values: &BTreeMap<String, String>) -> String {
    match regex {
        Err(error) => format!("ERR {error}"),
        Ok(regex) => {
            let names =
                values.iter().filter(|(_, value)| regex.is_match(value)).map(|(name, _)| name.as_str());
            names.collect::<Vec<_>>().join(",")
        }
    }
}

#[test]
fn every_pattern_matches_what_it_matches_in_go() {
    let (patterns, values) = table();
    let mut wrong = Vec::new();
    for (pattern, [anchored, unanchored]) in &patterns {
        let found = [rows(Regex::whole(pattern), &values), rows(Regex::new(pattern), &values)];
        if found != [anchored.clone(), unanchored.clone()] {
            wrong.push(format!("{pattern:?}\n  found {found:?}\n  Go    {:?}", [anchored, unanchored]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(patterns.len() >= 200, "{}", patterns.len());
}

#[test]
fn mistakes_have_gos_words() {
    let check = |pattern: &str, expect: &str| {
        let words = Regex::new(pattern).unwrap_err().to_string();
        assert_eq!(words.strip_prefix("error parsing regexp: ").unwrap(), expect, "{pattern}");
    };
    check("(", "missing closing ): `(`");
    check("a)", "unexpected ): `a)`");
    check("[a", "missing closing ]: `[a`");
    check("*a", "missing argument to repetition operator: `*`");
    check("a|*", "missing argument to repetition operator: `*`");
    check("a**", "invalid nested repetition operator: `**`");
    check("a{2}{3}", "invalid nested repetition operator: `{2}{3}`");
    check("a{1001}", "invalid repeat count: `{1001}`");
    check("a{3,2}", "invalid repeat count: `{3,2}`");
    check(r"a\", "trailing backslash at end of expression: ``");
    check("(?P<n", "invalid named capture: `(?P<n`");
    check("(?P<a-b>x)", "invalid named capture: `(?P<a-b>`");
    check("(?i-)a", "invalid or unsupported Perl syntax: `(?i-)`");
    check("[[:nope:]]", "invalid character class range: `[:nope:]`");
    check(r"\pX", r"invalid character class range: `\pX`");
    check(r"\x{110000}", r"invalid escape sequence: `\x{`");
}

#[test]
fn texts_mean_what_they_mean_in_go() {
    let check = |pattern: &str, text: &str, expect: bool| {
        assert_eq!(Regex::new(pattern).unwrap().is_match(text), expect, "{pattern} on {text:?}");
    };
    check(r"\Qa.b\E*", "a.", true);
    check(r"^\Qa.b*\E$", "a.b*", true);
    check(r"^\Q(\E$", "(", true);
    check(r"(?i)^\w$", "\u{212a}", true);
    check(r"^\w$", "\u{212a}", false);
    check("^[^a]$", "\n", true);
    check("^.$", "\n", false);
    check("(?s)^.$", "\n", true);
    check("a$", "a\n", false);
    check("(?m)a$", "a\nb", true);
    check("^a{,2}$", "a{,2}", true);
    check(r"^\x{D800}$", "a", false);
    check(r"^[^\x{D800}]$", "a", true);
    check("^(a(?i)*)$", "aaa", true);
    check("^[]a]$", "]", true);
    check("^[a-]+$", "a-", true);
    check("^a|b$", "xb", true);
    check("^(?:a|b)c$", "ac", true);
    check("^(?U)a+$", "aaa", true);
}

#[test]
fn groups_keep_their_numbers_and_names() {
    let regex = Regex::whole(r"(?P<1st>a)(?:b)(?i:(c))(?<d>d)").unwrap();
    assert_eq!((regex.groups(), regex.group("1st"), regex.group("d")), (4, Some(1), Some(3)));
    let captures = regex.captures("abCd").unwrap();
    assert_eq!([1, 2, 3].map(|at| &captures[at]), ["a", "C", "d"]);
}

#[test]
fn deep_and_large_patterns_are_taken_or_refused() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Regex::new(&nested(190)).unwrap().is_match("a"));
    assert_eq!(Regex::new(&nested(900)).unwrap_err().kind, ErrorKind::NestingDepth);
    // A server may well take it.
    assert_eq!(re2::check(&nested(900)), Ok(()));
    assert_eq!(re2::check(&nested(2000)).unwrap_err().kind, ErrorKind::NestingDepth);
    assert_eq!(Regex::new(&"a".repeat(1 << 20)).unwrap_err().kind, ErrorKind::Large);
}

proptest::proptest! {
    #[test]
    fn any_pattern_is_compiled_or_refused(pattern in r"[a-c\\()|*+?{}\[\]^$.,0-9:=PpQEdwsbiU<>\-&é ]{0,24}") {
        if let Ok(regex) = Regex::new(&pattern) {
            let _ = regex.is_match("abc");
        }
    }

    #[test]
    fn what_is_escaped_matches_itself(text in r"[ -~]{0,16}") {
        let escaped: String = text
            .chars()
            .flat_map(|c| (!c.is_ascii_alphanumeric()).then_some('\\').into_iter().chain([c]))
            .collect();
        proptest::prop_assert!(Regex::whole(&escaped).unwrap().is_match(&text));
    }
}
