use std::fmt;

use pql::{Matcher, Selector};
use profile_model::TimeRange;
use regex::Regex;

use crate::View;

/// What is asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Question {
    /// Which profiles.
    pub target: Target,
    /// The span, both ends included.
    pub range: TimeRange,
    /// The span to compare with, if it is a comparison.
    pub base: Option<TimeRange>,
    /// The form of the report.
    pub view: View,
    /// What is done to the stacks before they are shown.
    pub shape: Shape,
}

/// What is done to stacks before they are shown; the default is nothing.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Shape {
    /// The labels of the series to tell apart.
    pub group_by: Vec<String>,
    /// Keep stacks with a frame like that.
    pub focus: Option<Regex>,
    /// Drop stacks with a frame like that.
    pub ignore: Option<Regex>,
    /// Take frames like that out of the stacks.
    pub hide: Option<Regex>,
    /// The leaf next to the root.
    pub invert: bool,
    /// Parts below this percentage of the total are cut off.
    pub trim_percent: f64,
    /// Compare the numbers as they are; otherwise the base is first scaled to the same total.
    pub absolute: bool,
}

/// A profile type, by its id or a short name, or all types; with matchers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What the type is called; nothing for all types.
    pub name: Option<String>,
    /// What the labels must be.
    pub matchers: Vec<Matcher>,
}

impl fmt::Display for Target {
    /// As the server's parser would take it, if the name is an id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Selector { metric_name: self.name.clone(), matchers: self.matchers.clone() }.fmt(f)
    }
}
