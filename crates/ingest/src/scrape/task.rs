//! The loop of one profile of one target.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http_config::Client;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::fetch::{FetchError, fetch};
use super::health::{Health, Outcome, TargetStatus};
use super::phase;
use super::shared::Shared;
use crate::mend::Ready;
use crate::outgoing::{Outgoing, Sink};
use crate::settings::Job;
use crate::target::Target;

/// A target at work.
pub(super) struct Running {
    pub(super) target: Target,
    pub(super) status: Mutex<TargetStatus>,
    stop: CancellationToken,
}

/// What its loop needs.
pub(super) struct Loop<S> {
    pub(super) running: Arc<Running>,
    pub(super) job: Arc<Job>,
    pub(super) client: Client,
    pub(super) shared: Arc<Shared<S>>,
}

/// How long to wait before a process is asked again that makes another CPU profile.
const BUSY: Duration = Duration::from_secs(1);

impl Running {
    pub(super) fn new(target: Target, stop: CancellationToken) -> Self {
        let status = TargetStatus {
            discovered: target.discovered.clone(),
            labels: target.labels.clone(),
            url: target.url.to_string(),
            health: Health::Unknown,
            last: None,
            scrapes: 0,
            failures: 0,
            missed: 0,
        };
        Self { target, status: Mutex::new(status), stop }
    }

    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    pub(super) fn status(&self) -> TargetStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, change: impl FnOnce(&mut TargetStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// `host:port`, which stands for a process.
    fn process(&self) -> String {
        let url = &self.target.url;
        format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
    }
}

impl<S: Sink> Loop<S> {
    /// Runs until the target is stopped. A scrape under way is given up then.
    pub(super) async fn run(self) {
        let stop = self.running.stop.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.turns() => {}
        }
    }

    async fn turns(&self) {
        let interval = self.job.interval;
        let mut due = phase::first(self.running.target.identity, interval, SystemTime::now(), Instant::now());
        loop {
            sleep_until(due).await;
            // In a box, so that a loop that waits, as most do, holds no more than its wait.
            Box::pin(self.scrape(due)).await;
            let missed;
            (due, missed) = phase::next(due, interval, Instant::now());
            if missed > 0 {
                self.running.update(|status| status.missed += missed);
                self.shared.counts.missed.fetch_add(missed, Ordering::Relaxed);
            }
        }
    }

    async fn scrape(&self, due: Instant) {
        let _under_way = self.shared.counts.begin();
        let turn = match self.running.target.profile.is_exclusive {
            true => Some(self.shared.exclusive.turn(&self.running.process()).await),
            false => None,
        };
        let (started, begun) = (SystemTime::now(), Instant::now());
        let fetched = self.fetch(due).await;
        drop(turn);
        let took = begun.elapsed();
        let mut outcome = Outcome {
            started,
            took,
            error: String::new(),
            hint: "",
            refused: None,
            changes: Vec::new(),
            bytes: 0,
        };
        match fetched {
            Ok((profiles, bytes)) => {
                outcome.bytes = bytes;
                outcome.changes = profiles.iter().flat_map(|one| one.changes.clone()).collect();
                self.note(outcome.clone(), Health::Good);
                if let Some(refused) = self.hand_over(profiles).await {
                    self.running.update(|status| {
                        status.last.iter_mut().for_each(|last| last.refused = Some(refused.clone()));
                    });
                }
            }
            Err(error) => {
                self.shared.counts.failed(error.reason());
                (outcome.error, outcome.hint) = (error.to_string(), error.hint());
                self.note(outcome, Health::Bad);
            }
        }
    }

    /// Asks again while another CPU profile of the process is under way, if the time is enough.
    async fn fetch(&self, due: Instant) -> Result<(Vec<Ready>, usize), FetchError> {
        let Self { client, job, shared, running } = self;
        let target = &running.target;
        let window = target.profile.seconds.map(Duration::from_secs).unwrap_or_default();
        loop {
            let fetched = fetch(client, target, job, shared.options.limits).await;
            let has_time = Instant::now() + BUSY < due + job.interval + window.min(job.interval);
            match fetched {
                Err(FetchError::Busy(_)) if has_time => sleep(BUSY).await,
                other => return other,
            }
        }
    }

    fn note(&self, outcome: Outcome, health: Health) {
        let is_good = health == Health::Good;
        let counts = &self.shared.counts;
        counts.scrapes.fetch_add(1, Ordering::Relaxed);
        counts.bytes.fetch_add(outcome.bytes as u64, Ordering::Relaxed);
        if !outcome.changes.is_empty() {
            counts.mended.fetch_add(1, Ordering::Relaxed);
        }
        self.running.update(|status| {
            if status.health != health {
                let (url, error) = (&status.url, &outcome.error);
                match is_good {
                    true => tracing::info!(%url, "target is up"),
                    false => tracing::warn!(%url, %error, "target is down"),
                }
            }
            status.health = health;
            status.scrapes += u64::from(is_good);
            status.failures += u64::from(!is_good);
            status.last = Some(outcome);
        });
    }

    /// Gives the profiles to the sink; why one was not taken.
    async fn hand_over(&self, profiles: Vec<Ready>) -> Option<String> {
        let mut refused = None;
        for ready in profiles {
            let mut outgoing = Outgoing::new(self.running.target.labels.clone(), ready);
            outgoing.normalized = self.job.normalized_addresses;
            if let Err(error) = self.shared.sink.take(outgoing).await {
                self.shared.counts.refused.fetch_add(1, Ordering::Relaxed);
                refused = Some(error.to_string());
            }
        }
        refused
    }
}
