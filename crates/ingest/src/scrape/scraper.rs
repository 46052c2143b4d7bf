use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http_config::{Client, ConfigError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::exclusive::Exclusive;
use super::health::JobStatus;
use super::job::RunningJob;
use super::shared::{Counters, ScrapeOptions, Shared};
use crate::outgoing::Sink;
use crate::settings::{Config, Job};

/// Numbers since the start of a scraper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Scrapes, good and bad.
    pub scrapes: u64,
    /// Scrapes that gave no profile, by reason.
    pub failures: BTreeMap<&'static str, u64>,
    /// Bytes of answers.
    pub bytes: u64,
    /// Scrapes whose profile was made right.
    pub mended: u64,
    /// Scrapes that were due and not made, as the one before took too long.
    pub missed: u64,
    /// Profiles that the sink did not take.
    pub refused: u64,
}

/// Scrapes the targets of a config into a sink.
pub struct Scraper<S> {
    shared: Arc<Shared<S>>,
    jobs: Mutex<Vec<RunningJob>>,
}

impl<S: Sink> Scraper<S> {
    /// A scraper without jobs.
    pub fn new(sink: S, options: ScrapeOptions) -> Self {
        let shared = Shared {
            sink,
            options,
            exclusive: Exclusive::default(),
            counts: Counters::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        Self { shared: Arc::new(shared), jobs: Mutex::default() }
    }

    /// Runs these jobs from now on. Jobs that are as before go on undisturbed; of the others, those that
    /// are gone end, and those that changed start anew with the phases that they had.
    ///
    /// # Errors
    /// If a client cannot be made, with the job's name; then nothing changes.
    pub fn apply(&self, config: Config) -> Result<(), (String, ConfigError)> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same =
            |old: &RunningJob, new: &Job| old.job.fingerprint == new.fingerprint && old.job.name == new.name;
        let mut fresh = Vec::new();
        for job in &config.jobs {
            if !jobs.iter().any(|old| is_same(old, job)) {
                fresh.push((job.name.clone(), self.client(job).map_err(|error| (job.name.clone(), error))?));
            }
        }
        jobs.retain(|old| config.jobs.iter().any(|new| is_same(old, new)));
        for job in config.jobs {
            let place = fresh.iter().position(|(name, _)| *name == job.name);
            if let Some(place) = place {
                let (_, client) = fresh.swap_remove(place);
                jobs.push(RunningJob::start(Arc::new(job), client, &self.shared));
            }
        }
        jobs.sort_by(|a, b| a.job.name.cmp(&b.job.name));
        Ok(())
    }

    fn client(&self, job: &Job) -> Result<Client, ConfigError> {
        let mut limits = http_config::Limits::default();
        limits.answer_bytes = self.shared.options.max_answer_bytes;
        Client::with_limits(&job.http, &self.shared.options.environment, limits)
    }

    /// The jobs with their targets, by name.
    pub fn status(&self) -> Vec<JobStatus> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.iter().map(RunningJob::status).collect()
    }

    /// Numbers since the start.
    pub fn counts(&self) -> Counts {
        let Counters { scrapes, bytes, mended, missed, refused, failures, .. } = &self.shared.counts;
        let get = |one: &AtomicU64| one.load(Ordering::Relaxed);
        Counts {
            scrapes: get(scrapes),
            failures: failures.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            bytes: get(bytes),
            mended: get(mended),
            missed: get(missed),
            refused: get(refused),
        }
    }

    /// Where profiles go.
    pub fn sink(&self) -> &S {
        &self.shared.sink
    }

    /// Ends all loops and waits for them. Scrapes under way are given up, whatever their window; the answer is how many.
    pub async fn stop(&self) -> usize {
        let under_way = self.shared.counts.under_way.load(Ordering::Relaxed);
        self.shared.stop.cancel();
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        under_way
    }
}
