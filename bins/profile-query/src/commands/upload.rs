use std::fs::File;
use std::io::Read;
use std::path::Path;

use pql::MatchOp;
use profile_model::{Labels, Timestamp};
use query::backend::Upload as Prepared;
use query::times;

use crate::args::{Upload, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{output, selection};

/// The most of a file that is read.
const MAX_FILE_BYTES: u64 = 256 << 20;

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
        let bytes =
            read(Path::new(file)).map_err(|error| Failure::run(format!("cannot read `{file}`: {error}")))?;
        let upload = Prepared::new(&bytes, &labels, &deployment, time)
            .map_err(|error| Failure::run(format!("`{file}`: expected a pprof file: {error}")))?;
        uploads.push(upload);
    }
    let backend = context.backend(&deployment)?;
    let sent = context.wait(&backend, backend.upload(&uploads)).await;
    sent.map_err(|failure| {
        failure.hint("servers refuse profiles that are old: --override-timestamp says they are of now")
    })?;
    for (file, upload) in files.iter().zip(&uploads) {
        output::words(&format!("sent `{file}` as {}", query::plain(&upload.labels.to_string())));
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

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(std::io::Error::other(format!("expected at most {MAX_FILE_BYTES} bytes, found more")));
    }
    Ok(bytes)
}
