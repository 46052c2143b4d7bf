//! From the functions of a window to series.

use std::collections::HashMap;
use std::sync::Arc;

use profile_model::Labels as ProfileLabels;
use relabel::{Labels, METRIC_NAME};
use remote_write::{Metadata, MetricKind, Series};

use super::choose::{Chosen, Pair, Row, choose, largest_first, share};
use super::unit::Scale;
use crate::measure::{Table, Value};
use crate::schedule::Window;
use crate::settings::{Metric, QuerySettings, Rank, ValueKind};

/// The series of one window.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) series: Vec<Series>,
    /// Functions that the matchers took, however many of them have series.
    pub(crate) functions: usize,
    /// Series that were left out because there were too many.
    pub(crate) over_limit: u64,
    /// Series whose labels no receiver would store.
    pub(crate) invalid: u64,
}

/// Makes the series of a window: the roots first, then functions, at most `limit` series of them; the
/// largest where not all are sent.
pub(crate) fn series_of(
    query: &QuerySettings,
    window: Window,
    table: &Table,
    before: Option<&Table>,
    limit: usize,
    cache: &mut LabelCache,
) -> Made {
    let scale = Scale::new(query.value, &table.unit, query.metrics.unit, window.length());
    let chosen = choose(table, before, &query.functions, min_value_divisor(query, &scale));
    let whole = Pair { now: Some(table.total), before: before.map(|before| before.total) };
    let names = Names::new(query, &scale);
    let mut maker = Maker::new(query, window, &scale);
    cache.round += 1;
    for group in &chosen {
        maker.root(&names, cache.root(group.labels), group, whole);
    }
    let mut rows: Vec<(&Chosen<'_>, &Row<'_>)> =
        chosen.iter().flat_map(|group| group.functions.iter().map(move |row| (group, row))).collect();
    let functions = rows.len();
    let each = names.series_of_a_function(query);
    let limit = limit.min(query.functions.max_series) / each.max(1);
    let mut over_limit = 0;
    if rows.len() > limit {
        rows.sort_by(|(_, a), (_, b)| largest_first(a, b, Rank::Cumulative));
        over_limit = ((rows.len() - limit) * each) as u64;
        rows.truncate(limit);
    }
    maker.series.reserve(rows.len() * each);
    for (group, row) in rows {
        maker.function(&names, cache.function(group.labels, row.name), group, row);
    }
    cache.forget_old();
    Made { series: maker.series, functions, over_limit, invalid: maker.invalid }
}

/// `min_value` speaks of what is sent; a share is not known before its root, and has `min_ratio`.
fn min_value_divisor(query: &QuerySettings, scale: &Scale) -> f64 {
    match query.value {
        ValueKind::Ratio => 1.0,
        _ => scale.divisor,
    }
}

struct Maker<'a> {
    query: &'a QuerySettings,
    scale: &'a Scale,
    timestamp_ms: i64,
    texts: Texts,
    series: Vec<Series>,
    invalid: u64,
}

/// What labels are made of, allocated once.
struct Texts {
    /// The labels that every series has.
    common: Vec<(Arc<str>, Arc<str>)>,
    metric_name: Arc<str>,
    function_name: Arc<str>,
    offset: Option<(Arc<str>, Arc<str>)>,
    groups: Vec<Arc<str>>,
    limit: usize,
}

/// The labels of a query's series from window to window: most functions come again.
#[derive(Debug, Default)]
pub(crate) struct LabelCache {
    groups: HashMap<ProfileLabels, KnownGroup>,
    round: u64,
}

#[derive(Debug, Default)]
struct KnownGroup {
    root: Known,
    functions: HashMap<Box<str>, Known>,
}

/// The labels of one function, by slot; none: no receiver would store them.
#[derive(Debug, Default)]
struct Known {
    labels: [Option<Option<Labels>>; SLOTS],
    round: u64,
}

/// A value, a difference and a ratio for each metric of a function.
const SLOTS: usize = 6;
/// How many windows labels are kept that no series has.
const KEPT_ROUNDS: u64 = 10;

impl LabelCache {
    /// What is known of a group's root, which has a place from now on.
    fn root(&mut self, group: &ProfileLabels) -> &mut Known {
        let round = self.round;
        let known = &mut self.group(group).root;
        known.round = round;
        known
    }

