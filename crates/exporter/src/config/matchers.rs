//! `matchers`: which functions get series.

use config_file::{Field as Value, Reader};

use crate::matcher::{Field, MAX_STACK_PATTERNS, Matcher, Pattern, TextMatch};

/// The keys of conditions, of which a matcher has at most one.
const CONDITIONS: [&str; 6] = ["contains", "equals", "prefix", "suffix", "regex", "glob"];

const FIELDS: [(&str, Field); 4] = [
    ("function", Field::Function),
    ("system_name", Field::SystemName),
    ("file", Field::File),
    ("binary", Field::Binary),
];

pub(super) fn read(field: &Value<'_>) -> Option<Vec<Matcher>> {
    let mut matchers: Vec<Matcher> = Vec::new();
    let mut stacks: Vec<Pattern> = Vec::new();
    for item in field.list()? {
        let Some(matcher) = matcher(&item, Place::Top) else { continue };
        if let Some(stack) = matcher.stack.as_ref().filter(|stack| !stacks.contains(stack)) {
            if stacks.len() == MAX_STACK_PATTERNS {
                item.mistake(format!("expected at most {MAX_STACK_PATTERNS} different `stack` of a query"));
            }
            stacks.push(stack.clone());
        }
        matchers.push(matcher);
    }
    Some(matchers)
}

/// Where a matcher stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Top,
    Not,
}

fn matcher(field: &Value<'_>, place: Place) -> Option<Matcher> {
    let mut reader = field.reader()?;
    let conditions = CONDITIONS.iter().any(|key| reader.has(key));
    let text = condition(&mut reader);
    let mut on = Field::default();
    reader.set("on", &mut on, |field| field.choice(&FIELDS));
    let not = reader.optional("not").map(|field| field.one_or_many());
    let stack = reader.optional("stack");
    let only_empty = not.as_ref().is_none_or(|list| list.as_ref().is_some_and(Vec::is_empty));
    let empty = !conditions && stack.is_none() && only_empty;
    if empty {
        let message = format!("expected one of `{}`, `not` and `stack`, found none", CONDITIONS.join("`, `"));
        reader.report().add(reader.mistake(message).with_hint(EVERYTHING));
    } else if reader.has("on") && !conditions {
        reader.report().add(reader.mistake_at("on", "expected a condition beside it, found none"));
    }
    reader.finish();
    let not = not.flatten().unwrap_or_default();
    let mut matcher = Matcher::contains("");
    matcher.on = on;
    matcher.text = text;
    matcher.not = not.iter().filter_map(|item| self::matcher(item, Place::Not)).collect();
    matcher.stack = stack.and_then(|field| pattern(&field, place));
    (!empty).then_some(matcher)
}

fn pattern(field: &Value<'_>, place: Place) -> Option<Pattern> {
    if place == Place::Not {
        field.mistake("expected a condition on functions, found one on stacks inside `not`");
        return None;
    }
    if field.text()?.is_empty() {
        field.mistake("expected a regular expression, found an empty text");
        return None;
    }
    field.parse(Pattern::regex)
}

const EVERYTHING: &str = "`glob: \"*\"` is every function";

fn condition(reader: &mut Reader<'_>) -> Option<TextMatch> {
    let mut found = None;
    let mut first: Option<&str> = None;
    for key in CONDITIONS {
        let Some(field) = reader.optional(key) else { continue };
        if let Some(first) = first {
            field.mistake(format!("expected one condition, found `{first}` too"));
        }
        first.get_or_insert(key);
        found = not_empty(&field).and_then(|text| match key {
            "contains" => Some(TextMatch::Contains(text)),
            "equals" => Some(TextMatch::Equals(text)),
            "prefix" => Some(TextMatch::Prefix(text)),
            "suffix" => Some(TextMatch::Suffix(text)),
            "regex" => field.parse(Pattern::regex).map(TextMatch::Regex),
            _ => field.parse(Pattern::glob).map(TextMatch::Glob),
        });
    }
    found
}

/// An empty text is in every name, which nobody means who leaves it empty.
fn not_empty(field: &Value<'_>) -> Option<String> {
    let text = field.text()?;
    if text.is_empty() {
        field.mistake_with_hint("expected a text, found an empty one", EVERYTHING);
        return None;
    }
    Some(text.to_owned())
}
