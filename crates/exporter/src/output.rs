//! Where the series of a window go.

use std::sync::Arc;

use remote_write::{PushError, Series};
use tokio::sync::mpsc;

use crate::receivers::Receivers;
use crate::settings::QuerySettings;

/// Receivers, or somebody who only looks.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    Send(Arc<Receivers>),
    Show(mpsc::Sender<Shown>),
}

/// The series of a window that were not sent, to be looked at.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Shown {
    /// The query they are of.
    pub query_name: String,
    /// They, stale markers included.
    pub series: Vec<Series>,
}

/// Why series could not be handed over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// A receiver's queue did not take them.
    #[error("cannot queue the samples")]
    Push(#[from] PushError),
    /// Whoever looked has gone.
    #[error("nobody looks any more")]
    Gone,
}

impl Output {
    pub(crate) async fn send(&self, query: &QuerySettings, series: &[Series]) -> Result<(), OutputError> {
        match self {
            Self::Send(receivers) => receivers.push(series).await.map_err(OutputError::from),
            Self::Show(shown) => {
                let one = Shown { query_name: query.name.clone(), series: series.to_vec() };
                shown.send(one).await.map_err(|_| OutputError::Gone)
            }
        }
    }
}
