//! `metrics`: names, help texts and the unit.

use config_file::{Field, Kind, Reader};
use pql::ProfileType;
use relabel::NameRules;

use crate::series::{per_byte, per_second};
use crate::settings::{Metric, Metrics, Unit, ValueKind};

/// Names that begin so are those of the process itself, but for the three of [`Metrics::default`].
const OWN_PREFIX: &str = "profile_exporter_";

pub(super) fn read(
    query: &mut Reader<'_>,
    profile_type: Option<&ProfileType>,
    value: ValueKind,
    compared: bool,
) -> Metrics {
    let mut metrics = Metrics::default();
    let Some(field) = query.optional("metrics") else { return metrics };
    let Some(mut reader) = field.reader() else { return metrics };
    let slots =
        [("root", &mut metrics.root), ("cumulative", &mut metrics.cumulative), ("flat", &mut metrics.flat)];
    for (key, slot) in slots {
        if let Some(field) = reader.optional(key) {
            metric(&field, slot);
        }
    }
    metrics.unit = reader.optional("unit").and_then(|field| unit(&field, profile_type, value));
    different_names(&reader, &metrics, compared);
    reader.finish();
    metrics
}

/// `false`, a name, or a mapping; what is not said stays as it is.
fn metric(field: &Field<'_>, slot: &mut Option<Metric>) {
    match &field.node().kind {
        Kind::Scalar { text, quoted: false } if matches!(text.as_str(), "false" | "no" | "off") => {
            *slot = None
        }
        Kind::Scalar { text, quoted: false } if text == "true" => {}
        Kind::Mapping(_) => {
            let Some(mut reader) = field.reader() else { return };
            let name = reader.optional("name").and_then(|field| name(&field));
            let help = reader.optional("help").and_then(|field| field.text().map(str::to_owned));
            reader.finish();
            if let Some(metric) = slot {
                metric.name = name.unwrap_or_else(|| metric.name.clone());
                metric.help = help.unwrap_or_else(|| metric.help.clone());
            }
        }
        _ => {
            if let (Some(name), Some(metric)) = (name(field), slot) {
                metric.name = name;
            }
        }
    }
}

fn name(field: &Field<'_>) -> Option<String> {
    let text = field.text()?;
    let defaults = Metrics::default();
    let is_default = [defaults.root, defaults.cumulative, defaults.flat]
        .iter()
        .flatten()
        .any(|metric| metric.name == text);
    if text.len() > MAX_NAME_BYTES || !NameRules::Legacy.is_metric_name(text) {
        let found = field.found();
        field.mistake(format!("expected a metric's name of letters, digits, `_` and `:`, found {found}"));
        return None;
    }
    if text.starts_with(OWN_PREFIX) && !is_default {
        let message = format!("expected a name that does not begin with `{OWN_PREFIX}`, found `{text}`");
        field.mistake_with_hint(message, "metrics of the exporter itself have such names");
        return None;
    }
    Some(text.to_owned())
}

/// No receiver known takes longer ones.
const MAX_NAME_BYTES: usize = 200;

/// The unit must be one that the server's can be converted to. Parca gives `samples:count` in the unit
/// of the period.
fn unit(field: &Field<'_>, profile_type: Option<&ProfileType>, value: ValueKind) -> Option<Unit> {
    let unit = field.choice(&[("seconds", Unit::Seconds), ("bytes", Unit::Bytes)])?;
    if value == ValueKind::Ratio {
        field.mistake("expected no unit, as `value: ratio` is a share of the root");
        return None;
    }
    let Some(profile_type) = profile_type else { return Some(unit) };
    let counts = profile_type.sample_type == "samples" && profile_type.sample_unit == "count";
    let server = if counts { &profile_type.period_unit } else { &profile_type.sample_unit };
    let convertible = match unit {
        Unit::Seconds => per_second(server),
        Unit::Bytes => per_byte(server),
    };
    if convertible.is_none() {
        let found = field.found();
        field.mistake(format!("expected a unit for what the server has, `{server}`, found {found}"));
        return None;
    }
    Some(unit)
}

/// Series of two metrics of one name could not be told apart.
fn different_names(reader: &Reader<'_>, metrics: &Metrics, compared: bool) {
    let suffixes: &[&str] = if compared { &["", "_difference", "_ratio"] } else { &[""] };
    let mut seen: Vec<(&str, String)> = Vec::new();
    for (key, metric) in
        [("root", &metrics.root), ("cumulative", &metrics.cumulative), ("flat", &metrics.flat)]
    {
        let Some(metric) = metric else { continue };
        let names: Vec<String> = suffixes.iter().map(|suffix| format!("{}{suffix}", metric.name)).collect();
        if let Some((other, name)) = seen.iter().find(|(_, name)| names.contains(name)) {
            let message = format!("expected a name of its own, found `{name}`, which `{other}` has too");
            reader.report().add(reader.mistake_at(key, message));
        }
        seen.extend(names.into_iter().map(|name| (key, name)));
    }
}
