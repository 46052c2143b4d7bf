//! What the listing commands share.

use query::backend::Backend;
use query::times::Window;
use serde_json::Value;

use crate::args::List;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;

/// Whether the list is to be JSON.
pub(super) fn is_json(context: &Context, list: &List) -> Result<bool, Failure> {
    match list.output.as_deref() {
        None => Ok(context.json()),
        Some("json") => Ok(true),
        Some("text") => Ok(false),
        Some(other) => {
            Err(Failure::usage(format!("--output: expected text or json, found `{}`", words::safe(other))))
        }
    }
}

/// One a line, or an array.
pub(super) fn print(items: &[String], json: bool) -> Result<(), Failure> {
    if json {
        return print_json(&items.into());
    }
    output::data(|out| {
        for item in items {
            writeln!(out, "{}", words::safe(item))?;
        }
        Ok(())
    })
}

/// A value, indented.
pub(super) fn print_json(value: &Value) -> Result<(), Failure> {
    output::data(|out| {
        let mut out = out;
        serde_json::to_writer_pretty(&mut out, value).map_err(std::io::Error::from)?;
        writeln!(out)
    })
}

/// Why a list is empty: there never was anything, or it is not in the window.
pub(super) async fn empty(
    context: &Context,
    backend: &Backend,
    what: &str,
    window: &Window,
) -> Result<Failure, Failure> {
    let stats = context.wait(backend, backend.stats()).await?;
    if !stats.has_data {
        return Ok(Failure::no_data("no data: the server has never got a profile"));
    }
    let failure = Failure::no_data(format!("no data: the server has no {what} from {}", window.in_utc()));
    Ok(match (stats.oldest, stats.newest) {
        (Some(oldest), Some(newest)) => {
            let [oldest, newest] = [oldest, newest].map(query::rfc3339);
            failure.hint(format!("there is data from {oldest} to {newest}"))
        }
        _ => failure,
    })
}
