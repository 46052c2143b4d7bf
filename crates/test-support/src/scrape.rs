//! What a scraper sees, read from either exposition into one form.

mod protobuf;
mod text;

use std::collections::{BTreeMap, BTreeSet};

/// Every family of one scrape, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    /// By name.
    pub families: BTreeMap<String, Family>,
}

/// One family.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// What its `# TYPE` says.
    pub kind: Kind,
    /// What its `# HELP` says.
    pub help: String,
    /// The family's series.
    pub samples: Vec<Sample>,
}

/// A family's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
    Untyped,
}

/// One series of a family; a histogram's buckets, sum and count are one.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// By name, without `le`.
    pub labels: BTreeMap<String, String>,
    /// The sample's value.
    pub value: Value,
}

/// What a series has.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A counter's, a gauge's.
    Number(f64),
    /// A histogram's.
    Histogram(Histogram),
}

/// A histogram as it was on the wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Observations.
    pub count: u64,
    /// The sum of the observed values.
    pub sum: f64,
    /// Classic buckets: upper bound, cumulative count.
    pub buckets: Vec<(f64, u64)>,
    /// Native buckets, where there are any.
    pub native: Option<Native>,
}

/// Native buckets, spans and deltas resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Native {
    /// Each bucket is `2^(2^-schema)` times as wide as the one below.
    pub schema: i32,
    /// Observations in the zero bucket.
    pub zero_count: u64,
    /// Index and own count.
    pub positive: Vec<(i32, i64)>,
}

impl Scrape {
    /// Reads the text format 0.0.4, strictly: each sample belongs to a family whose type was said
    /// before, no series comes twice.
    ///
    /// # Errors
    /// The line that is wrong, and how.
    pub fn parse_text(text: &str) -> Result<Self, String> {
        text::parse(text)
    }

    /// Reads length-delimited `io.prometheus.client.MetricFamily` messages.
    ///
    /// # Errors
    /// The bytes are none, or spans and deltas do not fit together.
    pub fn decode_protobuf(bytes: &[u8]) -> Result<Self, String> {
        protobuf::decode(bytes)
    }

    /// A family that has to be there.
    ///
    /// # Panics
    /// It is not.
    #[track_caller]
    pub fn family(&self, name: &str) -> &Family {
        self.families
            .get(name)
            .unwrap_or_else(|| panic!("no family `{name}` among {:?}", self.families.keys()))
    }

    /// The number of the one series with at least these labels; nothing where there is none.
    pub fn number(&self, family: &str, labels: &[(&str, &str)]) -> Option<f64> {
        match self.families.get(family)?.matching(labels).next()?.value {
            Value::Number(number) => Some(number),
            Value::Histogram(_) => None,
        }
    }

    /// Every label name that a family whose name begins so has, without `le`.
    pub fn label_names(&self, prefix: &str) -> BTreeSet<&str> {
        let families = self.families.iter().filter(|(name, _)| name.starts_with(prefix));
        let samples = families.flat_map(|(_, family)| &family.samples);
        samples.flat_map(|sample| sample.labels.keys().map(String::as_str)).collect()
    }
}

impl Family {
    /// The series that have at least these labels.
    pub fn matching(&self, labels: &[(&str, &str)]) -> impl Iterator<Item = &Sample> {
        let has = move |sample: &&Sample| {
            labels.iter().all(|(name, value)| sample.labels.get(*name).is_some_and(|v| v == value))
        };
        self.samples.iter().filter(has)
    }
}

impl Sample {
    /// The series' histogram.
    ///
    /// # Panics
    /// It has a number.
    #[track_caller]
    pub fn histogram(&self) -> &Histogram {
        match &self.value {
            Value::Histogram(histogram) => histogram,
            Value::Number(number) => panic!("expected a histogram, found {number}"),
        }
    }
}
