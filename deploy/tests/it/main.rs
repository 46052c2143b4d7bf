//! What `deploy/` has, held against the programs themselves and against the types of those who read it.
//!
//! The programs are those that a build of the workspace leaves (`cargo build`), or those of the folder that
//! PARCA_TOOLS_BIN names.
#![allow(clippy::unwrap_used)]

mod action;
mod files;
mod kubernetes;
mod programs;
mod scripts;
mod watch;
mod yaml;
