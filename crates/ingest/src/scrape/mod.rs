//! Scraping: a loop for each profile of each target.

mod exclusive;
mod fetch;
mod health;
mod job;
mod phase;
mod scraper;
mod shared;
mod task;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use fetch::FetchError;
pub use health::{DroppedTarget, Health, JobStatus, Outcome, TargetStatus};
pub use scraper::{Counts, Scraper};
pub use shared::ScrapeOptions;
