//! Numbers of a comparison as people read them.

use report_render::Human;

use super::{Change, Diff, Normalise, Pair, Presence, Row};
use words::safe as plain;

/// Base, compared and change of a pair.
pub(super) fn cells(pair: &Pair, unit: &str) -> [String; 3] {
    let [base, compared] = match pair.scale.normalise {
        Normalise::Share => pair.shares().map(percent),
        Normalise::PerSecond => pair.rates().map(|rate| format!("{}/s", Human::fraction(rate, unit))),
        Normalise::Nothing => [pair.base, pair.compared].map(|value| Human::new(value, unit).to_string()),
    };
    [base, compared, change(pair, unit)]
}

/// The change with its sign.
pub(super) fn change(pair: &Pair, unit: &str) -> String {
    match pair.change() {
        Change::Points(0.0) => "0 pp".to_owned(),
        Change::Points(points) => format!("{points:+.2} pp"),
        Change::PerSecond(rate) => format!("{}{}/s", plus(rate), Human::fraction(rate, unit)),
        Change::Value(value) => format!("{}{}", plus(value as f64), Human::new(value, unit)),
    }
}

/// The change relative to the base, in words where there is none.
pub(super) fn relative(row: &Row, pair: &Pair) -> String {
    match pair.relative() {
        relative if relative.is_nan() => "unknown".to_owned(),
        relative if relative.is_infinite() && row.presence() == Presence::New => "new".to_owned(),
        relative if relative.is_infinite() => "from 0".to_owned(),
        relative => format!("{relative:+.1} %"),
    }
}

fn plus(value: f64) -> &'static str {
    if value > 0.0 { "+" } else { "" }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// The name, with what is to be said about it.
pub(super) fn name(row: &Row) -> String {
    let name = plain(&row.name);
    match row.presence() {
        Presence::Both => name,
        Presence::New => format!("{name} (new)"),
        Presence::Gone => format!("{name} (gone)"),
    }
}

/// What is changed, in order, as far as it is worth a line.
pub(super) fn changed(diff: &Diff, min_percent: f64) -> impl Iterator<Item = &Row> {
    let is_changed = |pair: &Pair| pair.weight() != 0.0;
    let is_worth = move |row: &&Row| row.largest_share() >= min_percent;
    diff.rows.iter().filter(move |row| is_changed(&row.flat) || is_changed(&row.cumulative)).filter(is_worth)
}

/// How values are made comparable, as a remark.
pub(super) fn normalised(diff: &Diff) -> &'static str {
    match diff.normalise() {
        Normalise::Share => "by share of each side's whole",
        Normalise::PerSecond => "per second of each side's window",
        Normalise::Nothing => "not normalised",
    }
}
