//! What a query's owner should hear once: that it finds nothing, matches nothing, or has too much.

use std::sync::Arc;

use parca_client::Client;

use crate::measure::explain;
use crate::series::Made;
use crate::settings::QuerySettings;

/// So many windows in a row are no accident.
const ENOUGH: u32 = 5;

/// How the windows of a query were, one after the other.
#[derive(Debug)]
pub(crate) struct Watch {
    query: Arc<QuerySettings>,
    /// Windows in a row for which the Parca had nothing.
    empty: u32,
    /// Windows in a row with stacks and without a function.
    unmatched: u32,
    /// Whether the last window had more series than may be.
    too_many: bool,
}

impl Watch {
    pub(crate) fn new(query: Arc<QuerySettings>) -> Self {
        Self { query, empty: 0, unmatched: 0, too_many: false }
    }

    /// The Parca had nothing. After some windows it is asked why.
    pub(crate) async fn empty(&mut self, client: &Client) {
        self.empty = self.empty.saturating_add(1);
        if self.empty != ENOUGH {
            return;
        }
        let (query_name, windows) = (&self.query.name, self.empty);
        match explain(client, &self.query.query).await {
            Some(why) => tracing::warn!(query_name, windows, why, "the query finds nothing"),
            None => tracing::warn!(
                query_name,
                windows,
                "the query finds nothing, though nothing is wrong with it"
            ),
        }
    }

    /// The series of a window were made.
    pub(crate) fn made(&mut self, made: &Made, is_empty: bool) {
        let query_name = &self.query.name;
        if !is_empty {
            if self.empty >= ENOUGH {
                tracing::info!(query_name, "the query finds something again");
            }
            self.empty = 0;
            let unmatched = made.functions == 0 && !self.query.functions.matchers.is_empty();
            self.unmatched = if unmatched { self.unmatched.saturating_add(1) } else { 0 };
            if self.unmatched == ENOUGH {
                tracing::warn!(
                    query_name,
                    windows = ENOUGH,
                    "no function matches: only the root has a series"
                );
            }
        }
        let too_many = made.over_limit > 0;
        if too_many && !self.too_many {
            let dropped = made.over_limit;
            tracing::warn!(query_name, dropped, "too many series: the smallest are left out from now on");
        } else if self.too_many && !too_many {
            tracing::info!(query_name, "all series are sent again");
        }
        self.too_many = too_many;
    }

    /// Whether the last window had stacks, and the matchers took none of their functions.
    pub(crate) fn no_function_matches(&self) -> bool {
        self.unmatched > 0
    }
}
