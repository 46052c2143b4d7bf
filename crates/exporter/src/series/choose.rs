//! Which functions of a window are sent, with what they took now and before.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use profile_model::Labels;

use crate::measure::{GroupTable, Table, Value};
use crate::settings::{Functions, Rank};

/// The functions of one group; with a limit largest first, and the rest of them (`[other]`) last.
pub(crate) struct Chosen<'a> {
    pub(crate) labels: &'a Labels,
    /// The root now and, in a comparison, before.
    pub(crate) total: Pair<f64>,
    pub(crate) functions: Vec<Row<'a>>,
}

/// A value of the window and, in a comparison, of the earlier one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair<T> {
    pub(crate) now: Option<T>,
    pub(crate) before: Option<T>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Pair<Value>,
}

/// The name of all functions beside the top ones.
pub(crate) const OTHER: &str = "[other]";

/// Chooses in each group. A value divided by `divisor` is what is sent, which `min_value` speaks of.
pub(crate) fn choose<'a>(
    table: &'a Table,
    before: Option<&'a Table>,
    functions: &Functions,
    divisor: f64,
) -> Vec<Chosen<'a>> {
    let mut groups: BTreeMap<&'a Labels, [Option<&'a GroupTable>; 2]> = BTreeMap::new();
    for (side, table) in [Some(table), before].into_iter().enumerate() {
        for (labels, group) in table.into_iter().flat_map(|table| &table.groups) {
            groups.entry(labels).or_default()[side] = Some(group);
        }
    }
    let choose = |(labels, [now, earlier]): (&'a Labels, [Option<&'a GroupTable>; 2])| {
        let sides = [now.map(|group| (table, group)), earlier.and_then(|group| Some((before?, group)))];
        let total = |side: Option<(&Table, &GroupTable)>| side.map(|(_, group)| group.total);
        let total = Pair { now: total(sides[0]), before: total(sides[1]) };
        Chosen { labels, total, functions: of_group(sides, total, functions, divisor) }
    };
    groups.into_iter().map(choose).collect()
}

type Side<'a> = Option<(&'a Table, &'a GroupTable)>;

fn of_group<'a>(sides: [Side<'a>; 2], total: Pair<f64>, functions: &Functions, divisor: f64) -> Vec<Row<'a>> {
    let mut rows = rows(sides);
    rows.retain(|row| is_large_enough(row, total, functions, divisor));
    let Some(top) = functions.top else { return rows };
    rows.sort_by(|a, b| largest_first(a, b, top.by));
    if rows.len() <= top.n {
        return rows;
    }
    let rest: HashSet<&str> = rows.drain(top.n..).map(|row| row.name).collect();
    if top.other {
        let together =
            |side: Side<'_>| side.map(|(table, group)| table.together(group, &|name| rest.contains(name)));
        let value = Pair { now: together(sides[0]), before: together(sides[1]) };
        rows.push(Row { name: OTHER, value });
    }
    rows
}

/// A function that is on one side only has nothing on the other.
fn rows<'a>(sides: [Side<'a>; 2]) -> Vec<Row<'a>> {
    let [now, before] = sides;
    let functions = |side: Side<'a>| side.into_iter().flat_map(|(table, group)| table.functions(group));
    let mut earlier: Option<HashMap<&str, Value>> = before.map(|_| functions(before).collect());
    let mut rows: Vec<Row<'a>> = Vec::new();
    for (name, value) in functions(now) {
        let before = earlier.as_mut().map(|earlier| earlier.remove(name).unwrap_or_default());
        rows.push(Row { name, value: Pair { now: Some(value), before } });
    }
    for (name, value) in earlier.unwrap_or_default() {
        rows.push(Row { name, value: Pair { now: None, before: Some(value) } });
    }
    rows
}

fn is_large_enough(row: &Row<'_>, total: Pair<f64>, functions: &Functions, divisor: f64) -> bool {
    let sides = [(row.value.now, total.now), (row.value.before, total.before)];
    sides.into_iter().any(|(value, total)| {
        let cumulative = value.map_or(0.0, |value| value.cumulative);
        let ratio = share(cumulative, total.unwrap_or_default());
        value.is_some()
            && (cumulative / divisor).abs() >= functions.min_value
            && ratio.abs() >= functions.min_ratio
    })
}

/// A part of a whole, 0 where there is no whole.
pub(crate) fn share(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

/// Ties by name, so that the same functions are chosen each time.
pub(crate) fn largest_first(a: &Row<'_>, b: &Row<'_>, by: Rank) -> Ordering {
    let rank = |row: &Row<'_>| {
        let of = |value: Option<Value>| match (value, by) {
            (None, _) => f64::NEG_INFINITY,
            // What shrank by much is as large as what grew by much.
            (Some(value), Rank::Flat) => value.flat.abs(),
            (Some(value), Rank::Cumulative) => value.cumulative.abs(),
        };
        of(row.value.now).max(of(row.value.before))
    };
    rank(b).total_cmp(&rank(a)).then_with(|| a.name.cmp(b.name))
}
