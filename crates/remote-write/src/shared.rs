use std::sync::OnceLock;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::counts::Counters;
use crate::negotiate::Negotiation;
use crate::news::News;
use crate::settings::Settings;
use crate::size_limit::SizeLimit;

/// What a destination's shards have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) counters: Counters,
    pub(crate) negotiation: Negotiation,
    pub(crate) size_limit: SizeLimit,
    pub(crate) news: News,
    /// Send what waits, then end.
    pub(crate) drain: CancellationToken,
    /// When `stop` will come, once it is known.
    pub(crate) deadline: OnceLock<Instant>,
    /// End now.
    pub(crate) stop: CancellationToken,
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            negotiation: Negotiation::new(settings.protocol),
            counters: Counters::default(),
            size_limit: SizeLimit::default(),
            news: News::new(settings.name.clone()),
            drain: CancellationToken::new(),
            deadline: OnceLock::new(),
            stop: CancellationToken::new(),
            settings,
        }
    }
}
