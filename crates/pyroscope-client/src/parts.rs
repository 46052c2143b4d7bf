//! Ranges that are longer than the server allows.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};

use crate::window::Window;
use crate::{Client, Code, Error, ErrorKind};

/// The most parts that a range is cut into.
const MOST_PARTS: i64 = 64;
/// How many parts are asked for at a time.
const SIDE_BY_SIDE: usize = 4;

/// Where a range may be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grid {
    /// At multiples of the parts' length since 1970, so that equal parts are asked for again.
    Absolute,
    /// After whole steps of so many milliseconds since the start.
    Steps(i64),
}

impl Client {
    /// Asks for a range as a whole or, if the server finds it too long, in parts, in order of time.
    pub(crate) async fn in_parts<T, F>(
        &self,
        window: Window,
        grid: Grid,
        ask: impl Fn(Window) -> F,
    ) -> Result<Vec<(Window, T)>, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut longest = self.longest().load(Ordering::Relaxed);
        loop {
            let parts = cut(window, longest, grid)?;
            let part = parts.iter().map(|part| part.length()).max().unwrap_or_default();
            let asked: Vec<_> = parts
                .into_iter()
                .map(|part| {
                    let answer = ask(part);
                    async move { Ok((part, answer.await?)) }
                })
                .collect();
            match futures_util::stream::iter(asked).buffered(SIDE_BY_SIDE).try_collect().await {
                Err(error) if is_too_long(&error) => {
                    let Some(shorter) = shorter(&error, part) else { return Err(error) };
                    longest = shorter;
                    self.longest().fetch_min(longest, Ordering::Relaxed);
                    tracing::debug!(
                        longest_ms = longest,
                        "range is too long for the server, asking in parts"
                    );
                }
                ended => return ended,
            }
        }
    }
}

/// Cuts a range into parts of at most `longest` milliseconds.
fn cut(window: Window, longest: i64, grid: Grid) -> Result<Vec<Window>, Error> {
    if window.length() <= longest {
        return Ok(vec![window]);
    }
    let length = match grid {
        Grid::Absolute => longest,
        // The server goes one step back from the start of each part, and each part a millisecond on.
        Grid::Steps(step) => (longest - 1) / step.max(1) * step.max(1) - step,
    };
    if length <= 0 || window.length() / length > MOST_PARTS - 2 {
        return Err(Error::new(
            ErrorKind::Limit,
            Code::InvalidArgument,
            format!("the server takes ranges of at most {longest} ms, and {MOST_PARTS} such parts do not do"),
        )
        .with_hint(Some("ask for a shorter range, or with a shorter step")));
    }
    let mut parts = Vec::new();
    let mut start = window.start;
    while start < window.end {
        let next = match grid {
            Grid::Absolute => (start.div_euclid(length) + 1).saturating_mul(length),
            Grid::Steps(_) => start.saturating_add(length),
        };
        let end = next.min(window.end);
        parts.push(Window { start, end });
        start = end;
    }
    Ok(parts)
}

/// Pyroscope names the setting; others that speak its protocol have words of their own.
pub(crate) fn is_too_long(error: &Error) -> bool {
    let says = |words: &str| error.message().contains(words);
    error.code() == Code::InvalidArgument
        && error.kind() == ErrorKind::Rejected
        && (says("max_query_length") || says("time range exceeds the limit"))
}

/// What to try after parts of this length were too long; nothing if that makes no sense.
fn shorter(error: &Error, part: i64) -> Option<i64> {
    let named = limit_in(error.message()).filter(|limit| *limit < part);
    named.or(Some(part / 2)).filter(|longest| *longest > 0)
}

/// The limit that the message names, in milliseconds: `limit: 24h0m0s`, `limit: 1d`.
fn limit_in(message: &str) -> Option<i64> {
    let (_, after) = message.rsplit_once("limit: ")?;
    let text: String = after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    let limit: Duration = timespec::parse_span(&text).ok()?;
    i64::try_from(limit.as_millis()).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_messages() {
        let check = |message: &str, expect: Option<i64>| assert_eq!(limit_in(message), expect, "{message}");
        let told =
            "the query time range exceeds the limit (max_query_length, actual: 48h0m0s, limit: 24h0m0s)";
        check(told, Some(86_400_000));
        check("exceeds max_query_length, actual: 2d, limit: 1d", Some(86_400_000));
        check("limit: 1h30m", Some(5_400_000));
        check("limit: none", None);
        check("max_query_length", None);
    }

    #[test]
    fn parts_cover_the_range_once() {
        let check = |window: (i64, i64), longest, grid, expect: Option<&[(i64, i64)]>| {
            let found = cut(Window { start: window.0, end: window.1 }, longest, grid).ok();
            let found: Option<Vec<_>> =
                found.map(|parts| parts.iter().map(|part| (part.start, part.end)).collect());
            assert_eq!(found.as_deref(), expect, "{window:?} {longest} {grid:?}");
        };
        check((5, 10), 5, Grid::Absolute, Some(&[(5, 10)]));
        check((5, 25), 10, Grid::Absolute, Some(&[(5, 10), (10, 20), (20, 25)]));
        check((10, 30), 10, Grid::Absolute, Some(&[(10, 20), (20, 30)]));
        check((3, 23), 10, Grid::Steps(3), Some(&[(3, 9), (9, 15), (15, 21), (21, 23)]));
        check((3, 23), 4, Grid::Steps(3), None);
        check((0, 1000), 1, Grid::Absolute, None);
        check((1, i64::MAX), 86_400_000, Grid::Absolute, None);
    }
}
