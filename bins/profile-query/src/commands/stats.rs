use profile_model::Timestamp;
use serde_json::json;

use super::list;
use crate::args::{List, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;

pub(super) async fn run(context: &Context, args: List) -> Result<(), Failure> {
    let json = list::is_json(context, &args)?;
    let mut words = Words::new(args.words);
    let deployment = context.deployment(&mut words)?;
    words.end()?;
    let backend = context.backend(&deployment)?;
    let stats = context.wait(&backend, backend.stats()).await?;
    let time = |time: Option<Timestamp>| time.map(query::rfc3339);
    // A Parca's is the end of a minute, which may be still to come.
    let newest = stats.newest.map(|newest| newest.min(context.now.into()));
    let (oldest, newest) = (time(stats.oldest), time(newest));
    if json {
        return list::print_json(&json!({ "has_data": stats.has_data, "oldest": oldest, "newest": newest }));
    }
    let known = |time: Option<String>| time.unwrap_or_else(|| "unknown".to_owned());
    output::data(|out| {
        writeln!(out, "Data: {}", if stats.has_data { "yes" } else { "none yet" })?;
        if stats.has_data {
            writeln!(out, "Oldest profile: {}\nNewest profile: {}", known(oldest), known(newest))?;
        }
        Ok(())
    })
}
