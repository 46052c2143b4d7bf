//! What to ask, how often, over which spans.

use std::time::Duration;

use load_engine::{Pace, Plan, RetryPolicy};
use pql::ProfileType;

use crate::lane::Lane;

/// How often a lane looks whether there is something to ask, until there is.
const FIRST_LOOK: Duration = Duration::from_millis(500);

/// How calls are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Random choices among what the server has, as the original's README says.
    Lanes,
    /// The cross product of types, spans and selectors in a fixed order, as the original's code does.
    Upstream,
}

/// What a [`ParcaWorkload`](crate::ParcaWorkload) does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How calls are chosen.
    pub mode: Mode,
    /// The lanes to run. Default: all; in [`Mode::Upstream`] all but single queries, which it has not.
    pub lanes: Vec<Lane>,
    /// Spans up to now. Default: 15 minutes and 7 days; in [`Mode::Upstream`] also 12 hours between.
    pub ranges: Vec<Duration>,
    /// Types to query; none means those that the server has.
    pub types: Vec<ProfileType>,
    /// Selectors to put behind each type, with their braces; an empty one selects everything.
    pub selectors: Vec<String>,
    /// Labels to ask the values of; none means a random one of the server's in [`Mode::Lanes`], and
    /// no Values calls in [`Mode::Upstream`].
    pub values_for_labels: Vec<String>,
    /// Chooses the random choices.
    pub seed: u64,
    /// Rounds of one lane that may run at a time.
    pub max_in_flight: usize,
    /// Whether single and merge queries wait until a first round of QueryRange has shown all series,
    /// as a run of one round must. Otherwise they take what is known.
    pub await_first_round: bool,
    intervals: [Duration; Lane::ALL.len()],
}

impl Settings {
    /// The defaults of a mode.
    pub fn new(mode: Mode) -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let mut settings = Self {
            mode,
            lanes: Lane::ALL.to_vec(),
            ranges: vec![minutes(15), minutes(7 * 24 * 60)],
            types: Vec::new(),
            selectors: vec![String::new()],
            values_for_labels: Vec::new(),
            seed: 0,
            max_in_flight: 1,
            await_first_round: false,
            intervals: Lane::ALL.map(Lane::default_interval),
        };
        if mode == Mode::Upstream {
            settings.lanes.retain(|lane| *lane != Lane::QuerySingle);
            settings.ranges.insert(1, minutes(12 * 60));
            settings.set_all_intervals(Duration::from_secs(5));
        }
        settings
    }

    /// How often a lane starts a round.
    pub fn interval(&self, lane: Lane) -> Duration {
        self.intervals[lane as usize]
    }

    /// Sets the pace of one lane.
    pub fn set_interval(&mut self, lane: Lane, every: Duration) {
        self.intervals[lane as usize] = every;
    }

    /// Sets the pace of every lane.
    pub fn set_all_intervals(&mut self, every: Duration) {
        self.intervals = [every; Lane::ALL.len()];
    }

    /// The engine's plan: a lane for each of ours, in their order. A lane that depends on what others
    /// learn looks for it every half second at first, so that it does not miss its first interval.
    pub fn plan(&self) -> Plan<Lane> {
        let lanes = self.lanes.iter().map(|lane| {
            let every = self.interval(*lane);
            let mut planned = load_engine::Lane::with_data(lane.name(), Pace::every(every), *lane);
            planned.max_in_flight = self.max_in_flight;
            planned.retry = lane.is_retried().then(|| RetryPolicy::within(every));
            planned.first_look = lane.depends_on_others().then_some(FIRST_LOOK);
            planned
        });
        let mut plan = Plan::new(lanes);
        plan.seed = self.seed;
        plan
    }

    /// How long what a lane learned is used: a few rounds, so that a missed one forgets nothing.
    pub(crate) fn lifetime(&self, lane: Lane) -> Duration {
        self.interval(lane).saturating_mul(3).max(Duration::from_secs(60))
    }

    /// What the `labels` label of a metric says.
    pub(crate) fn selector_label(&self, selector: usize) -> String {
        match self.selectors[selector].as_str() {
            "" => "all".to_owned(),
            selector => selector.to_owned(),
        }
    }
}
