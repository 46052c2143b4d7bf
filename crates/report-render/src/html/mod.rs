//! The page that people walk through profiles in, in one file that needs nothing else or for servers that have it.
//!
//! [`page`] writes one file with the stacks inside. A server gives [`INDEX`] and, below `ui/`, [`assets`]; the page then
//! asks for what there is and for stacks as [`viewer_data`] writes them. All that is done to stacks is done in the
//! browser: filters, inversion, callers and callees, groups, shares.

mod assets;
mod bundle;
mod data;
mod page;
mod tables;

pub use assets::{Asset, BASE_STYLE, INDEX, assets};
pub use data::{ViewerOptions, viewer_data};
pub use page::{PageOptions, page};
