//! Attributes as labels, as Parca makes them: text only, trimmed, under names that selectors can say.

use std::collections::BTreeMap;

use parca_proto::otlp::common::{AnyValue, KeyValue, any_value};
use profile_model::Labels;

use super::OtlpError;
use super::dictionary::Dictionary;

/// Labels on their way; what is added later wins.
#[derive(Clone, Default)]
pub(super) struct Attributes(BTreeMap<String, String>);

impl Attributes {
    /// Attributes by their indices in the dictionary.
    pub(super) fn add_indices(&mut self, of: Dictionary<'_>, indices: &[i32]) -> Result<(), OtlpError> {
        for index in indices {
            if let Some(attribute) = of.attribute(*index)? {
                self.add(of, of.string(attribute.key_strindex)?, attribute.value.as_ref())?;
            }
        }
        Ok(())
    }

    /// Attributes that are written out.
    pub(super) fn add_pairs(&mut self, of: Dictionary<'_>, pairs: &[KeyValue]) -> Result<(), OtlpError> {
        for pair in pairs {
            let key = if pair.key.is_empty() { of.string(pair.key_strindex)? } else { &pair.key };
            self.add(of, key, pair.value.as_ref())?;
        }
        Ok(())
    }

    fn add(&mut self, of: Dictionary<'_>, key: &str, value: Option<&AnyValue>) -> Result<(), OtlpError> {
        let value = match value.and_then(|value| value.value.as_ref()) {
            Some(any_value::Value::StringValue(text)) => text.trim(),
            Some(any_value::Value::StringValueStrindex(index)) => of.string(*index)?.trim(),
            _ => return Ok(()),
        };
        if !key.is_empty() && !value.is_empty() {
            self.0.insert(fitting(key), value.to_owned());
        }
        Ok(())
    }

    pub(super) fn labels(self) -> Labels {
        self.0.into_iter().collect()
    }
}

/// A name with `_` in place of what no name has.
pub(super) fn fitting(name: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let fitted: String = name.chars().map(fit).collect();
    if fitted.starts_with(|c: char| c.is_ascii_digit()) { format!("_{fitted}") } else { fitted }
}
