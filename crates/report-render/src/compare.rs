use profile_model::{CombineError, Profile, Sample, Samples, Transfer, ValueType, WeightedStack};

use crate::Selection;

/// A profile of `compared` with what changed since `base` as its second sample type: what
/// [`Selection::comparison`] shows.
///
/// Stacks that are only in `base` have the value 0, and all that they had as a change downwards.
/// Labels are not compared, and the stacks of the result have none.
///
/// # Errors
/// If the values of the two mean different things.
pub fn compare(base: &Selection<'_>, compared: &Selection<'_>) -> Result<Profile, CombineError> {
    compare_scaled(base, compared, |value| value)
}

/// As [`compare`], but by share: the values of `base` are scaled so that its total is that of
/// `compared`. What is left are changes of behaviour, not of load or of how long was looked.
///
/// The scaled value of each stack is rounded to a whole number. Where one of the totals is 0 nothing is scaled.
///
/// # Errors
/// If the values of the two mean different things.
pub fn compare_by_share(base: &Selection<'_>, compared: &Selection<'_>) -> Result<Profile, CombineError> {
    let [before, after] = [base, compared].map(|selection| selection.total() as f64);
    let factor = if before == 0.0 || after == 0.0 { 1.0 } else { after / before };
    // A cast from floats saturates.
    compare_scaled(base, compared, |value| (value as f64 * factor).round() as i64)
}

fn compare_scaled(
    base: &Selection<'_>,
    compared: &Selection<'_>,
    scale: impl Fn(i64) -> i64,
) -> Result<Profile, CombineError> {
    let ValueType { name, unit } = compared.value_type().clone();
    if base.value_type() != compared.value_type() {
        let [expected, found] = [base, compared].map(|selection| selection.value_type().to_string());
        return Err(CombineError::SampleTypes { expected, found });
    }
    let change = ValueType { name: format!("{name}_change"), unit: unit.clone() };
    let from = compared.profile();
    let mut profile = Profile {
        period_type: from.period_type.clone(),
        period: from.period,
        time_nanos: from.time_nanos,
        duration_nanos: from.duration_nanos,
        samples: Samples::new(2),
        ..Profile::new(vec![ValueType { name, unit }, change])
    };
    add(&mut profile, compared, |value| [value, value]);
    add(&mut profile, base, |value| [0, scale(value).saturating_neg()]);
    Profile::merge([&profile])
}

fn add(profile: &mut Profile, selection: &Selection<'_>, values: impl Fn(i64) -> [i64; 2]) {
    let mut transfer = Transfer::new(&selection.profile().symbols);
    for WeightedStack { stack, value, .. } in selection.weighted_stacks() {
        let stack = transfer.stack(&mut profile.symbols, stack);
        profile.samples.push(Sample { stack, values: &values(value), labels: &[] });
    }
}
