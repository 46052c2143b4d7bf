//! `push`: files, stdin or a folder to stores.

use std::time::{Duration, SystemTime};

use ingest::mend::{Origin, mended};
use ingest::send::{DropReason, Store, StoreCounts, Stores};
use ingest::{Outgoing, Sink};
use ops::eprint_line;
use profile_codec::detect::{Form, detect};
use profile_model::Profile;
use relabel::{Labels, METRIC_NAME};

use crate::args::{ProfileArgs, Push};
use crate::{Error, Exit, forms, padata, stores};

pub(crate) async fn run(args: Push) -> Result<Exit, Error> {
    let sinks = Stores::start(stores::settings(&args.stores))?;
    let mut taken = 0;
    let mut failed = false;
    for path in &args.files {
        match push(path, &args, &sinks).await {
            Ok(count) => taken += count,
            Err(error) => {
                failed = true;
                eprint_line(&ops::describe(error.as_ref()));
            }
        }
    }
    // Batches of agents have said of themselves what became of them.
    if taken == 0 {
        return Ok(if failed { Exit::Failed } else { Exit::Done });
    }
    let exit = finish(&sinks, taken, &args.profile).await?;
    Ok(if failed { Exit::Failed } else { exit })
}

/// Puts the profiles of a file into the queues; how many.
pub(crate) async fn push(path: &std::path::Path, args: &Push, sinks: &Stores) -> Result<usize, Error> {
    let input = forms::input(path)?;
    if detect(&input.bytes) == Form::Padata {
        padata::push(&input, &stores::settings(&args.stores)).await?;
        return Ok(0);
    }
    let options = forms::options(&args.reading, args.profile.time, &input)?;
    let read = forms::read(&input, &options)?;
    let count = read.profiles.len();
    for profile in read.profiles {
        take(profile, read.form, &args.profile, sinks).await?;
    }
    Ok(count)
}

pub(crate) async fn take(
    profile: Profile,
    form: Form,
    args: &ProfileArgs,
    sinks: &Stores,
) -> Result<(), Error> {
    let labels = labels(&profile, form, args)?;
    let ready = mended(profile, &Origin::at(args.time.unwrap_or_else(SystemTime::now)))?;
    Ok(sinks.take(Outgoing::new(labels, ready)).await?)
}

fn labels(profile: &Profile, form: Form, args: &ProfileArgs) -> Result<Labels, Error> {
    let name = args.name.clone().unwrap_or_else(|| ingest::forms::name_of(profile, form));
    let given = args.label.iter().filter(|(key, _)| key != METRIC_NAME).cloned();
    let labels = Labels::new(given.chain([(METRIC_NAME.to_owned(), name)]))
        .map_err(|error| format!("--label: {error}"))?;
    Ok(labels)
}

/// Waits for the stores, and says what became of the profiles.
pub(crate) async fn finish(sinks: &Stores, taken: usize, args: &ProfileArgs) -> Result<Exit, Error> {
    // A store that is away may be back in time: whoever pushes by hand may not push again.
    sinks.flush(args.send_timeout).await;
    let counts = sinks.stop(Duration::ZERO).await;
    let mut is_good = true;
    for (store, counts) in sinks.iter().zip(&counts) {
        is_good &= say(store, counts, taken);
    }
    Ok(if is_good { Exit::Done } else { Exit::Failed })
}

fn say(store: &Store, counts: &StoreCounts, taken: usize) -> bool {
    let stored = counts.sent + counts.found;
    let mut words = format!("{}: {stored} of {taken} profiles stored", store.name());
    if counts.empty > 0 {
        words.push_str(&format!("; {} without any value, of which a store keeps nothing", counts.empty));
    }
    // What was not sent in time and is in no spool is given up for that, which is one thing.
    let given_up = counts.dropped.iter().filter(|(reason, _)| **reason != DropReason::Shutdown);
    for (reason, count) in given_up {
        words.push_str(&format!("; {count} given up ({})", reason.as_str()));
    }
    let lost = counts.dropped.values().sum::<u64>() + counts.waiting;
    if counts.waiting > 0 {
        let then = if store.has_spool() { ", in the spool for the next push" } else { "" };
        words.push_str(&format!("; {} not sent in time{then}", counts.waiting));
    }
    if let Some(error) = &counts.error {
        words.push_str(&format!("\n  last error: {error}"));
        words.push_str(hint(error).map(|hint| format!("\nhint: {hint}")).as_deref().unwrap_or_default());
    }
    eprint_line(&words);
    lost == 0 && stored > 0
}

/// What can be done where an address alone does not say how a store is spoken with.
pub(crate) fn hint(error: &str) -> Option<&'static str> {
    // The answer of a server without TLS to a client that begins with it.
    let is_plain = error.contains("InvalidContentType");
    is_plain.then_some("the store speaks without TLS: --insecure, or an address that begins with http://")
}

/// A text as part of a URL.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
