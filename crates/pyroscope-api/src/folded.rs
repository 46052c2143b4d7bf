//! The text forms of `/ingest`: `main;work 42` a line, or a stack a line.

use bytes::Bytes;
use profile_codec::folded::{self, ParseOptions};
use profile_model::{Profile, Sample, ValueType};

use crate::ApiError;

/// What the last part of an application's name says of its values, as grafana/pyroscope at 3fe6a457 has it
/// (`pkg/ingester/pyroscope/ingest_adapter.go`).
struct Kind {
    name: &'static str,
    sample: (&'static str, &'static str),
    period: (&'static str, &'static str),
    /// Counts of samples, that stand for time.
    is_time: bool,
}

const NONE: (&str, &str) = ("", "");
const CPU: (&str, &str) = ("cpu", "nanoseconds");

fn kind(suffix: &str) -> Option<Kind> {
    let of = |name, sample, unit| Some(Kind { name, sample: (sample, unit), period: NONE, is_time: false });
    match suffix {
        "cpu" | "itimer" => Some(Kind { name: "process_cpu", sample: CPU, period: CPU, is_time: true }),
        "wall" | "seconds" | "milliseconds" | "microseconds" | "nanoseconds" => {
            Some(Kind { name: "wall", sample: ("wall", "nanoseconds"), period: CPU, is_time: true })
        }
        "inuse_objects" => of("memory", "inuse_objects", "count"),
        "inuse_space" => of("memory", "inuse_space", "bytes"),
        "alloc_objects" => of("memory", "alloc_objects", "count"),
        "alloc_space" => of("memory", "alloc_space", "bytes"),
        "alloc_in_new_tlab_objects" => of("memory", "alloc_in_new_tlab_objects", "count"),
        "alloc_in_new_tlab_bytes" => of("memory", "alloc_in_new_tlab_bytes", "bytes"),
        "alloc_outside_tlab_objects" => of("memory", "alloc_outside_tlab_objects", "count"),
        "alloc_outside_tlab_bytes" => of("memory", "alloc_outside_tlab_bytes", "bytes"),
        "live" => of("memory", "live", "count"),
        "goroutines" => of("goroutine", "goroutines", "count"),
        "mutex_count" => of("mutex", "contentions", "count"),
        "mutex_duration" => of("mutex", "delay", "nanoseconds"),
        "block_count" | "lock_count" => of("block", "contentions", "count"),
        "block_duration" | "lock_duration" => of("block", "delay", "nanoseconds"),
        "exceptions" => of("exceptions", "samples", "count"),
        "bytes" => of("memory", "samples", "bytes"),
        _ => None,
    }
}

/// The application, the name of the profile type and the profile of a text. `app` is `application.kind`; without a
/// dot it is CPU time.
pub(crate) fn profile(
    app: &str,
    text: &Bytes,
    is_lines: bool,
    sample_rate: i64,
) -> Result<(String, &'static str, Profile), ApiError> {
    let (service, suffix) = app.rsplit_once('.').unwrap_or((app, "cpu"));
    let kind = kind(suffix).ok_or_else(|| {
        ApiError::invalid(format!(
            "unknown profile type `{suffix}`: expected a name such as `{app}.cpu` for text"
        ))
    })?;
    let counted;
    let text: &[u8] = if is_lines {
        counted = with_counts(text);
        &counted
    } else {
        text
    };
    let read = folded::parse(text, &ParseOptions::default())
        .map_err(|error| ApiError::invalid(format!("expected folded stacks: {error}: {}", error.kind)))?;
    let mut profile = Profile::new(vec![ValueType::new(kind.sample.0, kind.sample.1)]);
    let factor = if kind.is_time { 1_000_000_000 / sample_rate.max(1) } else { 1 };
    for sample in read.samples.iter() {
        let value = sample.values[0].saturating_mul(factor);
        profile.samples.push(Sample { stack: sample.stack, values: &[value], labels: &[] });
    }
    profile.symbols = read.symbols;
    profile.period_type = Some(ValueType::new(kind.period.0, kind.period.1));
    profile.period = if kind.is_time { factor } else { 1 };
    Ok((service.to_owned(), kind.name, profile))
}

/// A stack a line, each with the count of one.
fn with_counts(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty());
    lines.flat_map(|line| [line, b" 1\n"]).flatten().copied().collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_the_name_says_what_is_counted() {
        let check = |app: &str, expect: Option<(&str, &str, i128)>| {
            let found = profile(app, &Bytes::from_static(b"a;b 100\na 20\n"), false, 100).ok();
            let shown = found.map(|(service, name, profile)| {
                let of = format!("{name}:{}", profile.sample_types[0]);
                (service, of, profile.samples.total(0))
            });
            let expect = expect.map(|(service, of, total)| (service.to_owned(), of.to_owned(), total));
            assert_eq!(shown, expect, "{app}");
        };
        check("demo", Some(("demo", "process_cpu:cpu/nanoseconds", 1_200_000_000)));
        check("my.demo.cpu", Some(("my.demo", "process_cpu:cpu/nanoseconds", 1_200_000_000)));
        check("demo.inuse_space", Some(("demo", "memory:inuse_space/bytes", 120)));
        check("demo.seconds", Some(("demo", "wall:wall/nanoseconds", 1_200_000_000)));
        check("demo.bytes", Some(("demo", "memory:samples/bytes", 120)));
        check("demo.goroutines", Some(("demo", "goroutine:goroutines/count", 120)));
        check("demo.lock_count", Some(("demo", "block:contentions/count", 120)));
        check("demo.mutex_duration", Some(("demo", "mutex:delay/nanoseconds", 120)));
        check("demo.exceptions", Some(("demo", "exceptions:samples/count", 120)));
        check("demo.live", Some(("demo", "memory:live/count", 120)));
        check("my.app", None);
    }

    #[test]
    fn stacks_of_a_line_each_are_counted() {
        let (_, _, profile) =
            profile("x.goroutines", &Bytes::from_static(b"a;b\na;b\r\n\nc 5\n"), true, 100).unwrap();
        assert_eq!(profile.samples.total(0), 3);
    }
}
