use profile_model::TimeRange;
use report_render::{Comparison, Human};

use crate::{Changed, Fetched, Snapshots, Stacks};

/// A profile, or two that are compared, ready to be written in any [form](crate::report::Form).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Shown {
    /// What it is: the query, or the name of a file.
    pub title: String,
    /// What else stands on every output: the window, what it is compared with, how many snapshots were added up.
    pub facts: Vec<String>,
    /// Who answered; empty for a file.
    pub server: String,
    /// What is drawn.
    pub content: Content,
    /// What all shares are of.
    pub whole: i128,
    /// For instants: what values are divided by in rankings.
    pub snapshots: Option<Snapshots>,
}

/// What a report is made of.
#[derive(Clone, Debug)]
pub enum Content {
    /// One profile.
    Stacks(Stacks),
    /// What changed from one profile to another.
    Comparison(Box<Comparison>),
}

impl Shown {
    /// A fetched profile after changes.
    pub fn of(fetched: &Fetched, changed: Changed) -> Self {
        let mut facts = vec![span(fetched.range)];
        if let Some(snapshots) = &fetched.snapshots {
            facts.push(sum_in_words(snapshots, changed.stacks.total(), changed.stacks.unit()));
        }
        facts.extend(fetched.remarks());
        Self {
            title: fetched.query.to_string(),
            facts,
            server: fetched.server.clone(),
            whole: changed.whole,
            content: Content::Stacks(changed.stacks),
            snapshots: fetched.snapshots,
        }
    }

    /// A profile of a file; the first sample type is shown.
    pub fn of_file(name: &str, changed: Changed, facts: Vec<String>) -> Self {
        Self {
            title: name.to_owned(),
            facts,
            server: String::new(),
            whole: changed.whole,
            content: Content::Stacks(changed.stacks),
            snapshots: None,
        }
    }

    /// A comparison.
    pub fn of_comparison(title: String, facts: Vec<String>, comparison: Comparison) -> Self {
        let whole = comparison.selection().whole();
        let (server, content) = (String::new(), Content::Comparison(Box::new(comparison)));
        Self { title, facts, server, content, whole, snapshots: None }
    }

    /// What stands below the title of every output: the facts, and who answered.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let server = Some(self.server.as_str()).filter(|server| !server.is_empty());
        self.facts.iter().map(String::as_str).chain(server)
    }

    /// The unit of the values.
    pub fn unit(&self) -> &str {
        match &self.content {
            Content::Stacks(stacks) => stacks.unit(),
            Content::Comparison(comparison) => &comparison.profile.sample_types[0].unit,
        }
    }

    /// The sum of all values that are shown.
    pub fn total(&self) -> i128 {
        match &self.content {
            Content::Stacks(stacks) => stacks.total(),
            Content::Comparison(comparison) => comparison.totals[1],
        }
    }
}

/// `sum of 720 snapshots of 2 series, mean 180 MiB`.
fn sum_in_words(snapshots: &Snapshots, total: i128, unit: &str) -> String {
    let mean = Human::fraction(total as f64 / snapshots.moments, unit);
    match snapshots.profiles {
        Some(1) => snapshots.words(),
        Some(_) => format!("{}, mean {mean}", snapshots.words()),
        None => format!("{}, how many is not known", snapshots.words()),
    }
}

/// `2026-01-17T04:00:00Z to 2026-01-17T06:00:00Z`.
pub(crate) fn span(range: TimeRange) -> String {
    let [start, end] = [range.start, range.end].map(crate::rfc3339);
    format!("{start} to {end}")
}
