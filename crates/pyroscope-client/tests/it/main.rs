//! The client against a server in this process, and against one that is none of our work.
#![allow(clippy::unwrap_used)]

mod command;
mod errors;
mod fake;
mod parts;
mod real;
mod requests;
