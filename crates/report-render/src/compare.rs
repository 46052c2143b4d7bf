use profile_model::{CombineError, Profile, Sample, Samples, Transfer, ValueType, WeightedStack, comparable};

use crate::Selection;

/// Two profiles as one: what is now, and what changed since before.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Comparison {
    /// The values now as the first sample type, and what changed as the second: `NAME_change`.
    ///
    /// Stacks that are only in what was before have the value 0, and all that they had as a change downwards.
    /// Labels are not compared, and the stacks have none.
    pub profile: Profile,
    /// The sums of all values before and now, in the unit of the profile, not scaled.
    pub totals: [i128; 2],
    /// What the values before were multiplied by to have the total of those now; nothing where they are as they
    /// were.
    pub scale: Option<f64>,
    whole: i128,
}

impl Comparison {
    /// What is shown of it; shares are of the whole of what is now.
    pub fn selection(&self) -> Selection<'_> {
        let selection = Selection::comparison(&self.profile).expect("a comparison has two sample types");
        selection.of_whole(self.whole).scaled_by(self.scale)
    }
}

/// What changed from `base` to `compared`, value by value. Where the units differ and measure the same, both are
/// told in the finer one.
///
/// # Errors
/// If the values of the two mean different things.
pub fn compare(base: &Selection<'_>, compared: &Selection<'_>) -> Result<Comparison, CombineError> {
    compare_scaled(base, compared, None)
}

/// As [`compare`], but by share: the values of `base` are scaled so that its whole is that of
/// `compared`. What is left are changes of behaviour, not of load or of how long was looked.
///
/// The scaled value of each stack is rounded to a whole number. Where one of the wholes is 0 nothing is scaled.
///
/// # Errors
/// If the values of the two mean different things.
pub fn compare_by_share(base: &Selection<'_>, compared: &Selection<'_>) -> Result<Comparison, CombineError> {
    let (_, factors) = common(base, compared)?;
    let whole = |at: usize| [base, compared][at].whole() as f64 * factors[at] as f64;
    let (before, after) = (whole(0), whole(1));
    let is_scaled = before != 0.0 && after != 0.0 && before != after;
    compare_scaled(base, compared, is_scaled.then(|| after / before))
}

/// The unit that both have, and what the values of each are multiplied by for that.
fn common(base: &Selection<'_>, compared: &Selection<'_>) -> Result<(String, [i64; 2]), CombineError> {
    let [before, after] = [base, compared].map(Selection::value_type);
    let common = comparable(&before.unit, &after.unit).filter(|_| before.name == after.name);
    common.ok_or_else(|| CombineError::SampleTypes { expected: before.to_string(), found: after.to_string() })
}

fn compare_scaled(
    base: &Selection<'_>,
    compared: &Selection<'_>,
    scale: Option<f64>,
) -> Result<Comparison, CombineError> {
    let (unit, factors) = common(base, compared)?;
    let name = &compared.value_type().name;
    let types = [name.clone(), format!("{name}_change")].map(|name| ValueType::new(name, &unit));
    let from = compared.profile();
    let mut profile = Profile {
        period_type: from.period_type.clone(),
        period: from.period,
        time_nanos: from.time_nanos,
        duration_nanos: from.duration_nanos,
        samples: Samples::new(2),
        ..Profile::new(types.to_vec())
    };
    add(&mut profile, compared, |value| [value.saturating_mul(factors[1]); 2]);
    // A cast from floats saturates.
    let scaled = |value: i64| scale.map_or(value, |factor| (value as f64 * factor).round() as i64);
    add(&mut profile, base, |value| [0, scaled(value.saturating_mul(factors[0])).saturating_neg()]);
    let totals = [base.total() * i128::from(factors[0]), compared.total() * i128::from(factors[1])];
    let whole = compared.whole() * i128::from(factors[1]);
    Ok(Comparison { profile: Profile::merge([&profile])?, totals, scale, whole })
}

fn add(profile: &mut Profile, selection: &Selection<'_>, values: impl Fn(i64) -> [i64; 2]) {
    let mut transfer = Transfer::new(&selection.profile().symbols);
    for WeightedStack { stack, value, .. } in selection.weighted_stacks() {
        let stack = transfer.stack(&mut profile.symbols, stack);
        profile.samples.push(Sample { stack, values: &values(value), labels: &[] });
    }
}
