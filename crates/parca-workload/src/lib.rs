//! What parca-load does to a Parca: which calls each lane makes, and what it learns for the next.
//!
//! ```
//! use std::time::Duration;
//!
//! use parca_workload::{Lane, Mode, Settings};
//!
//! let mut settings = Settings::new(Mode::Lanes);
//! settings.seed = 7;
//! settings.set_interval(Lane::QueryMerge, Duration::from_secs(60));
//! let plan = settings.plan();
//! assert_eq!(plan.lanes.len(), 6);
//! assert_eq!(plan.lanes[5].name, "query-merge");
//! ```
//!
//! [`ParcaWorkload`] is a [`load_engine::Workload`] over a [`parca_client::Client`]. Pace, bounds and
//! recording are the engine's, the wire is the client's; this crate knows neither metrics nor
//! threads.

mod call;
mod choose;
mod go_time;
mod knowledge;
mod lane;
mod settings;
mod upstream;
mod workload;

pub use go_time::go_duration;
pub use knowledge::{Knowledge, LastError};
pub use lane::Lane;
pub use settings::{Mode, Settings};
pub use workload::ParcaWorkload;

/// Operations as they are recorded: the `op` of a [`load_engine::SeriesKey`].
pub mod op {
    /// Label names.
    pub const LABELS: &str = "labels";
    /// Values of a label; recorded with `label`.
    pub const VALUES: &str = "values";
    /// Profile types.
    pub const PROFILE_TYPES: &str = "profiletypes";
    /// A metric over time; recorded with `range` and `labels`.
    pub const QUERY_RANGE: &str = "queryrange";
    /// A profile; recorded with `mode`, and by mode with `range`, `labels`, `report_type`.
    pub const QUERY: &str = "query";
    /// Finding the very millisecond of a profile, which the single query after it needs.
    pub const LOOKUP: &str = "lookup";
}
