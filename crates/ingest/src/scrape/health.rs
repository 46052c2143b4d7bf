use std::time::{Duration, SystemTime};

use relabel::Labels;

/// How a target does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Health {
    /// Not scraped yet.
    #[default]
    Unknown,
    /// The last scrape gave a profile.
    Good,
    /// The last scrape gave none.
    Bad,
}

impl Health {
    /// As pages and Parca's API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Good => "up",
            Self::Bad => "down",
        }
    }
}

/// How a scrape went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// When it began.
    pub started: SystemTime,
    /// How long it took, the window included.
    pub took: Duration,
    /// Why there is no profile, and what to do about it; empty if there is.
    pub error: String,
    /// Advice to go with the error.
    pub hint: &'static str,
    /// Why a profile that was fetched was not taken; the target is well.
    pub refused: Option<String>,
    /// What was changed in the profile.
    pub changes: Vec<&'static str>,
    /// Bytes of the answer.
    pub bytes: usize,
}

/// A target, and what became of its scrapes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TargetStatus {
    /// The labels before the rules.
    pub discovered: Labels,
    /// The labels of its series.
    pub labels: Labels,
    /// What is asked for.
    pub url: String,
    /// Of the last scrape.
    pub health: Health,
    /// The last scrape.
    pub last: Option<Outcome>,
    /// How many scrapes gave a profile.
    pub scrapes: u64,
    /// How many gave none.
    pub failures: u64,
    /// How many were due and not made, as the one before took too long.
    pub missed: u64,
}

/// Something that was found and is not scraped.
#[derive(Clone, Debug)]
pub struct DroppedTarget {
    /// The labels before the rules.
    pub discovered: Labels,
    /// Why, if it is no rule's doing.
    pub reason: Option<String>,
}

/// A job, its targets, and what it could not find.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct JobStatus {
    /// The job's name.
    pub name: String,
    /// What is scraped, by URL.
    pub active: Vec<TargetStatus>,
    /// What is not.
    pub dropped: Vec<DroppedTarget>,
    /// What keeps a discovery from finding targets.
    pub errors: Vec<String>,
}
