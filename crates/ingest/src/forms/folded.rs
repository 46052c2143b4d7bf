//! Folded stacks as their many writers write them.

use std::borrow::Cow;

use profile_codec::detect::Form;
use profile_codec::folded;
use profile_model::{Profile, ValueType};

use super::{FormError, FormOptions, broken};

/// Reads folded stacks, comments between them left out.
pub(super) fn read(bytes: &[u8], options: &FormOptions) -> Result<Profile, FormError> {
    let mut parse = folded::ParseOptions::default();
    parse.value_type = options.sample_type.clone().unwrap_or_else(|| ValueType::new("samples", "count"));
    parse.max_bytes = options.limits.max_decoded_bytes as u64;
    // Comments are no lines of the form, and some writers have them.
    let text = String::from_utf8_lossy(bytes);
    let lines: String = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| [whole(line), "\n".into()])
        .collect();
    folded::parse(lines.as_bytes(), &parse).map_err(|error| broken(Form::Folded, &error))
}

/// A line whose count is a whole number: some writers have fractions.
fn whole(line: &str) -> Cow<'_, str> {
    let Some((stack, count)) = line.trim_end().rsplit_once(' ') else { return line.into() };
    match (count.contains(['.', 'e', 'E']), count.parse::<f64>()) {
        (true, Ok(number)) if number.is_finite() => format!("{stack} {}", number.round() as i64).into(),
        _ => line.into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::super::{name_of, read};
    use super::*;

    #[test]
    fn folded_stacks_have_the_types_that_are_given_or_sensible_ones() {
        let mut options = FormOptions::default();
        let one =
            read(b"# comment\nmain;a;b::c<int, char> 1.6\r\nmain 2\n", &options).unwrap().profiles.remove(0);
        assert_eq!((one.sample_types[0].to_string(), one.samples.total(0)), ("samples/count".to_owned(), 4));
        assert_eq!((one.period_type.unwrap().to_string(), one.period), ("samples/count".to_owned(), 1));
        options.sample_type = Some(ValueType::new("cpu", "nanoseconds"));
        options.period_type = Some(ValueType::new("cpu", "nanoseconds"));
        options.period = Some(10_000_000);
        options.time = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(5));
        options.duration = Some(Duration::from_secs(2));
        let one = read(b"main 2\n", &options).unwrap().profiles.remove(0);
        assert_eq!(
            (one.time_nanos, one.duration_nanos, one.period),
            (5_000_000_000, 2_000_000_000, 10_000_000)
        );
        assert_eq!(name_of(&one, Form::Folded), "process_cpu");
    }

    #[test]
    fn folded_stacks_are_read_as_writers_write_them() {
        let check = |line: &str, expect: &[(&str, i64)]| {
            let profile = read(line.as_bytes(), &FormOptions::default()).unwrap().profiles.remove(0);
            let symbols = &profile.symbols;
            let name = |id: &profile_model::LocationId| {
                symbols
                    .string(symbols.function(symbols.location(*id).lines[0].function.unwrap()).name)
                    .to_owned()
            };
            let shown = profile.samples.iter().map(|sample| {
                let frames: Vec<String> = symbols.stack(sample.stack).iter().rev().map(name).collect();
                (frames.join(";"), sample.values[0])
            });
            let expect: Vec<(String, i64)> =
                expect.iter().map(|(stack, value)| ((*stack).to_owned(), *value)).collect();
            assert_eq!(shown.collect::<Vec<_>>(), expect, "{line:?}");
        };
        check("main;work 3\r\nmain 1\r\n", &[("main;work", 3), ("main", 1)]);
        // Differences of two profiles, and counts that were scaled.
        check("main;work -3\nmain 2.5\nmain;x 1e3\n", &[("main;work", -3), ("main", 3), ("main;x", 1000)]);
        // Marks of the kernel, of code that was compiled while it ran, and of inlined calls stay in the names.
        check("java;f_[j];sys_read_[k];g_[i] 1\n", &[("java;f_[j];sys_read_[k];g_[i]", 1)]);
        check("worker 7;operator new(unsigned long) 4\n", &[("worker 7;operator new(unsigned long)", 4)]);
    }
}
