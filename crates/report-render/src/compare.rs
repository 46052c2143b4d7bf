use profile_model::{CombineError, Profile, Sample, Samples, Transfer, ValueType};

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
    add(&mut profile, base, |value| [0, value.saturating_neg()]);
    Profile::merge([&profile])
}

fn add(profile: &mut Profile, selection: &Selection<'_>, values: impl Fn(i64) -> [i64; 2]) {
    let mut transfer = Transfer::new(&selection.profile().symbols);
    for (stack, value) in selection.values() {
        let stack = transfer.stack(&mut profile.symbols, stack);
        profile.samples.push(Sample { stack, values: &values(value), labels: &[] });
    }
}
