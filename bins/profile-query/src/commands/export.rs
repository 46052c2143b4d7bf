use std::path::Path;

use profile_codec::pprof;
use query::backend::Detail;

use crate::args::{Export, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{output, selection};

const DEFAULT_RANGE: &str = "10m";

pub(super) async fn run(context: &Context, mut args: Export) -> Result<(), Failure> {
    let mut words = Words::new(std::mem::take(&mut args.words));
    let deployment = context.deployment(&mut words)?;
    let service = selection::service(words.next())?;
    words.end()?;
    let to_stdout = args.output == "-";
    if to_stdout && output::is_terminal() {
        return Err(Failure::usage("-o: expected a file or a pipe for pprof, found a terminal"));
    }
    let path = Path::new(&args.output);
    // Before the server is asked for what cannot be written.
    if !to_stdout && !args.force && path.exists() {
        return Err(
            Failure::run(format!("`{}` is there already", path.display())).hint("--force overwrites it")
        );
    }
    let window = selection::window(&args.which.time, DEFAULT_RANGE, context.now)?;
    let ask = selection::ask(&args.which, service, &window)?;
    let changes = selection::changes(&args.filters)?;
    let backend = context.backend(&deployment)?;
    let fetched = context.wait(&backend, backend.fetch(&ask, Detail::File)).await?;
    let profile = changes.of_profile(fetched.stacks.into_profile());
    if profile.samples.is_empty() {
        return Err(selection::nothing_left(&args.filters));
    }
    let file = pprof::encode_gzip(&profile);
    if to_stdout {
        return output::data(|out| out.write_all(&file));
    }
    output::file(path, args.force, |out| out.write_all(&file))?;
    output::words(&format!(
        "{} ({}, {} bytes) is in `{}`",
        fetched.query,
        words::counted(profile.samples.len() as u64, "stack", "stacks"),
        file.len(),
        path.display()
    ));
    Ok(())
}
