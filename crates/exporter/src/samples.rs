//! From the functions of a window to series.

use std::collections::HashMap;
use std::sync::Arc;

use profile_model::Labels as ProfileLabels;
use remote_write::{Labels, METRIC_NAME, Metadata, MetricKind, Series};

use crate::choose::{Chosen, Pair, Row, choose, largest_first, share};
use crate::schedule::Window;
use crate::settings::{Metric, QuerySettings, Rank, ValueKind};
use crate::table::{Table, Value};
use crate::unit::Scale;

/// The series of one window.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub(crate) series: Vec<Series>,
    /// Series that were left out because there were too many.
    pub(crate) over_limit: u64,
    /// Series whose labels no receiver would store.
    pub(crate) invalid: u64,
}

/// Makes the series of a window: the root first, then functions; the largest where not all of them are sent. At most `limit` of them
/// beside the roots.
pub(crate) fn samples(
    query: &QuerySettings,
    window: Window,
    table: &Table,
    before: Option<&Table>,
    limit: usize,
    cache: &mut LabelCache,
) -> Samples {
    let scale = Scale::new(query.value, &table.unit, query.metrics.unit, window.length());
    let chosen = choose(table, before, &query.functions, min_value_divisor(query, &scale));
    let whole = Pair { now: Some(table.total), before: before.map(|before| before.total) };
    let mut maker = Maker::new(query, window, &scale, cache);
    for group in &chosen {
        maker.root(group, whole);
    }
    let mut rows: Vec<(&Chosen<'_>, &Row<'_>)> =
        chosen.iter().flat_map(|group| group.functions.iter().map(move |row| (group, row))).collect();
    let each = maker.series_of_a_function();
    let limit = limit.min(query.functions.max_series) / each.max(1);
    let mut over_limit = 0;
    if rows.len() > limit {
        rows.sort_by(|(_, a), (_, b)| largest_first(a, b, Rank::Cumulative));
        over_limit = ((rows.len() - limit) * each) as u64;
        rows.truncate(limit);
    }
    maker.series.reserve(rows.len() * each);
    for (group, row) in rows {
        maker.function(group, row);
    }
    let Maker { series, invalid, .. } = maker;
    cache.forget_old();
    Samples { series, over_limit, invalid }
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
    names: Names,
    texts: Texts,
    cache: &'a mut LabelCache,
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
    root: Option<Arc<Named>>,
    cumulative: Option<Arc<Named>>,
    flat: Option<Arc<Named>>,
}

/// A metric, and those of the comparison.
struct Named {
    value: (Arc<str>, Arc<Metadata>),
    difference: (Arc<str>, Arc<Metadata>),
    ratio: (Arc<str>, Arc<Metadata>),
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
    fn new(query: &'a QuerySettings, window: Window, scale: &'a Scale, cache: &'a mut LabelCache) -> Self {
        let named =
            |metric: &Option<Metric>| metric.as_ref().map(|metric| Arc::new(Named::new(metric, &scale.unit)));
        let metrics = &query.metrics;
        let names = Names {
            root: named(&metrics.root),
            cumulative: named(&metrics.cumulative),
            flat: named(&metrics.flat),
        };
        cache.round += 1;
        Self {
            query,
            scale,
            timestamp_ms: window.end_ms,
            names,
            texts: Texts::new(query),
            cache,
            series: Vec::new(),
            invalid: 0,
        }
    }

    fn series_of_a_function(&self) -> usize {
        let per_metric = if self.query.compare.is_some() { 3 } else { 1 };
        let metrics = [&self.names.flat, &self.names.cumulative];
        metrics.into_iter().filter(|metric| metric.is_some()).count() * per_metric
    }

    fn root(&mut self, group: &Chosen<'_>, whole: Pair<f64>) {
        let round = self.cache.round;
        let mut known = std::mem::take(&mut self.known_group(group.labels).root);
        known.round = round;
        if let Some(named) = self.names.root.clone() {
            let of = Of { known: &mut known, group: group.labels, function: None };
            self.metric(&named, 0, of, group.total, whole);
        }
        self.known_group(group.labels).root = known;
    }

    fn function(&mut self, group: &Chosen<'_>, row: &Row<'_>) {
        let round = self.cache.round;
        let functions = &mut self.known_group(group.labels).functions;
        let mut known = match functions.get_mut(row.name) {
            Some(known) => std::mem::take(known),
            None => {
                functions.insert(row.name.into(), Known::default());
                Known::default()
            }
        };
        known.round = round;
        let of = |part: fn(Value) -> f64| Pair {
            now: row.value.now.map(part),
            before: row.value.before.map(part),
        };
        if let Some(named) = self.names.flat.clone() {
            let at = Of { known: &mut known, group: group.labels, function: Some(row.name) };
            self.metric(&named, 0, at, of(|value| value.flat), group.total);
        }
        if let Some(named) = self.names.cumulative.clone() {
            let at = Of { known: &mut known, group: group.labels, function: Some(row.name) };
            self.metric(&named, SLOTS / 2, at, of(|value| value.cumulative), group.total);
        }
        if let Some(place) = self.known_group(group.labels).functions.get_mut(row.name) {
            *place = known;
        }
    }

    fn known_group(&mut self, labels: &ProfileLabels) -> &mut KnownGroup {
        if !self.cache.groups.contains_key(labels) {
            self.cache.groups.insert(labels.clone(), KnownGroup::default());
        }
        self.cache.groups.get_mut(labels).expect("it was there, or was inserted")
    }

    /// `whole` is what shares are of, `slot` the first of three.
    fn metric(&mut self, named: &Named, slot: usize, mut of: Of<'_>, value: Pair<f64>, whole: Pair<f64>) {
        let now = value.now.map(|now| self.sent(now, whole.now));
        if let Some(now) = now {
            self.push(&named.value, slot, &mut of, now);
        }
        let (true, Some(before)) = (self.texts.offset.is_some(), value.before) else { return };
        let before = self.sent(before, whole.before);
        let now = now.unwrap_or_default();
        self.push(&named.difference, slot + 1, &mut of, now - before);
        // Something new has no ratio: infinity would only break graphs.
        if before != 0.0 {
            self.push(&named.ratio, slot + 2, &mut of, now / before);
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
