use profile_model::TimeRange;

use crate::report::{Form, Look};
use crate::{Ask, Changes};

/// A question in full: which profiles, compared with which, what is done to their stacks, and in which form they are
/// shown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Question {
    /// Which profiles, and when.
    pub ask: Ask,
    /// The span to compare with, if it is a comparison.
    pub base: Option<TimeRange>,
    /// Compares the numbers as they are; otherwise the base is first scaled to the same total.
    pub absolute: bool,
    /// What is done to the stacks before they are shown.
    pub changes: Changes,
    /// The form of the report.
    pub form: Form,
    /// How the report looks.
    pub look: Look,
}
