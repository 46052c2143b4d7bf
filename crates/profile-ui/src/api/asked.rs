use std::collections::BTreeMap;
use std::time::SystemTime;

use profile_model::TimeRange;
use query::{Ask, Question};
use url::form_urlencoded;

use crate::refusal::Refusal;

/// The parameters of a request of the page; empty ones count as not given.
pub(super) struct Asked {
    values: BTreeMap<String, String>,
    now: SystemTime,
}

/// The names of parameters that say the same of what was before.
const BASE: [(&str, &str); 3] = [("query", "baseQuery"), ("start", "baseStart"), ("end", "baseEnd")];

impl Asked {
    pub(super) fn parse(parameters: &str) -> Self {
        let pairs = form_urlencoded::parse(parameters.as_bytes());
        let given = pairs.into_owned().filter(|(_, value)| !value.is_empty());
        Self { values: given.collect(), now: crate::parcaquery::now() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(super) fn now(&self) -> SystemTime {
        self.now
    }

    /// All parameters but these.
    pub(super) fn without(&self, names: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        let given = self.values.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        given.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Which profiles are looked at.
    pub(super) fn ask(&self) -> Result<Ask, Refusal> {
        self.read(
            ["query", "start", "end", "groupBy"].into_iter().filter_map(|name| Some((name, self.get(name)?))),
        )
    }

    /// Which profiles they are compared with; none if it is no comparison.
    pub(super) fn base(&self) -> Result<Option<Ask>, Refusal> {
        if self.get("baseStart").is_none() && self.get("baseEnd").is_none() && self.get("baseQuery").is_none()
        {
            return Ok(None);
        }
        let pairs = BASE
            .into_iter()
            .filter_map(|(name, of_base)| Some((name, self.get(of_base).or_else(|| self.get(name))?)));
        self.read(pairs).map(Some)
    }

    /// The range alone.
    pub(super) fn range(&self) -> Result<TimeRange, Refusal> {
        let times = ["start", "end"].into_iter().filter_map(|name| Some((name, self.get(name)?)));
        Ok(self.read(times.chain([("query", "{}")]))?.range)
    }

    fn read<'a>(&'a self, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Ask, Refusal> {
        Ok(Question::parse(pairs, self.now).map_err(Refusal::Mistakes)?.ask)
    }
}
