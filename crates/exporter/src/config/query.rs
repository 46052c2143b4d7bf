//! One of `queries`.

use std::time::Duration;

use config_file::{Field, Reader};
use pql::QueryError;

use super::{labels, matchers, metrics, schedule, values};
use crate::settings::{
    Compare, EmptyWindows, Functions, GroupLabel, QuerySettings, Rank, Schedule, Top, Unsymbolized, ValueKind,
};

/// What queries have that do not say otherwise.
pub(super) struct Defaults {
    catch_up: Duration,
    delay: Duration,
    /// By the interval, if none.
    timeout: Option<Duration>,
    empty_windows: EmptyWindows,
    query_label: bool,
    max_label_value_bytes: usize,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            catch_up: QuerySettings::CATCH_UP,
            delay: Schedule::DELAY,
            timeout: None,
            empty_windows: EmptyWindows::default(),
            query_label: true,
            max_label_value_bytes: QuerySettings::MAX_LABEL_VALUE_BYTES,
        }
    }
}

impl Defaults {
    /// Takes what a block says. `delay` is read with the schedule where the block is a query.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>) {
        reader.set("delay", &mut self.delay, values::duration);
        self.read_common(reader);
    }

    fn read_common(&mut self, reader: &mut Reader<'_>) {
        reader.set("catch_up", &mut self.catch_up, values::duration);
        reader.set("timeout", &mut self.timeout, |field| values::timeout(field).map(Some));
        let empty = [("zero", EmptyWindows::Zero), ("gap", EmptyWindows::Gap)];
        reader.set("empty_windows", &mut self.empty_windows, |field| field.choice(&empty));
        reader.set("query_label", &mut self.query_label, Field::boolean);
        // Room for the hash that a cut value ends in.
        let length = |field: &Field<'_>| field.integer(32..=65_536)?.try_into().ok();
        reader.set("max_label_value_length", &mut self.max_label_value_bytes, length);
    }
}

/// Reads all keys of a query.
pub(super) fn read(reader: &mut Reader<'_>, defaults: &Defaults) -> Option<QuerySettings> {
    let mut defaults = Defaults { ..*defaults };
    defaults.read_common(reader);
    let name = reader.required("name").and_then(|field| name(&field));
    let query = reader.required("query").and_then(|field| Some((query(&field)?, field.text()?.to_owned())));
    let schedule = schedule::read(reader, defaults.delay);
    let functions = functions(reader);
    let value = value(reader, query.as_ref().map(|(query, _)| query));
    let compare = reader.optional("compare").and_then(|field| compare(&field));
    let profile_type = query.as_ref().map(|(query, _)| &query.profile_type);
    let metrics = metrics::read(reader, profile_type, value, compare.is_some());
    let own = reader.optional("labels").and_then(|field| labels::own(&field)).unwrap_or_default();
    let group_by = reader.optional("group_by").and_then(|field| group_by(&field, &own)).unwrap_or_default();
    let (query, query_text) = query?;
    let schedule = schedule?;
    Some(QuerySettings {
        query_text,
        schedule,
        timeout: defaults.timeout.unwrap_or_else(|| QuerySettings::timeout_for(schedule.interval)),
        empty_windows: defaults.empty_windows,
        catch_up: defaults.catch_up,
        functions,
        group_by,
        value,
        compare,
        metrics,
        labels: own,
        query_label: defaults.query_label,
        max_label_value_bytes: defaults.max_label_value_bytes,
        ..QuerySettings::new(name?, query, schedule.interval)
    })
}

fn name(field: &Field<'_>) -> Option<String> {
    let text = field.text()?;
    if text.trim().is_empty() {
        field.mistake("expected a name, found an empty text");
        return None;
    }
    Some(text.to_owned())
}

/// The caret stands in the query's text, not in the file: YAML may have folded and unquoted it.
fn query(field: &Field<'_>) -> Option<pql::Query> {
    match field.text()?.parse::<pql::Query>() {
        Ok(query) => Some(query),
        Err(QueryError::Parse(error)) => {
            let mistake = field.new_mistake(error.message()).with_excerpt(error.caret());
            field.report().add(mistake);
            None
        }
        Err(other) => {
            let hint = "`profile-exporter types` lists what a server has";
            field.mistake_with_hint(other.to_string(), hint);
            None
        }
    }
}

