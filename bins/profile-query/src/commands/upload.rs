use std::path::Path;

use pql::MatchOp;
use profile_model::{Labels, Timestamp};
use query::backend::Upload as Prepared;
use query::times;

use crate::args::{Upload, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{input, output, selection};

pub(super) async fn run(context: &Context, args: Upload) -> Result<(), Failure> {
    let mut words = Words::new(args.words);
    let deployment = context.deployment(&mut words)?;
    let files = words.rest();
    if files.is_empty() {
        return Err(Failure::usage("expected FILE, found no more words"));
    }
    let service_label = deployment.service_label().to_owned();
    let labels = labels(&args.labels, args.service.as_deref(), &service_label)?;
    let time = match (&args.time, args.override_timestamp) {
        (Some(text), _) => Some(
            times::parse_point(text, context.now)
                .map_err(|error| Failure::usage(format!("--time: {error}")))?,
        ),
        (None, true) => Some(context.now),
        (None, false) => None,
    };
    let time = time.map(|time| Timestamp::from(time).saturating_nanos());
    // All files are read and checked before one is sent.
    let mut uploads = Vec::new();
    for file in &files {
        let shown = query::plain(file);
        let bytes = input::file(Path::new(file), input::MAX_PROFILE_BYTES)
            .map_err(|error| Failure::run(format!("cannot read `{shown}`: {error}")))?;
        let upload = Prepared::new(&bytes, &labels, &deployment, time)
            .map_err(|error| Failure::run(format!("`{shown}`: expected a pprof file: {error}")))?;
        uploads.push(upload);
    }
    let backend = context.backend(&deployment)?;
    let sent = context.wait(&backend, backend.upload(&uploads)).await;
    sent.map_err(|failure| match time {
        None if failure.is_refusal() => {
            failure.hint("servers refuse profiles that are old: --override-timestamp says they are of now")
        }
        _ => failure,
    })?;
    for (file, upload) in files.iter().zip(&uploads) {
        let labels = upload.labels.to_string();
        output::words(&format!("sent `{}` as {}", query::plain(file), query::plain(&labels)));
    }
    Ok(())
}

fn labels(typed: &[String], service: Option<&str>, service_label: &str) -> Result<Labels, Failure> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for matcher in selection::filters(typed)? {
        if matcher.op() != MatchOp::Equal {
            return Err(Failure::usage(format!("--label: expected K=V, found `{matcher}`")));
        }
        pairs.push((matcher.name().to_owned(), matcher.value().to_owned()));
    }
    pairs.extend(service.map(|service| (service_label.to_owned(), service.to_owned())));
    Ok(pairs.into_iter().collect())
}
