//! Starts the real program against an embedded Parca and receivers, and looks at what arrives.
#![allow(clippy::unwrap_used)]

mod commands;
mod daemon;
mod demo;
mod examples;
mod fixture;
mod outage;
mod receiver;
mod secrets;
mod streams;