    /// What is known of a function of a group, which has a place from now on.
    fn function(&mut self, group: &ProfileLabels, name: &str) -> &mut Known {
        let round = self.round;
        let functions = &mut self.group(group).functions;
        if !functions.contains_key(name) {
            functions.insert(name.into(), Known::default());
        }
        let known = functions.get_mut(name).expect("it was there, or was inserted");
        known.round = round;
        known
    }

    fn group(&mut self, labels: &ProfileLabels) -> &mut KnownGroup {
        if !self.groups.contains_key(labels) {
            self.groups.insert(labels.clone(), KnownGroup::default());
        }
        self.groups.get_mut(labels).expect("it was there, or was inserted")
    }

    fn forget_old(&mut self) {
        let round = self.round;
        let lives = |known: &Known| known.round + KEPT_ROUNDS > round;
        for group in self.groups.values_mut() {
            group.functions.retain(|_, known| lives(known));
        }
        self.groups.retain(|_, group| lives(&group.root) || !group.functions.is_empty());
    }
}

/// The names of metrics with their metadata.
struct Names {
    root: Option<Named>,
    cumulative: Option<Named>,
    flat: Option<Named>,
}

/// A metric, and those of the comparison.
struct Named {
    value: (Arc<str>, Arc<Metadata>),
    difference: (Arc<str>, Arc<Metadata>),
    ratio: (Arc<str>, Arc<Metadata>),
}

impl Names {
    fn new(query: &QuerySettings, scale: &Scale) -> Self {
        let named = |metric: &Option<Metric>| metric.as_ref().map(|metric| Named::new(metric, &scale.unit));
        let metrics = &query.metrics;
        Self {
            root: named(&metrics.root),
            cumulative: named(&metrics.cumulative),
            flat: named(&metrics.flat),
        }
    }

    fn series_of_a_function(&self, query: &QuerySettings) -> usize {
        let per_metric = if query.compare.is_some() { 3 } else { 1 };
        let metrics = [&self.flat, &self.cumulative];
        metrics.into_iter().filter(|metric| metric.is_some()).count() * per_metric
    }
}

impl Named {
    fn new(metric: &Metric, unit: &str) -> Self {
        let gauge = |unit: &str, help: String| {
            Arc::new(Metadata { kind: MetricKind::Gauge, help: help.into(), unit: unit.into() })
        };
        let Metric { name, help } = metric;
        Self {
            value: (name.as_str().into(), gauge(unit, help.clone())),
            difference: (
                format!("{name}_difference").into(),
                gauge(unit, format!("Now less the value of an offset ago. {help}")),
            ),
            ratio: (
                format!("{name}_ratio").into(),
                gauge("ratio", format!("Now divided by the value of an offset ago. {help}")),
            ),
        }
    }
}

impl<'a> Maker<'a> {
    fn new(query: &'a QuerySettings, window: Window, scale: &'a Scale) -> Self {
        Self {
            query,
            scale,
            timestamp_ms: window.end_ms,
            texts: Texts::new(query),
            series: Vec::new(),
            invalid: 0,
        }
    }

    fn root(&mut self, names: &Names, known: &mut Known, group: &Chosen<'_>, whole: Pair<f64>) {
        let mut of = Of { known, group: group.labels, function: None };
        if let Some(named) = &names.root {
            self.metric(named, 0, &mut of, group.total, whole);
        }
    }

    fn function(&mut self, names: &Names, known: &mut Known, group: &Chosen<'_>, row: &Row<'_>) {
        let of = |part: fn(Value) -> f64| Pair {
            now: row.value.now.map(part),
            before: row.value.before.map(part),
        };
        let mut function = Of { known, group: group.labels, function: Some(row.name) };
        if let Some(named) = &names.flat {
            self.metric(named, 0, &mut function, of(|value| value.flat), group.total);
        }
        if let Some(named) = &names.cumulative {
            self.metric(named, SLOTS / 2, &mut function, of(|value| value.cumulative), group.total);
        }
    }

