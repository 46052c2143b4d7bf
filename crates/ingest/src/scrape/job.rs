//! A job at work: its discoveries, and the targets that are running.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_config::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::health::{DroppedTarget, JobStatus};
use super::shared::Shared;
use super::task::{Loop, Running};
use crate::discovery::{self, Finding};
use crate::outgoing::Sink;
use crate::settings::Job;
use crate::target::{self, Placed, Target};

/// Discoveries that change all the time are followed at this pace.
const PACE: Duration = Duration::from_millis(500);

/// A job whose loops run until it is dropped or stopped.
pub(super) struct RunningJob {
    pub(super) job: Arc<Job>,
    state: Arc<Mutex<State>>,
    stop: CancellationToken,
}

#[derive(Default)]
struct State {
    running: HashMap<u64, Arc<Running>>,
    dropped: Vec<DroppedTarget>,
    errors: Vec<String>,
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl RunningJob {
    /// Starts a job with a client of its own.
    pub(super) fn start<S: Sink>(job: Arc<Job>, client: Client, shared: &Arc<Shared<S>>) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let stop = shared.stop.child_token();
        let sync =
            Sync { job: Arc::clone(&job), client, shared: Arc::clone(shared), state: Arc::clone(&state) };
        let work = sync.run(stop.clone());
        shared.tasks.spawn(work);
        Self { job, state, stop }
    }

    pub(super) fn status(&self) -> JobStatus {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut active: Vec<_> = state.running.values().map(|running| running.status()).collect();
        active.sort_by(|a, b| a.url.cmp(&b.url).then_with(|| a.labels.cmp(&b.labels)));
        let (dropped, errors) = (state.dropped.clone(), state.errors.clone());
        JobStatus { name: self.job.name.clone(), active, dropped, errors }
    }
}

struct Sync<S> {
    job: Arc<Job>,
    client: Client,
    shared: Arc<Shared<S>>,
    state: Arc<Mutex<State>>,
}

impl<S: Sink> Sync<S> {
    async fn run(self, stop: CancellationToken) {
        let mut finders = JoinSet::new();
        let mut findings = Vec::new();
        for discovery in self.job.discoveries.clone() {
            let (sender, receiver) = watch::channel(Finding::default());
            let environment = self.shared.options.environment.clone();
            finders.spawn(discovery::run(discovery, environment, sender, stop.clone()));
            findings.push(receiver);
        }
        loop {
            let changed =
                futures_util::future::select_all(findings.iter_mut().map(|one| Box::pin(one.changed())));
            tokio::select! {
                () = stop.cancelled() => break,
                _ = changed => {}
            }
            self.apply(&mut findings);
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(PACE) => {}
            }
        }
        self.stop_all();
        while finders.join_next().await.is_some() {}
    }

    /// Starts what is new and stops what is gone. What stays keeps its phase.
    fn apply(&self, findings: &mut [watch::Receiver<Finding>]) {
        let findings: Vec<Finding> = findings.iter_mut().map(|one| one.borrow_and_update().clone()).collect();
        let groups = findings.iter().flat_map(|finding| &finding.groups);
        let (mut wanted, mut dropped) = (HashMap::new(), Vec::new());
        for placed in groups.flat_map(|group| target::place(&self.job, group)) {
            match placed {
                Placed::Active(target) => drop(wanted.entry(target.identity).or_insert(target)),
                Placed::Dropped(discovered) => dropped.push(DroppedTarget { discovered, reason: None }),
                Placed::Bad { discovered, reason } => {
                    tracing::warn!(job = %self.job.name, %reason, "a target cannot be scraped");
                    dropped.push(DroppedTarget { discovered, reason: Some(reason) });
                }
            }
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running.retain(|identity, running| {
            let stays = wanted.remove(identity).is_some();
            if !stays {
                running.stop();
            }
            stays
        });
        for (identity, target) in wanted {
            let running = self.start(*target);
            state.running.insert(identity, running);
        }
        state.dropped = dropped;
        state.errors = findings.into_iter().filter_map(|finding| finding.error).collect();
    }

    fn start(&self, target: Target) -> Arc<Running> {
        let running = Arc::new(Running::new(target, self.shared.stop.child_token()));
        let work = Loop {
            running: Arc::clone(&running),
            job: Arc::clone(&self.job),
            client: self.client.clone(),
            shared: Arc::clone(&self.shared),
        };
        self.shared.tasks.spawn(work.run());
        running
    }

    fn stop_all(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running.drain().for_each(|(_, running)| running.stop());
    }
}
