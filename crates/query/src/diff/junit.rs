use std::io::{self, Write};

use super::Verdict;
use words::safe as plain;

/// Writes what conditions say as JUnit's XML, which CI servers show: a test case for each, failed where
/// a function is beyond it, in error where it could not be checked.
///
/// # Errors
/// If `out` fails.
pub fn junit(title: &str, verdicts: &[Verdict], out: &mut impl Write) -> io::Result<()> {
    let errors = verdicts.iter().filter(|verdict| verdict.unchecked.is_some()).count();
    let failures = verdicts.iter().filter(|verdict| !verdict.is_met()).count() - errors;
    let (title, count) = (escaped(title), verdicts.len());
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites>")?;
    writeln!(
        out,
        "  <testsuite name=\"{title}\" tests=\"{count}\" failures=\"{failures}\" errors=\"{errors}\">"
    )?;
    for verdict in verdicts {
        let condition = escaped(&verdict.condition);
        write!(out, "    <testcase classname=\"{title}\" name=\"{condition}\"")?;
        match &verdict.unchecked {
            Some(why) => writeln!(out, ">\n      <error message=\"{}\"/>\n    </testcase>", escaped(why))?,
            None if verdict.skipped.is_some() => {
                let why = verdict.skipped.as_deref().unwrap_or_default();
                writeln!(out, ">\n      <skipped message=\"{}\"/>\n    </testcase>", escaped(why))?
            }
            None if verdict.is_met() => writeln!(out, "/>")?,
            None => {
                let count = verdict.functions.len();
                let list = escaped(&verdict.functions.join("\n"));
                writeln!(
                    out,
                    ">\n      <failure message=\"{count} beyond {condition}\">{list}</failure>\n    </testcase>"
                )?;
            }
        }
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

/// As text or in quotes; what XML cannot hold is replaced, line ends stay.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for line in text.split('\n') {
        if !escaped.is_empty() {
            escaped.push('\n');
        }
        for c in plain(line).chars() {
            match c {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&apos;"),
                '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
                c => escaped.push(c),
            }
        }
    }
    escaped
}
