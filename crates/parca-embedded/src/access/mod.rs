//! Who may read and who may write: a file of names and digests of what they show, and a gate in front of all routes.

mod entries;
mod gate;
mod need;

pub(crate) use entries::Tenant;
pub use entries::{Access, AccessError};
pub(crate) use gate::gated;