    /// `whole` is what shares are of, `slot` the first of three.
    fn metric(&mut self, named: &Named, slot: usize, of: &mut Of<'_>, value: Pair<f64>, whole: Pair<f64>) {
        let now = value.now.map(|now| self.sent(now, whole.now));
        if let Some(now) = now {
            self.push(&named.value, slot, of, now);
        }
        let (true, Some(before)) = (self.texts.offset.is_some(), value.before) else { return };
        let before = self.sent(before, whole.before);
        let now = now.unwrap_or_default();
        self.push(&named.difference, slot + 1, of, now - before);
        // Something new has no ratio: infinity would only break graphs.
        if before != 0.0 {
            self.push(&named.ratio, slot + 2, of, now / before);
        }
    }

    fn sent(&self, value: f64, whole: Option<f64>) -> f64 {
        match self.query.value {
            ValueKind::Ratio => share(value, whole.unwrap_or_default()),
            ValueKind::WindowSum | ValueKind::PerSecond => value / self.scale.divisor,
        }
    }

    /// The config refuses names that collide, so labels are always good.
    fn push(
        &mut self,
        (name, metadata): &(Arc<str>, Arc<Metadata>),
        slot: usize,
        of: &mut Of<'_>,
        value: f64,
    ) {
        let (query, texts) = (self.query, &self.texts);
        let labels = of.known.labels[slot].get_or_insert_with(|| {
            let compares = !slot.is_multiple_of(SLOTS / 2);
            let pairs = texts.pairs(query, name, compares, of.group, of.function);
            Labels::new(pairs)
                .inspect_err(|error| tracing::debug!(query_name = query.name, %error, "left out a series"))
                .ok()
        });
        match labels {
            Some(labels) => {
                let series = Series::new(labels.clone(), value, self.timestamp_ms);
                self.series.push(series.with_metadata(Arc::clone(metadata)));
            }
            None => self.invalid += 1,
        }
    }
}

/// Whose series it is.
struct Of<'a> {
    known: &'a mut Known,
    group: &'a ProfileLabels,
    function: Option<&'a str>,
}

impl Texts {
    fn new(query: &QuerySettings) -> Self {
        let limit = query.max_label_value_bytes;
        let mut common: Vec<(Arc<str>, Arc<str>)> =
            query.labels.iter().map(|(name, value)| (name.into(), value.into())).collect();
        common.push(("query_name".into(), fitted(&query.name, limit)));
        if query.query_label {
            common.push(("query".into(), fitted(&query.query_text, limit)));
        }
        Self {
            common,
            metric_name: METRIC_NAME.into(),
            function_name: "function_name".into(),
            offset: query.compare.as_ref().map(|compare| ("offset".into(), compare.text.as_str().into())),
            groups: query.group_by.iter().map(|group| group.name.as_str().into()).collect(),
            limit,
        }
    }

    fn pairs(
        &self,
        query: &QuerySettings,
        metric: &Arc<str>,
        compares: bool,
        group: &ProfileLabels,
        function: Option<&str>,
    ) -> Vec<(Arc<str>, Arc<str>)> {
        let mut pairs = Vec::with_capacity(self.common.len() + self.groups.len() + 3);
        pairs.extend(self.common.iter().cloned());
        for (wanted, name) in query.group_by.iter().zip(&self.groups) {
            if let Some(value) = group.get(&wanted.label) {
                pairs.push((Arc::clone(name), fitted(value, self.limit)));
            }
        }
        if let Some(function) = function {
            pairs.push((Arc::clone(&self.function_name), fitted(function, self.limit)));
        }
        if compares {
            pairs.extend(self.offset.clone());
        }
        pairs.push((Arc::clone(&self.metric_name), Arc::clone(metric)));
        pairs
    }
}

/// The text, or its beginning and a hash of all of it: so that texts that differ stay different.
fn fitted(text: &str, limit: usize) -> Arc<str> {
    const HASH: usize = 17;
    if text.len() <= limit {
        return text.into();
    }
    let digest = md5::compute(text.as_bytes());
    let hash = u64::from_be_bytes(digest[..8].try_into().expect("eight of sixteen bytes"));
    let start = text.floor_char_boundary(limit.saturating_sub(HASH));
    format!("{}~{hash:016x}", &text[..start]).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
