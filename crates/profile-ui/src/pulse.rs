use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use profile_model::TimeRange;
use query::backend::Backend;
use tokio::sync::Mutex;

/// How long a server may take to say anything. Pages ask every second, so that a frozen one is seen within five.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer holds, however many pages ask.
const HOLDS: Duration = Duration::from_secs(1);
/// The time whose profile types are asked for.
const LOOK_BACK: Duration = Duration::from_secs(60);

/// Whether a server answers now. Cheap to clone; clones share what it last said.
#[derive(Clone, Debug)]
pub struct Pulse {
    backend: Backend,
    last: Arc<Mutex<Option<Said>>>,
}

/// When the server was asked, and its trouble; nothing where it is well.
type Said = (Instant, Option<String>);

impl Pulse {
    /// The pulse of this server, which was not asked yet.
    pub fn of(backend: Backend) -> Self {
        Self { backend, last: Arc::default() }
    }

    /// Why the server counts as lost; nothing if it answers. It is asked for little and once a second at most: who asks
    /// meanwhile waits for what it says.
    pub async fn trouble(&self) -> Option<String> {
        let mut last = self.last.lock().await;
        if let Some((when, trouble)) = &*last
            && when.elapsed() < HOLDS
        {
            return trouble.clone();
        }
        let trouble = self.ask().await;
        *last = Some((Instant::now(), trouble.clone()));
        trouble
    }

    async fn ask(&self) -> Option<String> {
        let now = SystemTime::now();
        let range = TimeRange::new(now.checked_sub(LOOK_BACK)?.into(), now.into());
        match tokio::time::timeout(PATIENCE, self.backend.profile_types(None, range)).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(words::short(&error.to_string(), 160)),
            Err(_) => Some(format!("no answer for {}", words::span(PATIENCE))),
        }
    }
}
