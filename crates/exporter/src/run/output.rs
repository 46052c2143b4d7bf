//! Where the series of a window go.

use std::sync::Arc;

use remote_write::{PushError, Rules, Series, prepare};
use tokio::sync::mpsc;

use super::receivers::Receivers;
use crate::settings::{QuerySettings, Remote};

/// Receivers, or somebody who only looks.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    Send(Arc<Receivers>),
    Show(Arc<Show>),
}

/// What a dry run shows: the series as each receiver would get them.
#[derive(Debug)]
pub(crate) struct Show {
    shown: mpsc::Sender<ShownSeries>,
    receivers: Vec<(String, Rules)>,
}

/// The series of a window that were not sent, to be looked at.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShownSeries {
    /// The query they are of.
    pub query_name: String,
    /// The receiver that would get them.
    pub remote_name: String,
    /// The window's series, stale markers included, with external labels and after relabelling.
    pub series: Vec<Series>,
}

/// Why series could not be handed over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// A receiver's queue did not take them.
    #[error("cannot queue the samples")]
    Push(#[from] PushError),
    /// The channel of a dry run is closed.
    #[error("the series could not be shown")]
    Closed,
}

impl Output {
    pub(crate) fn show(shown: mpsc::Sender<ShownSeries>, remotes: &[Remote]) -> Self {
        let receivers = remotes.iter().map(|remote| (remote.write.name.clone(), remote.write.rules.clone()));
        Self::Show(Arc::new(Show { shown, receivers: receivers.collect() }))
    }

    pub(crate) async fn send(&self, query: &QuerySettings, series: &[Series]) -> Result<(), OutputError> {
        match self {
            Self::Send(receivers) => receivers.push(series).await.map_err(OutputError::from),
            Self::Show(show) => show.send(query, series).await,
        }
    }

    /// How far our clock is ahead of that of a receiver, in seconds, as far as one has said.
    pub(crate) fn clock_ahead_seconds(&self) -> f64 {
        match self {
            Self::Send(receivers) => receivers.clock_ahead_seconds(),
            Self::Show(_) => 0.0,
        }
    }
}

impl Show {
    async fn send(&self, query: &QuerySettings, series: &[Series]) -> Result<(), OutputError> {
        for (remote_name, rules) in &self.receivers {
            let (prepared, _) = prepare(series, rules);
            let one = ShownSeries {
                query_name: query.name.clone(),
                remote_name: remote_name.clone(),
                series: prepared.into_iter().map(std::borrow::Cow::into_owned).collect(),
            };
            self.shown.send(one).await.map_err(|_| OutputError::Closed)?;
        }
        Ok(())
    }
}
