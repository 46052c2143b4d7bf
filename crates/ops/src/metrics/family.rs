//! One metric family, in neither encoding.

/// The type on a family's `# TYPE` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations in buckets.
    Histogram,
}

/// A family: one name, one help text, samples that differ in their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The full name, with unit and `_total` where they belong.
    pub name: String,
    /// What it counts, as a sentence.
    pub help: String,
    /// The family's type.
    pub kind: Kind,
    /// The family's samples; no two have the same labels.
    pub samples: Vec<Sample>,
}

/// One series of a family at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Label names and values.
    pub labels: Vec<(String, String)>,
    /// The value, of the family's kind.
    pub value: Value,
}

/// A sample's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// For [`Kind::Counter`].
    Counter(f64),
    /// For [`Kind::Gauge`].
    Gauge(f64),
    /// For [`Kind::Histogram`].
    Histogram(Histogram),
}

/// A histogram in classic buckets, native buckets, or both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// How many observations.
    pub count: u64,
    /// The sum of the observed values.
    pub sum: f64,
    /// Upper bounds, ascending and without `+Inf`, with the count at or below each.
    pub buckets: Vec<(f64, u64)>,
    /// The exponential form, which only the protobuf encoding can carry.
    pub native: Option<NativeBuckets>,
}

/// Exponential buckets: bucket `i` of schema `s` holds values in `(2^((i-1)/2^s), 2^(i/2^s)]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NativeBuckets {
    /// -4 to 8; 3 makes each bucket about 9 % wider than the one below.
    pub schema: i32,
    /// Observations at or below this are in the zero bucket.
    pub zero_threshold: f64,
    /// How many are.
    pub zero_count: u64,
    /// Index and own (not cumulative) count, ascending by index, empty ones left out.
    pub positive: Vec<(i32, u64)>,
}

impl Family {
    /// A family without samples.
    pub fn new(name: impl Into<String>, help: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), help: help.into(), kind, samples: Vec::new() }
    }

    /// Adds a sample.
    #[must_use]
    pub fn with<N, V>(mut self, labels: impl IntoIterator<Item = (N, V)>, value: Value) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let labels = labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.samples.push(Sample { labels, value });
        self
    }
}
