//! Forms that are text.

use super::Form;

pub(super) fn detect(start: &[u8]) -> Option<Form> {
    let text = text_of(start)?;
    let trimmed = text.trim_start_matches('\u{feff}').trim_start();
    match trimmed.as_bytes().first()? {
        b'<' => Some(markup(trimmed)),
        b'{' | b'[' => Some(json(trimmed)),
        _ => Some(lines(trimmed)),
    }
}

/// The bytes as text, if they are: a character may be cut off at the end, and there are hardly any control
/// characters.
fn text_of(start: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c | 0x1b);
    (!text.bytes().any(|byte| is_control(&byte))).then_some(text)
}

fn markup(text: &str) -> Form {
    let start: String = text.chars().take(512).collect::<String>().to_ascii_lowercase();
    let is_html =
        ["<!doctype html", "<html", "<head", "<body", "<title"].iter().any(|tag| start.contains(tag));
    if is_html { Form::Html } else { Form::Xml }
}

fn json(text: &str) -> Form {
    let has = |key: &str| text.contains(&format!("\"{key}\""));
    match () {
        () if text.contains("speedscope.app/file-format-schema")
            || (has("shared") && has("profiles") && has("frames")) =>
        {
            Form::Speedscope
        }
        () if has("traceEvents") => Form::ChromeTrace,
        () if has("flamebearer") => Form::Flamebearer,
        () if has("nodes") && (has("timeDeltas") || has("callFrame")) => Form::CpuProfile,
        () if has("meta") && (has("threads") || has("interval")) && has("version") => Form::Gecko,
        // An array of events is the older form.
        () if text.starts_with('[') && has("ph") && has("ts") => Form::ChromeTrace,
        () => Form::Json,
    }
}

/// How many lines have to agree.
const LINES: usize = 50;

fn lines(text: &str) -> Form {
    let whole = text.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<&str> = whole.take(LINES + 1).collect();
    // The last of those that were looked at may be cut off.
    let lines = &lines[..lines.len().saturating_sub(usize::from(lines.len() > 1 && !text.ends_with('\n')))];
    match () {
        () if lines.iter().any(|line| is_goroutine(line)) => Form::GoroutineDump,
        () if is_perf_script(lines) => Form::PerfScript,
        () if !lines.is_empty()
            && lines.iter().filter(|line| !line.starts_with('#')).all(|line| is_folded(line)) =>
        {
            Form::Folded
        }
        () => Form::Text,
    }
}

/// `goroutine 7 [running]:`.
fn is_goroutine(line: &str) -> bool {
    let rest = line.strip_prefix("goroutine ").and_then(|rest| rest.split_once(" ["));
    rest.is_some_and(|(id, rest)| id.bytes().all(|byte| byte.is_ascii_digit()) && rest.ends_with("]:"))
}

/// A stack, a space and a number.
fn is_folded(line: &str) -> bool {
    let Some((stack, value)) = line.trim_end().rsplit_once(' ') else { return false };
    value.parse::<f64>().is_ok_and(f64::is_finite) && !stack.is_empty() && !value.is_empty()
}

/// A head such as `name 7 [000] 1.5: 100 cpu-clock:`, then a frame that is indented and starts with hex digits.
fn is_perf_script(lines: &[&str]) -> bool {
    let mut lines = lines.iter().skip_while(|line| line.starts_with('#'));
    let Some(head) = lines.next() else { return false };
    let has_time = head.split_whitespace().any(is_time);
    let is_head = !head.starts_with('\t') && has_time && head.trim_end().ends_with(':');
    let is_frame =
        |line: &&&str| line.starts_with(['\t', ' ']) && line.split_whitespace().next().is_some_and(is_hex);
    is_head && lines.next().filter(is_frame).is_some()
}

/// `12345.678901:`.
fn is_time(word: &str) -> bool {
    word.strip_suffix(':').and_then(|word| word.split_once('.')).is_some_and(|(whole, part)| {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number(whole) && is_number(part)
    })
}

fn is_hex(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_hexdigit())
}
