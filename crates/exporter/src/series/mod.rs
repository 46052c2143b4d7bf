//! From a table to what is sent: functions are chosen, values scaled, series made, or shown.

mod choose;
mod make;
mod show;
mod unit;

pub(crate) use make::{LabelCache, Made, series_of};
pub use show::{write_json, write_text};
pub(crate) use unit::{per_byte, per_second};