fn functions(reader: &mut Reader<'_>) -> Functions {
    let mut functions = Functions::default();
    reader.set("matchers", &mut functions.matchers, matchers::read);
    let policies = [
        ("drop", Unsymbolized::Drop),
        ("aggregate", Unsymbolized::Aggregate),
        ("per_binary", Unsymbolized::PerBinary),
    ];
    reader.set("unsymbolized", &mut functions.unsymbolized, |field| field.choice(&policies));
    functions.top = top(reader);
    reader.set("min_value", &mut functions.min_value, |field| field.float(0.0..=f64::MAX));
    reader.set("min_ratio", &mut functions.min_ratio, |field| field.float(0.0..=1.0));
    reader.set("max_series", &mut functions.max_series, values::count(10_000_000));
    functions
}

fn top(reader: &mut Reader<'_>) -> Option<Top> {
    let (mut by, mut other) = (Rank::default(), true);
    let ranks = [("flat", Rank::Flat), ("cumulative", Rank::Cumulative)];
    reader.set("top_by", &mut by, |field| field.choice(&ranks));
    reader.set("other", &mut other, Field::boolean);
    for key in ["top_by", "other"] {
        if reader.has(key) && !reader.has("top_n") {
            reader.report().add(reader.mistake_at(key, "needs `top_n`"));
        }
    }
    let n = values::count(100_000)(&reader.optional("top_n")?)?;
    Some(Top { n, by, other })
}

fn value(reader: &mut Reader<'_>, query: Option<&pql::Query>) -> ValueKind {
    let kinds = [
        ("window_sum", ValueKind::WindowSum),
        ("per_second", ValueKind::PerSecond),
        ("ratio", ValueKind::Ratio),
    ];
    let Some(field) = reader.optional("value") else { return ValueKind::default() };
    let Some(kind) = field.choice(&kinds) else { return ValueKind::default() };
    if kind == ValueKind::PerSecond && query.is_some_and(|query| !query.profile_type.delta) {
        let message = "expected `window_sum` or `ratio`, as the profile type is no delta, found `per_second`";
        let hint = "snapshots, such as of memory in use, do not add up over time: their mean is sent";
        field.mistake_with_hint(message, hint);
    }
    kind
}

fn compare(field: &Field<'_>) -> Option<Compare> {
    let mut reader = field.reader()?;
    let offset = reader.required("offset");
    reader.finish();
    let field = offset?;
    Some(Compare { offset: values::positive_duration(&field)?, text: field.text()?.to_owned() })
}

/// Receivers take some thirty labels on a series.
const MAX_GROUP_LABELS: usize = 20;

/// Labels of profiles, under names that Prometheus takes and that nothing else has.
fn group_by(field: &Field<'_>, own: &relabel::Labels) -> Option<Vec<GroupLabel>> {
    let mut labels: Vec<GroupLabel> = Vec::new();
    let list = field.list()?;
    if list.len() > MAX_GROUP_LABELS {
        field.mistake(format!("expected at most {MAX_GROUP_LABELS} labels, found {}", list.len()));
        return None;
    }
    for item in list {
        let Some(label) = item.text() else { continue };
        let name = sanitised(label);
        let other = labels.iter().find(|other| other.name == name);
        let problem = if label.is_empty() {
            Some("expected the name of a label, found an empty text".to_owned())
        } else if let Some(other) = other {
            Some(format!(
                "expected labels with different names, found `{}` and `{label}`, which are both `{name}`",
                other.label
            ))
        } else if own.get(&name).is_some() {
            Some(format!("expected a label that is not in `labels`, found `{name}`"))
        } else {
            labels::check(&name).err()
        };
        match problem {
            Some(problem) => item.mistake(problem),
            None => labels.push(GroupLabel { label: label.to_owned(), name }),
        }
    }
    Some(labels)
}

/// Each character that Prometheus does not take in a label's name is a `_`.
fn sanitised(label: &str) -> String {
    let fits = |(at, c): (usize, char)| c.is_ascii_alphabetic() || c == '_' || at > 0 && c.is_ascii_digit();
    label.char_indices().map(|(at, c)| if fits((at, c)) { c } else { '_' }).collect()
}
