use pql::ProfileType;
use profile_model::ValueType;

/// A profile type without `delta`, which is a property of each profile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeKey {
    /// The value of `__name__`.
    pub name: String,
    /// Type and unit of the values.
    pub sample: (String, String),
    /// Type and unit of the period.
    pub period: (String, String),
}

impl TypeKey {
    /// The type of a profile's values.
    pub fn new(name: &str, sample: &ValueType, period: &ValueType) -> Self {
        Self {
            name: name.to_owned(),
            sample: (sample.name.clone(), sample.unit.clone()),
            period: (period.name.clone(), period.unit.clone()),
        }
    }

    /// The type that a query names.
    pub fn of(profile_type: &ProfileType) -> Self {
        let ProfileType { name, sample_type, sample_unit, period_type, period_unit, delta: _ } = profile_type;
        Self {
            name: name.clone(),
            sample: (sample_type.clone(), sample_unit.clone()),
            period: (period_type.clone(), period_unit.clone()),
        }
    }

    /// The type as a query names it.
    pub fn profile_type(&self, delta: bool) -> ProfileType {
        ProfileType {
            name: self.name.clone(),
            sample_type: self.sample.0.clone(),
            sample_unit: self.sample.1.clone(),
            period_type: self.period.0.clone(),
            period_unit: self.period.1.clone(),
            delta,
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let texts = [&self.name, &self.sample.0, &self.sample.1, &self.period.0, &self.period.1];
        texts.iter().map(|text| text.len()).sum()
    }
}
