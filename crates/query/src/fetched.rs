use parca_client::FlamegraphRecord;
use pql::Query;
use profile_model::{FlameGraph, Profile, Sample, Samples, Symbols, TimeRange, ValueType};
use report_render::Selection;

/// The profiles that an [`Ask`](crate::Ask) means, merged.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fetched {
    /// What was asked, as it was understood.
    pub query: Query,
    /// From the start up to the end, the latter excluded.
    pub range: TimeRange,
    /// What came.
    pub stacks: Stacks,
    /// The sum of the values that the server itself took out.
    pub filtered: i128,
    /// The values of what a Pyroscope calls `other`, which it cut off; they are in the stacks.
    pub truncated: i64,
    /// What is known about the flame graph that a Pyroscope sent.
    pub outline: Option<Outline>,
    /// How many snapshots were added up, for types that are instants (memory in use, goroutines).
    pub snapshots: Option<Snapshots>,
    /// Who answered: a name and an address.
    pub server: String,
    /// What is to be said beside the answer, such as that another type is shown than the one expected.
    pub note: Option<String>,
}

/// Stacks as they came, of one sample type.
#[derive(Clone, Debug)]
pub enum Stacks {
    /// A tree, drawn as it is where nothing is done to its stacks.
    Tree(Box<Tree>),
    /// Samples.
    Profile(Box<Profile>),
    /// Parca's own message, not decoded, with the sum of all values.
    Message(FlamegraphRecord, i64),
}

/// A tree with what it takes to show it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tree {
    /// The tree; stacks without frames are in a node `unknown` below the root.
    pub graph: FlameGraph,
    /// What the ids in the tree stand for.
    pub symbols: Symbols,
    /// What the values count and in which unit.
    pub value_type: ValueType,
    /// When it starts, in nanoseconds since the Unix epoch.
    pub time_nanos: i64,
    /// How long it lasts, in nanoseconds; 0 for instants.
    pub duration_nanos: i64,
}

/// The numbers of a flame graph as a Pyroscope sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outline {
    /// How many names there are, that of the root included.
    pub names: usize,
    /// How many levels there are, that of the root included.
    pub levels: usize,
    /// The largest value of stacks that end at one node.
    pub max_self: i64,
}

/// How many profiles of instants were added up in a merge. Memory in use at ten moments is not ten times as much
/// memory: what a merge of instants says is its mean.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshots {
    /// How many profiles; nothing if the server does not tell.
    pub profiles: Option<u64>,
    /// Of how many series; nothing if the server does not tell.
    pub series: Option<u64>,
    /// How many of the profiles are of one moment after the other: those of the series that has most. A sum divided
    /// by it is the mean over time, all series together.
    pub moments: f64,
}

impl Fetched {
    /// What was fetched, with other stacks.
    #[must_use]
    pub fn with_stacks(self, stacks: Stacks) -> Self {
        Self { stacks, ..self }
    }

    /// What is to be known about the values: the [note](Self::note), and that a Parca tells samples multiplied by their
    /// period, so that `process_cpu:samples` and `process_cpu:cpu` show the same.
    pub fn remarks(&self) -> Vec<String> {
        let (profile_type, unit) = (&self.query.profile_type, self.stacks.unit());
        let is_multiplied = unit != profile_type.sample_unit && unit == profile_type.period_unit;
        let multiplied = || format!("{} times their period, in {unit}", profile_type.sample_type);
        self.note.iter().cloned().chain(is_multiplied.then(multiplied)).collect()
    }
}

impl Tree {
    /// The stacks of the tree as samples.
    pub fn into_profile(self) -> Profile {
        let Self { graph, symbols, value_type, time_nanos, duration_nanos } = self;
        Profile { time_nanos, duration_nanos, ..graph.into_profile(symbols, value_type) }
    }
}

impl Stacks {
    /// Whether there are no stacks at all, as opposed to values that add up to nothing.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Tree(tree) => tree.graph.is_empty(),
            Self::Profile(profile) => profile.samples.is_empty(),
            Self::Message(record, total) => record.height <= 1 && *total == 0,
        }
    }

    /// The unit of the values.
    pub fn unit(&self) -> &str {
        match self {
            Self::Tree(tree) => &tree.value_type.unit,
            Self::Profile(profile) => profile.sample_types.first().map_or("", |of| of.unit.as_str()),
            Self::Message(record, _) => &record.unit,
        }
    }

    /// The sum of all values.
    pub fn total(&self) -> i128 {
        match self {
            Self::Tree(tree) => tree.graph.nodes()[0].cumulative.into(),
            Self::Profile(profile) if !profile.sample_types.is_empty() => profile.samples.total(0),
            Self::Profile(_) => 0,
            Self::Message(_, total) => (*total).into(),
        }
    }

    /// The sum of the sizes of all values, signs aside: what shares are of.
    pub fn whole(&self) -> i128 {
        match self {
            Self::Tree(tree) => tree.graph.widths(false)[0].into(),
            Self::Profile(profile) if !profile.sample_types.is_empty() => profile.samples.whole(0),
            Self::Profile(_) => 0,
            Self::Message(_, total) => i128::from(*total).abs(),
        }
    }

    /// As samples; a message has none.
    pub fn into_profile(self) -> Profile {
        match self {
            Self::Tree(tree) => tree.into_profile(),
            Self::Profile(profile) => *profile,
            Self::Message(..) => Profile::default(),
        }
    }
}

impl Snapshots {
    /// A profile whose first values are means over time, not sums.
    pub fn mean(&self, sum: &Profile) -> Profile {
        divided(sum, self.moments)
    }

    /// In words: `sum of 720 snapshots of 2 series`, or `1 snapshot`.
    pub fn words(&self) -> String {
        match (self.profiles, self.series) {
            (Some(1), _) => "1 snapshot".to_owned(),
            (Some(profiles), Some(series)) => format!("sum of {profiles} snapshots of {series} series"),
            (Some(profiles), None) => format!("sum of {profiles} snapshots"),
            _ => "sum of all snapshots".to_owned(),
        }
    }
}

/// The first sample type of a profile with its values divided, rounded to whole numbers: what a sum of instants is on
/// average.
pub(crate) fn divided(profile: &Profile, by: f64) -> Profile {
    let mut samples = Samples::new(1);
    let selection = Selection::new(profile, 0);
    for (stack, value) in selection.into_iter().flat_map(|selection| selection.values().collect::<Vec<_>>()) {
        // A cast from floats saturates.
        samples.push(Sample { stack, values: &[(value as f64 / by).round() as i64], labels: &[] });
    }
    let sample_types = profile.sample_types.first().cloned().into_iter().collect();
    let head = Profile { symbols: profile.symbols.clone(), samples, ..Profile::new(sample_types) };
    Profile { time_nanos: profile.time_nanos, duration_nanos: profile.duration_nanos, ..head }
}
