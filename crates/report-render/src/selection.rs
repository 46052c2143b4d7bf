use profile_model::{
    FlameGraph, FlameOptions, FlameSample, LabelValue, Labels, Profile, Sample, SampleLabel, StackId,
    ValueType, WeightedStack,
};

use crate::Flame;

/// One kind of value of a profile, and what a comparison changed in it if the profile is one.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    profile: &'a Profile,
    value: usize,
    diff: Option<usize>,
    /// What shares are of, if it is not what the samples sum up to.
    whole: Option<i128>,
    /// What the values before were multiplied by in a comparison.
    scale: Option<f64>,
}

impl<'a> Selection<'a> {
    /// The sample type at this position, if the profile has it.
    pub fn new(profile: &'a Profile, value: usize) -> Option<Self> {
        let exists = value < profile.sample_types.len() && value < profile.samples.width();
        exists.then_some(Self { profile, value, diff: None, whole: None, scale: None })
    }

    /// The sample type to show first: the one the profile names, else the last, as in pprof.
    pub fn preferred(profile: &'a Profile) -> Option<Self> {
        let named = profile.sample_type(&profile.default_sample_type);
        Self::new(profile, named.unwrap_or(profile.sample_types.len().saturating_sub(1)))
    }

    /// The first sample type, with the second as what changed in it: what [`compare`](crate::compare) makes.
    pub fn comparison(profile: &'a Profile) -> Option<Self> {
        let diff = Self::new(profile, 1)?.value;
        Some(Self { diff: Some(diff), ..Self::new(profile, 0)? })
    }

    /// With shares of this whole: of a profile that was filtered, that of all its stacks.
    #[must_use]
    pub fn of_whole(mut self, whole: i128) -> Self {
        self.whole = Some(whole);
        self
    }

    /// With the factor that the values before were multiplied by, so that both sides have the same total.
    pub(crate) fn scaled_by(mut self, scale: Option<f64>) -> Self {
        self.scale = scale;
        self
    }

    /// The profile.
    pub fn profile(&self) -> &'a Profile {
        self.profile
    }

    /// What the values count and in which unit.
    pub fn value_type(&self) -> &'a ValueType {
        &self.profile.sample_types[self.value]
    }

    /// Whether this is a comparison.
    pub fn is_comparison(&self) -> bool {
        self.diff.is_some()
    }

    /// The sum of all values, of stacks without frames too; wide, as it may not fit an `i64`.
    pub fn total(&self) -> i128 {
        self.profile.samples.total(self.value)
    }

    /// What all shares are of: what [`of_whole`](Self::of_whole) says, or else the sum of the sizes of all values,
    /// signs aside ([`whole`](profile_model::Samples::whole)).
    pub fn whole(&self) -> i128 {
        self.whole.unwrap_or_else(|| self.profile.samples.whole(self.value))
    }

    /// Whether shares are of more than what is left in the samples.
    pub fn is_part(&self) -> bool {
        self.whole.is_some_and(|whole| whole != self.profile.samples.whole(self.value))
    }

    /// Stack and value of each sample.
    pub fn values(&self) -> impl Iterator<Item = (StackId, i64)> + Clone + 'a {
        self.profile.samples.column(self.value)
    }

    /// Stack and change of each sample; 0 outside a comparison.
    pub fn diffs(&self) -> impl Iterator<Item = (StackId, i64)> + Clone + 'a {
        let comparison = self.diff.is_some();
        let column = self.profile.samples.column(self.diff.unwrap_or(self.value));
        column.map(move |(stack, diff)| (stack, if comparison { diff } else { 0 }))
    }

    /// The value and the change of a sample of the profile.
    pub(crate) fn of(&self, values: &[i64]) -> (i64, Option<i64>) {
        (values[self.value], self.diff.map(|diff| values[diff]))
    }

    /// The sums per stack, in order of first sight; saturating.
    pub fn weighted_stacks(&self) -> Vec<WeightedStack> {
        let mut sums: Vec<WeightedStack> = Vec::new();
        let mut known = vec![u32::MAX; self.profile.symbols.stacks().len()];
        for ((stack, value), (_, diff)) in self.values().zip(self.diffs()) {
            let at = &mut known[stack.index()];
            if *at == u32::MAX {
                *at = sums.len() as u32;
                sums.push(WeightedStack { stack, value, diff });
                continue;
            }
            let sum = &mut sums[*at as usize];
            sum.value = sum.value.saturating_add(value);
            sum.diff = sum.diff.saturating_add(diff);
        }
        sums
    }

    /// The stacks as a tree; those without frames are in a node `unknown` below the root, so that the sum is that
    /// of all values.
    pub fn flame_graph(&self, mut options: FlameOptions) -> FlameGraph {
        options.with_frameless = true;
        let samples = self.weighted_stacks().into_iter();
        let sample = |WeightedStack { stack, value, diff }| FlameSample { group: None, stack, value, diff };
        FlameGraph::of(&self.profile.symbols, samples.map(sample), options)
    }

    /// As [`flame_graph`](Self::flame_graph), with a node for each set of values of these labels of samples between the
    /// root and the stacks.
    pub fn flame_graph_by(&self, labels: &[String], mut options: FlameOptions) -> FlameGraph {
        options.with_frameless = true;
        let symbols = &self.profile.symbols;
        let group = |sample: &Sample<'_>| -> Labels {
            let of = |label: &SampleLabel| match label.value {
                LabelValue::Text(text) => symbols.string(text).to_owned(),
                LabelValue::Number { value, unit } => format!("{value}{}", symbols.string(unit)),
            };
            let wanted = |label: &&SampleLabel| labels.iter().any(|name| name == symbols.string(label.key));
            sample
                .labels
                .iter()
                .filter(wanted)
                .map(|label| (symbols.string(label.key).to_owned(), of(label)))
                .collect()
        };
        let groups: Vec<Labels> = self.profile.samples.iter().map(|sample| group(&sample)).collect();
        let values = self.values().zip(self.diffs()).zip(&groups);
        let sample =
            |(((stack, value), (_, diff)), group)| FlameSample { group: Some(group), stack, value, diff };
        FlameGraph::of(symbols, values.map(sample), options)
    }

    /// A tree of this selection with what it takes to show it.
    pub fn flame<'b>(&self, graph: &'b FlameGraph) -> Flame<'b>
    where
        'a: 'b,
    {
        Flame {
            graph,
            symbols: &self.profile.symbols,
            value_type: self.value_type(),
            is_comparison: self.is_comparison(),
            whole: self.whole(),
            scale: self.scale,
        }
    }
}
