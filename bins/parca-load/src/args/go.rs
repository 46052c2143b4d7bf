//! Go's way of writing flags: one dash or two, `-x=v` or `-x v`.

/// A flag's name without dashes, and whether it takes a value.
pub(super) type Known = (String, bool);

/// Long flags written with one dash get their second, each with its value in one word. What is wrong
/// with any of them is set aside, so that all of it can be reported at once.
pub(super) fn normalise(args: Vec<String>, known: &[Known]) -> (Vec<String>, Vec<String>) {
    let (mut kept, mut mistakes) = (Vec::new(), Vec::new());
    let mut args = args.into_iter().peekable();
    while let Some(arg) = args.next() {
        let Some((name, value)) = flag(&arg) else {
            kept.push(arg);
            continue;
        };
        match known.iter().find(|(known, _)| known == name) {
            None => {
                mistakes.push(unknown_flag(name, known));
                // Most likely its value, perhaps a secret: no mistake of its own, and not shown.
                let _value = args.next_if(|next| value.is_none() && !next.starts_with('-'));
            }
            // The next word is the value whatever it looks like, as in Go.
            Some((_, true)) => match value.map(str::to_owned).or_else(|| args.next()) {
                Some(value) => kept.push(format!("--{name}={value}")),
                None => mistakes.push(format!("-{name}: expected a value, found none")),
            },
            Some((_, false)) => match value {
                None | Some("true") => kept.push(format!("--{name}")),
                Some("false") => {}
                Some(other) => {
                    mistakes.push(format!("-{name}: expected `true` or `false`, found `{other}`"));
                }
            },
        }
    }
    (kept, mistakes)
}

/// Name and value of a word that is a flag.
fn flag(arg: &str) -> Option<(&str, Option<&str>)> {
    let bare = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-'))?;
    let (name, value) = bare.split_once('=').map_or((bare, None), |(name, value)| (name, Some(value)));
    // `-h` and `-V` are clap's own; `--` and `-` are no flags.
    (!matches!(name, "" | "h" | "V")).then_some((name, value))
}

fn unknown_flag(name: &str, known: &[Known]) -> String {
    let near = words::nearest(name, known.iter().map(|(flag, _)| flag.as_str()));
    let advice = near.map(|flag| format!("; did you mean -{flag}?")).unwrap_or_default();
    format!("flag -{} does not exist{advice}", words::short(name, 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dash_or_two_and_all_mistakes() {
        let known = [("url".to_owned(), true), ("once".to_owned(), false)];
        let check = |args: &[&str], kept: &[&str], mistakes: &[&str]| {
            let found = normalise(args.iter().map(ToString::to_string).collect(), &known);
            let expect = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(found, (expect(kept), expect(mistakes)), "{args:?}");
        };
        check(&["-url", "a", "--once"], &["--url=a", "--once"], &[]);
        check(&["-url=a", "-h"], &["--url=a", "-h"], &[]);
        check(&["--url", "-odd-"], &["--url=-odd-"], &[]);
        check(&["-url="], &["--url="], &[]);
        check(&["-url", "a=b", "word"], &["--url=a=b", "word"], &[]);
        check(&["-once=true", "-once=false"], &["--once"], &[]);
        check(&["-once=1"], &[], &["-once: expected `true` or `false`, found `1`"]);
        check(&["-url"], &[], &["-url: expected a value, found none"]);
        check(
            &["-ulr=a", "--nothing", "its value", "-x", "-once"],
            &["--once"],
            &[
                "flag -ulr does not exist; did you mean -url?",
                "flag -nothing does not exist",
                "flag -x does not exist",
            ],
        );
    }
}
