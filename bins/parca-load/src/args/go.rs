//! Go's way of writing flags: one dash or two, `-x=v` or `-x v`.

/// Long flags written with one dash get their second, and flags that do not exist are set aside so
/// that all of them can be reported at once. `known` are names without dashes, with whether the
/// flag takes a value.
pub(super) fn normalise(args: Vec<String>, known: &[(String, bool)]) -> (Vec<String>, Vec<String>) {
    let (mut kept, mut unknown) = (Vec::new(), Vec::new());
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let Some(name) = flag_name(&arg) else {
            kept.push(arg);
            continue;
        };
        match known.iter().find(|(known, _)| known == name) {
            None => unknown.push(name.to_owned()),
            Some((_, takes_value)) => {
                let separate = *takes_value && !arg.contains('=');
                kept.push(format!("--{}", arg.trim_start_matches('-')));
                // The next word is the value whatever it looks like, as in Go.
                kept.extend(separate.then(|| args.next()).flatten());
            }
        }
    }
    (kept, unknown)
}

fn flag_name(arg: &str) -> Option<&str> {
    let bare = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-'))?;
    let name = bare.split('=').next().unwrap_or(bare);
    // `-h` and `-V` are clap's own; `--` and `-` are no flags.
    (name.len() > 1).then_some(name)
}

/// Durations as Go writes and reads them: `15m`, `1h30m`, `168h0m0s`, `1.5h`, `250ms`; and as people
/// do: `7d`, `1week`.
pub(crate) fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    let wrong = || format!("expected a duration such as `15m` or `1h30m`, found `{text}`");
    humantime::parse_duration(text.trim()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dash_or_two_and_all_unknown_ones() {
        let known = [("url".to_owned(), true), ("once".to_owned(), false)];
        let check = |args: &[&str], kept: &[&str], unknown: &[&str]| {
            let (k, u) = normalise(args.iter().map(ToString::to_string).collect(), &known);
            assert_eq!(
                (k, u),
                (
                    kept.iter().map(ToString::to_string).collect(),
                    unknown.iter().map(ToString::to_string).collect()
                )
            );
        };
        check(&["-url", "a", "--once"], &["--url", "a", "--once"], &[]);
        check(&["-url=a", "-h"], &["--url=a", "-h"], &[]);
        check(&["--url", "-odd-"], &["--url", "-odd-"], &[]);
        check(&["-ulr=a", "--nope", "-once"], &["--once"], &["ulr", "nope"]);
    }

    #[test]
    fn durations_in_both_spellings() {
        let check = |text: &str, seconds: f64| {
            assert_eq!(parse_duration(text).map(|d| d.as_secs_f64()), Ok(seconds), "{text}");
        };
        check("15m", 900.0);
        check("168h0m0s", 604_800.0);
        check("1h30m", 5400.0);
        check("1.5h", 5400.0);
        check("250ms", 0.25);
        check("7d", 604_800.0);
        assert!(parse_duration("5").is_err());
        assert!(parse_duration("-5s").is_err());
    }
}
