//! `write_relabel_configs`.

use config_file::{Field, Mistake, Reader};
use remote_write::{RelabelConfig, RelabelError, RelabelRule};

pub(super) fn read(field: &Field<'_>) -> Option<Vec<RelabelRule>> {
    Some(field.list()?.iter().filter_map(rule).collect())
}

fn rule(field: &Field<'_>) -> Option<RelabelRule> {
    let mut reader = field.reader()?;
    let mut config = RelabelConfig::default();
    let text = |field: &Field<'_>| field.text().map(str::to_owned);
    let labels = |field: &Field<'_>| Some(field.list()?.iter().filter_map(text).collect());
    let understood = [
        reader.set("source_labels", &mut config.source_labels, labels),
        reader.set("separator", &mut config.separator, text),
        reader.set("regex", &mut config.regex, text),
        reader.set("modulus", &mut config.modulus, |field| field.integer(1..=u64::MAX)),
        reader.set("target_label", &mut config.target_label, text),
        reader.set("replacement", &mut config.replacement, text),
        reader.set("action", &mut config.action, |field| field.parse(str::parse)),
    ];
    let rule = match understood.contains(&false) {
        true => None,
        false => RelabelRule::new(config).map_err(|error| reader.report().add(mistake(&reader, &error))).ok(),
    };
    reader.finish();
    rule
}

/// At the key that is wrong.
fn mistake(reader: &Reader<'_>, error: &RelabelError) -> Mistake {
    let key = match error {
        RelabelError::Action(_) => "action",
        RelabelError::Unused { key, .. } | RelabelError::Missing { key, .. } => key,
        RelabelError::Target(_) => "target_label",
        RelabelError::Regex { .. } => "regex",
        _ => return reader.mistake(error.to_string()),
    };
    // The regex parser draws the expression over several lines; the last says what is wrong.
    let message = match error {
        RelabelError::Regex { regex, reason } => {
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("expected a regular expression, found `{regex}`: {reason}")
        }
        other => other.to_string(),
    };
    reader.mistake_at(key, message)
}
