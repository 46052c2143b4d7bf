//! `duration`, `interval`, `window` and `delay` of a query.

use std::time::Duration;

use config_file::Reader;

use super::values;
use crate::settings::Schedule;

/// `duration` stands for those of `interval` and `window` that are not written, as in the original;
/// a window is as long as the interval if nothing else is said.
pub(super) fn read(reader: &mut Reader<'_>, delay: Duration) -> Option<Schedule> {
    let written = ["duration", "interval", "window"].map(|key| reader.has(key));
    let mut read = |key| reader.optional(key).map(|field| values::positive_duration(&field));
    let (duration, interval, window) = (read("duration"), read("interval"), read("window"));
    let mut delay = delay;
    reader.set("delay", &mut delay, values::duration);
    match written {
        [true, true, true] => {
            let message = "expected `duration`, or `interval` and `window`, found all three";
            reader.report().add(reader.mistake_at("duration", message));
        }
        [false, false, _] => {
            let message = "expected a value, found none";
            let mistake = reader.mistake_at("duration", message);
            let hint = "`duration` is the length of a window and how often there is one; `interval` and \
                        `window` set them apart";
            reader.report().add(mistake.with_hint(hint));
        }
        _ => {}
    }
    // What is written and wrong is reported, and must not be replaced by something else.
    let interval = interval.or(duration)??;
    let window = window.or(duration).unwrap_or(Some(interval))?;
    if window < interval {
        let key = if written[2] { "window" } else { "duration" };
        let (seen, of) = (words::span(window), words::span(interval));
        let message = format!("only {seen} of each {of} are seen: the window is shorter than the interval");
        reader.report().add(reader.mistake_at(key, message).as_warning());
    }
    Some(Schedule { interval, window, delay })
}
