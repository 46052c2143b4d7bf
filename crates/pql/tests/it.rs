//! The grammar of Parca's selectors as data (parca-dev/parca at 3b5647cd, pkg/parcacol and Prometheus' parser), and its properties.
#![allow(clippy::unwrap_used)]

use pql::{MatchOp, Matcher, ProfileType, Query, QueryError, Selector, parse_matchers};
use proptest::prelude::*;

const T: &str = "memory:inuse_space:bytes:space:bytes";

/// `T` in `text` stands for a profile type; `expect` are the matchers as printed.
fn parses(text: &str, expect: &[&str]) {
    let text = text.replace("<T>", T);
    let query: Query = text.parse().unwrap_or_else(|error: QueryError| panic!("{}", error.report()));
    assert_eq!(query.profile_type.to_string(), T, "{text}");
    let matchers: Vec<_> = query.matchers.iter().map(ToString::to_string).collect();
    assert_eq!(matchers, expect, "{text}");
}

#[test]
fn what_the_server_takes() {
    parses("<T>", &[]);
    parses("<T>{}", &[]);
    parses("  <T> { job = \"x\" , } ", &[r#"job="x""#]);
    parses(r#"{__name__="<T>"}"#, &[]);
    parses(r#"{"<T>"}"#, &[]);
    parses(r#"{"<T>", job="x"}"#, &[r#"job="x""#]);
    parses(r#"{job="x", "<T>"}"#, &[r#"job="x""#]);
    parses(r#"<T>{"a.b"="x", "job"="y", "é"="z"}"#, &[r#""a.b"="x""#, r#"job="y""#, r#""é"="z""#]);
    parses("<T>{a='x', b=`y`, c=\"z\"}", &[r#"a="x""#, r#"b="y""#, r#"c="z""#]);
    parses("<T>{} # comment", &[]);
    parses("# first\n<T>{ # second }\r\tjob=\"#\"}", &[r##"job="#""##]);
    parses(r#"<T>{a!="1",b=~"2|3",c!~"(?i)4"}"#, &[r#"a!="1""#, r#"b=~"2|3""#, r#"c!~"(?i)4""#]);
    parses(r#"<T>{on="1", by="2", inf="3"}"#, &[r#"on="1""#, r#"by="2""#, r#"inf="3""#]);
    parses(r#"<T>{""="x"}"#, &[r#"""="x""#]);
}

#[test]
fn name_matchers_count_as_the_server_counts_them() {
    parses(r#"<T>{__name__="foo"}"#, &[]);
    parses(r#"{__name__!="<T>"}"#, &[]);
    parses(r#"{__name__=~"<T>"}"#, &[]);
    parses(r#"{__name__="foo", __name__="<T>"}"#, &[]);
    parses(r#"{"foo", "<T>"}"#, &[]);
    parses(r#"{"foo", __name__="<T>"}"#, &[]);
    parses(r#"{__name__="foo", "<T>"}"#, &[]);
    parses(r#"<T>{"foo"}"#, &[]);
}

#[test]
fn escapes_in_values() {
    let check = |literal: &str, expect: &str| {
        let matcher: Matcher = format!("l={literal}").parse().unwrap();
        assert_eq!(matcher.value(), expect, "{literal}");
    };
    check(r#""a\"b\\c\nd""#, "a\"b\\c\nd");
    check(r#"'a\'b"c'"#, "a'b\"c");
    check(r#""\a\b\f\n\r\t\v\\""#, "\x07\x08\x0c\n\r\t\x0b\\");
    check(r#""\101\x41\u0041\U00000041""#, "AAAA");
    check(r#""\xc3\xa9\303\251""#, "éé");
    check(r#""\U0001F600\ufffd""#, "😀\u{fffd}");
    check("`a\\n\"'\nb`", "a\\n\"'\nb");
    check("'日本'", "日本");
}

#[test]
fn what_the_server_refuses() {
    let check = |text: &str, expect: &str| {
        let text = text.replace("<T>", T);
        let error = text.parse::<Query>().expect_err(&text);
        assert_eq!(error.server_text(), "failed to parse query", "{text}");
        assert_eq!(error.to_string(), expect, "{text}");
    };
    check("", "1:1: expected a profile type or `{`, found the end");
    check("<T>{job=\"a\",,}", "1:46: expected a label name, found `,`");
    check("<T>{,}", "1:38: expected a label name, found `,`");
    check("<T>{a.b=\"x\"}", "1:39: expected one of `=`, `!=`, `=~`, `!~`, found `.`");
    check("<T>{é=\"x\"}", "1:38: expected a label name, found `é`");
    check("<T>{a:b=\"x\"}", "1:39: expected one of `=`, `!=`, `=~`, `!~`, found `:`");
    check("rate(x[5m])", "1:5: expected `{` or the end, found `(`");
    check("<T> offset 5m", "1:38: expected `{` or the end, found `offset`");
    check("<T>[5m]", "1:37: expected `{` or the end, found `[`");
    check("<T>{} @ 1", "1:40: expected the end, found `@`");
    check("<T>{job=", "1:42: expected a quoted value, found the end");
    check("<T>{job", "1:41: expected one of `=`, `!=`, `=~`, `!~`, found the end");
    check("<T>{job=\"a\"", "1:45: expected `,` or `}`, found the end");
    check("<T>{job=\"a\" pod=\"b\"}", "1:46: expected `,` or `}`, found `pod`");
    check("<T>{job=\"a\"}}", "1:46: expected the end, found `}`");
    check("<T>{{}", "1:38: expected a label name, found `{`");
    check("<T>{job!\"a\"}", "1:41: expected one of `=`, `!=`, `=~`, `!~`, found `!`");
    check("my-name:a:b:c:d", "1:3: expected `{` or the end, found `-`");
    check("1a:b:c:d:e", "1:1: expected a profile type or `{`, found `1`");
    check("\"<T>\"", "1:1: expected a profile type or `{`, found a string");
    check("on{}", "1:1: expected a name, found the word `on`");
    check("NaN", "1:1: expected a name, found the word `NaN`");
    check("<T>{l=\"a\nb\"}", "1:42: expected a closing \", found a newline");
    check("<T>{l='a", "1:40: expected a closing ', found the end");
    check("<T>{l=`a", "1:40: expected a closing `, found the end");
    check(r#"<T>{l="\q"}"#, "1:41: expected an escape sequence, found `\\q`");
    check(r#"<T>{l="\'"}"#, "1:41: expected an escape sequence, found `\\'`");
    check(r#"<T>{l="\400"}"#, "1:41: expected an octal escape up to \\377, found `\\400`");
    check(r#"<T>{l="\08"}"#, "1:41: expected 3 octal digits in the escape");
    check(r#"<T>{l="\xg"}"#, "1:41: expected 2 hexadecimal digits in the escape");
    check(r#"<T>{l="\ud800"}"#, "1:41: expected a Unicode code point, found 0xd800");
    check(r#"<T>{l="\U00110000"}"#, "1:41: expected a Unicode code point, found 0x110000");
    check(r#"<T>{l="\xff"}"#, "1:40: expected UTF-8 after unescaping, found other bytes");
    check(
        "<T>{l=\"\u{fffd}\"}",
        "1:41: expected UTF-8, found U+FFFD (write \\ufffd for the character itself)",
    );
    check("<T>{job=~\"(\"}", "1:43: expected a regular expression, found `(`: missing closing ): `(`");
}

#[test]
fn long_texts_are_refused_before_they_are_read() {
    let text = format!("{T}{{l=\"{}\"}}", "x".repeat(pql::MAX_INPUT_BYTES));
    let error = text.parse::<Selector>().unwrap_err();
    assert_eq!(error.message(), format!("expected at most 65536 bytes, found {}", text.len()));
    assert!(error.report().len() < 400);
}

#[test]
fn selectors_that_are_no_query() {
    let check = |text: &str, expect: &str| {
        assert!(text.parse::<Selector>().is_ok(), "{text}");
        assert_eq!(text.parse::<Query>().unwrap_err().server_text(), expect, "{text}");
    };
    check("{}", "query must contain a profile-type selection");
    check(r#"{job="x"}"#, "query must contain a profile-type selection");
    const FORM: &str = "profile-type selection must be of the form \
        <name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta), got";
    check("memory", &format!("{FORM}(1): \"memory\""));
    check("offset", &format!("{FORM}(1): \"offset\""));
    check(r#"{"a b:c"}"#, &format!("{FORM}(2): \"a b:c\""));
    check(r#"{""}"#, &format!("{FORM}(1): \"\""));
}

#[test]
fn lists_of_matchers() {
    let check = |text: &str, expect: usize| assert_eq!(parse_matchers(text).unwrap().len(), expect, "{text}");
    check("", 0);
    check(r#"job="x""#, 1);
    check(r#"job="x", pod!="","#, 2);
    assert!(parse_matchers(r#"{job="x"}"#).is_err());
    assert!(r#"job="x","#.parse::<Matcher>().is_err());
}

#[test]
fn prints_what_a_person_would_write() {
    let check = |text: &str, expect: &str| {
        assert_eq!(text.parse::<Selector>().unwrap().to_string(), expect);
    };
    check(" a:b {} ", "a:b");
    check("a:b{x='1',\"y\"=`2`,}", r#"a:b{x="1", y="2"}"#);
    check(r#"{"a:b", x="1"}"#, r#"a:b{x="1"}"#);
    check(r#"{"a b", x="1"}"#, r#"{"a b", x="1"}"#);
    check(r#"{x="1", "a b"}"#, r#"{"a b", x="1"}"#);
    check(r#"{"on"}"#, r#"{"on"}"#);
    check(r#"{__name__="c", "a b"}"#, r#"{__name__="c", "a b"}"#);
    check("{}", "{}");
    let query: Query = format!(r#"{T}{{job=~"a|b"}}"#).parse().unwrap();
    assert_eq!(query.anchored().to_string(), format!(r#"{T}{{job=~"^(?:a|b)$"}}"#));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", "[\\PC\n\r\t\"'`\\\\\u{fffd}]{0,8}"]
}

fn any_matcher() -> impl Strategy<Value = Matcher> {
    let plain = (any_text(), any::<bool>(), any_text()).prop_map(|(name, equal, value)| {
        let op = if equal { MatchOp::Equal } else { MatchOp::NotEqual };
        Matcher::new(name, op, value).unwrap()
    });
    let regex = (any_text(), any::<bool>(), any_text()).prop_map(|(name, matches, value)| {
        let op = if matches { MatchOp::Matches } else { MatchOp::NotMatches };
        let value: String = value.chars().filter(|c| c.is_alphanumeric() || "\n\"'`".contains(*c)).collect();
        Matcher::new(name, op, value).unwrap()
    });
    prop_oneof![plain, regex, any_text().prop_map(|name| Matcher::equal(pql::NAME_LABEL, name))]
}

fn any_type() -> impl Strategy<Value = ProfileType> {
    let part = || any_text().prop_map(|text| text.replace(':', ""));
    (part(), part(), part(), part(), part(), any::<bool>()).prop_map(
        |(name, sample_type, sample_unit, period_type, period_unit, delta)| ProfileType {
            name,
            sample_type,
            sample_unit,
            period_type,
            period_unit,
            delta,
        },
    )
}

proptest! {
    #[test]
    fn never_panics(text in any::<String>()) {
        if let Err(error) = text.parse::<Query>() {
            prop_assert!(text.is_char_boundary(error_offset(&error)));
            prop_assert!(!error.report().is_empty());
        }
    }

    #[test]
    fn never_panics_on_near_selectors(text in r#"[a-c:{}=!~,"'`\\#\n xu0-9é日(\[]{0,40}"#) {
        if let Ok(selector) = text.parse::<Selector>() {
            prop_assert_eq!(selector.to_string().parse::<Selector>().unwrap(), selector);
        }
        let _ = parse_matchers(&text);
        let _ = pql::resolve(&text, &[T.parse().unwrap()]);
    }

    #[test]
    fn a_matcher_parses_back(matcher in any_matcher()) {
        prop_assert_eq!(matcher.to_string().parse::<Matcher>().unwrap(), matcher);
    }

    #[test]
    fn a_selector_parses_back(name in proptest::option::of(any_text()), matchers in prop::collection::vec(any_matcher(), 0..5)) {
        let selector = Selector { metric_name: name, matchers };
        prop_assert_eq!(selector.to_string().parse::<Selector>().unwrap(), selector);
    }

    #[test]
    fn a_profile_type_parses_back(profile_type in any_type()) {
        prop_assert_eq!(profile_type.to_string().parse::<ProfileType>().unwrap(), profile_type);
    }

    #[test]
    fn a_query_parses_back(profile_type in any_type(), matchers in prop::collection::vec(any_matcher(), 0..4)) {
        let matchers = matchers.into_iter().filter(|m| m.name() != pql::NAME_LABEL).collect();
        let query = Query { profile_type, matchers };
        prop_assert_eq!(query.to_string().parse::<Query>().unwrap(), query);
    }
}

fn error_offset(error: &QueryError) -> usize {
    match error {
        QueryError::Parse(error) => error.offset(),
        _ => 0,
    }
}
