//! Disks for tests of programs that keep files.

mod faulty;
mod sim;
mod sim_tree;

pub use faulty::{Fault, FaultyDisk};
pub use sim::SimDisk;
