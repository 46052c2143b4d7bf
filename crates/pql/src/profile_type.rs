use std::fmt;
use std::str::FromStr;

use crate::print::Quoted;

/// What a profile measures: `<name>:<sample_type>:<sample_unit>:<period_type>:<period_unit>[:delta]`.
///
/// Ordered by its parts from left to right, non-delta first. Parts may be empty. A part that
/// holds a colon prints as something that does not parse back; no server has such a type in
/// usable form.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileType {
    /// Name of the profile: `process_cpu`, `memory`, `parca_agent`.
    pub name: String,
    /// What a sample counts: `cpu`, `inuse_space`.
    pub sample_type: String,
    /// Unit of a sample: `nanoseconds`, `bytes`, `count`.
    pub sample_unit: String,
    /// What the sampling period counts.
    pub period_type: String,
    /// Unit of the sampling period.
    pub period_unit: String,
    /// Whether the profiles cover a duration; a delta and a non-delta type are two types.
    pub delta: bool,
}

/// A text that does not have five or six parts. `Display` is the server's own answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "profile-type selection must be of the form \
     <name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta), got({parts}): {}",
    Quoted(text)
)]
pub struct ProfileTypeError {
    /// How many parts there were.
    pub parts: usize,
    /// The text.
    pub text: String,
}

impl FromStr for ProfileType {
    type Err = ProfileTypeError;

    /// Five parts, or six: a sixth other than `delta` is accepted and means non-delta, as on the server.
    fn from_str(text: &str) -> Result<Self, ProfileTypeError> {
        let parts: Vec<&str> = text.split(':').collect();
        let [name, sample_type, sample_unit, period_type, period_unit, rest @ ..] = parts.as_slice() else {
            return Err(ProfileTypeError { parts: parts.len(), text: text.to_owned() });
        };
        if rest.len() > 1 {
            return Err(ProfileTypeError { parts: parts.len(), text: text.to_owned() });
        }
        Ok(Self {
            name: (*name).to_owned(),
            sample_type: (*sample_type).to_owned(),
            sample_unit: (*sample_unit).to_owned(),
            period_type: (*period_type).to_owned(),
            period_unit: (*period_unit).to_owned(),
            delta: rest == ["delta"],
        })
    }
}

impl fmt::Display for ProfileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, sample_type, sample_unit, period_type, period_unit, delta } = self;
        write!(f, "{name}:{sample_type}:{sample_unit}:{period_type}:{period_unit}")?;
        if *delta { f.write_str(":delta") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_or_six_parts() {
        let check = |text: &str, expect: Result<(&str, bool), &str>| {
            let parsed = text.parse::<ProfileType>();
            let parsed = parsed.map(|t| (t.to_string(), t.delta)).map_err(|e| e.to_string());
            assert_eq!(
                parsed.as_ref().map(|(id, delta)| (id.as_str(), *delta)).map_err(String::as_str),
                expect,
                "{text}"
            );
        };
        check("a:b:c:d:e", Ok(("a:b:c:d:e", false)));
        check("a:b:c:d:e:delta", Ok(("a:b:c:d:e:delta", true)));
        check("a:b:c:d:e:other", Ok(("a:b:c:d:e", false)));
        check("a:b:c:d:e:", Ok(("a:b:c:d:e", false)));
        check("memory::::", Ok(("memory::::", false)));
        const FORM: &str = "profile-type selection must be of the form \
            <name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta), got";
        check("memory", Err(&format!("{FORM}(1): \"memory\"")));
        check("", Err(&format!("{FORM}(1): \"\"")));
        check("a:b:c:d:e:delta:x", Err(&format!("{FORM}(7): \"a:b:c:d:e:delta:x\"")));
    }
}
