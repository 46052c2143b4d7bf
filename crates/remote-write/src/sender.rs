//! Several destinations side by side.

use std::time::Duration;

use crate::counts::Counts;
use crate::destination::{Accepted, Destination, PushError};
use crate::series::Series;

/// Sends everything to each of several destinations. Each has its own rules, queue and tasks, so one
/// that hangs or refuses costs the others nothing.
#[derive(Debug, Default)]
pub struct Sender {
    destinations: Vec<Destination>,
}

impl Sender {
    /// Sends to these.
    pub fn new(destinations: Vec<Destination>) -> Self {
        Self { destinations }
    }

    /// The destinations, for their names and counts.
    pub fn destinations(&self) -> &[Destination] {
        &self.destinations
    }

    /// Pushes to each; the results are in the order of the destinations.
    pub async fn push(&self, series: &[Series]) -> Vec<Result<Accepted, PushError>> {
        let mut results = Vec::with_capacity(self.destinations.len());
        for destination in &self.destinations {
            results.push(destination.push(series).await);
        }
        results
    }

    /// Flushes all at once, each until the deadline; the numbers are in the order of the destinations.
    pub async fn shutdown(&self, deadline: Duration) -> Vec<Counts> {
        for destination in &self.destinations {
            destination.stop_taking();
        }
        let end = tokio::time::Instant::now() + deadline;
        let mut counts = Vec::with_capacity(self.destinations.len());
        for destination in &self.destinations {
            // They drain side by side in their own tasks; only the waiting is one after the other.
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            counts.push(destination.shutdown(left).await);
        }
        counts
    }
}
