use std::time::SystemTime;

use http_config::Environment;
use ops::Readiness;

use crate::Stats;

/// What an exporter is given beside its settings: the environment, counters, readiness and the clock.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Context {
    /// Variables for proxies and cloud credentials; this crate reads none itself.
    pub environment: Environment,
    /// Where it counts.
    pub stats: Stats,
    /// Held back until each query was tried once, and while one of them is down.
    pub readiness: Readiness,
    /// The clock.
    pub now: fn() -> SystemTime,
}

impl Context {
    /// The system's clock, no variables, counters and readiness of its own.
    pub fn new() -> Self {
        Self {
            environment: Environment::empty(),
            stats: Stats::default(),
            readiness: Readiness::new(),
            now: SystemTime::now,
        }
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}
