//! Trees and stacks as JSON, for programs.
//!
//! Values are exact numbers of the unit of the profile. What is not known is left out, addresses
//! are hexadecimal text such as `"0x1f"` because JSON's numbers lose bits in many readers.

mod flame;
mod frame;
mod stacks;

pub use flame::{FlameJsonOptions, flame_graph};
pub use stacks::stacks;
