//! The file as TOML.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::section::{Entry, Section, Value, line_at};
use super::{ConfigMistake, Kind};

/// The sections that are ours, in the order of the file, or every mistake of syntax.
pub(super) fn sections(text: &str) -> Result<Vec<Section>, Vec<ConfigMistake>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // The error's own text quotes the line, and with it maybe a secret.
        let mistake = |error: &toml::de::Error| {
            let line = error.span().map_or(1, |span| line_at(text, span.start));
            ConfigMistake::new(line, error.message())
        };
        return Err(errors.iter().map(mistake).collect());
    }
    let mut sections = Vec::new();
    for kind in [Kind::Pyroscope, Kind::Parca] {
        let deployments =
            table(root.get_ref(), kind.as_str()).and_then(|table| self::table(table, "deployments"));
        for (name, value) in deployments.into_iter().flat_map(DeTable::iter) {
            collect(text, kind, name.get_ref(), line_at(text, name.span().start), value, &mut sections);
        }
    }
    sections.sort_by_key(|section: &Section| section.line);
    Ok(sections)
}

fn table<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<&'a DeTable<'i>> {
    match table.get(name)?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

/// `[pyroscope.deployments.eu.prod]` is a deployment called `eu.prod` to the scripts, and tables in
/// tables to TOML.
fn collect(
    text: &str,
    kind: Kind,
    name: &str,
    line: usize,
    value: &Spanned<DeValue<'_>>,
    sections: &mut Vec<Section>,
) {
    let DeValue::Table(table) = value.get_ref() else {
        let entry = Entry { key: String::new(), line, value: self::value(value.get_ref()) };
        sections.push(Section { kind, name: name.to_owned(), line, entries: vec![entry] });
        return;
    };
    let is_inner = |key: &str, value: &DeValue<'_>| matches!(value, DeValue::Table(_)) && key != "headers";
    let mut entries = Vec::new();
    let mut has_inner = false;
    for (key, value) in table.iter() {
        let at = line_at(text, key.span().start);
        if is_inner(key.get_ref(), value.get_ref()) {
            has_inner = true;
            collect(text, kind, &format!("{name}.{}", key.get_ref()), at, value, sections);
        } else {
            let value = self::value(value.get_ref());
            entries.push(Entry { key: key.get_ref().to_string(), line: at, value });
        }
    }
    if !entries.is_empty() || !has_inner {
        entries.sort_by_key(|entry| entry.line);
        sections.push(Section { kind, name: name.to_owned(), line, entries });
    }
}

/// A value by itself, as `"text"`, `true` or `{ a = "b" }`.
pub(super) fn single(text: &str) -> Option<Value> {
    let document = format!("value = {text}");
    let table = DeTable::parse(&document).ok()?;
    (table.get_ref().len() == 1).then_some(())?;
    table.get_ref().get("value").map(|found| value(found.get_ref()))
}

fn value(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            number.map_or(Value::Other("a number that is too large"), Value::Integer)
        }
        DeValue::Float(_) => Value::Other("a fraction"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(_) => Value::Other("a list"),
        DeValue::Table(table) => {
            texts(table).map_or(Value::Other("a table of other things than texts"), Value::Texts)
        }
    }
}

fn texts(table: &DeTable<'_>) -> Option<Vec<(String, String)>> {
    let pair = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| match value.get_ref() {
        DeValue::String(text) => Some((key_text(key), text.to_string())),
        _ => None,
    };
    table.iter().map(pair).collect()
}

fn key_text(key: &Spanned<std::borrow::Cow<'_, str>>) -> String {
    key.get_ref().to_string()
}
