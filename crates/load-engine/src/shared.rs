use std::sync::Arc;
use std::time::Duration;

use crate::hub::Hub;
use crate::{Lane, Plan};

/// The plan as all workers have it, and where they record.
#[derive(Debug)]
pub(crate) struct Shared<D> {
    pub(crate) lanes: Vec<Arc<Lane<D>>>,
    pub(crate) workers: usize,
    pub(crate) duration: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) seed: u64,
    pub(crate) hub: Arc<Hub>,
}

impl<D> Shared<D> {
    /// For one run of a plan that was checked.
    pub(crate) fn new(plan: Plan<D>) -> Self {
        let hub = Arc::new(Hub::new(&plan));
        let Plan { lanes, workers, duration, grace, seed, max_series: _ } = plan;
        let lanes = lanes.into_iter().map(Arc::new).collect();
        Self { lanes, workers, duration, grace, seed, hub }
    }
}
