//! `convert`: one file to another.

use std::path::Path;
use std::time::SystemTime;

use ingest::mend::{Origin, corrected};
use ops::{Hint, console, eprint_line};
use profile_codec::{detect, jfr, pprof};
use profile_model::Profile;
use report_render::{Selection, folded};

use crate::args::Convert;
use crate::{Error, Exit, forms};

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Pprof,
    CompressedPprof,
    Folded,
    Json,
}

pub(crate) fn run(args: &Convert) -> Result<Exit, Error> {
    let input = forms::input(&args.input)?;
    let options = forms::options(&args.reading, args.time, &input)?;
    let read = forms::read(&input, &options)?;
    let mut profiles = match read.form {
        detect::Form::Jfr => vec![jfr::united(&read.profiles)],
        _ => read.profiles,
    };
    let form = form(&args.output);
    let count = profiles.len();
    if count > 1 {
        let hint = "convert a file of each of them, or push it: `parca-ingest push` sends them all";
        return Err(Hint::new(Several(count), hint).into());
    }
    let Some(profile) = profiles.pop() else { return Ok(Exit::Failed) };
    // What was converted is taken by any Parca.
    let (profile, _) = corrected(profile, &Origin::at(SystemTime::now()));
    write(&args.output, &encoded(&profile, form)?)?;
    let samples = profile.samples.len();
    let types: Vec<String> = profile.sample_types.iter().map(ToString::to_string).collect();
    eprint_line(&format!("{}: {samples} samples of {}", args.output.display(), types.join(", ")));
    Ok(Exit::Done)
}

#[derive(Debug, thiserror::Error)]
#[error("expected one profile, found {0}")]
struct Several(usize);

fn form(path: &Path) -> Form {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match () {
        () if name.ends_with(".folded") || name.ends_with(".txt") || name.ends_with(".collapsed") => {
            Form::Folded
        }
        () if name.ends_with(".json") => Form::Json,
        () if name.ends_with(".gz") || name == "-" => Form::CompressedPprof,
        () => Form::Pprof,
    }
}

fn encoded(profile: &Profile, form: Form) -> Result<Vec<u8>, Error> {
    Ok(match form {
        Form::Pprof => pprof::encode(profile),
        Form::CompressedPprof => pprof::encode_gzip(profile),
        Form::Json => {
            let mut out = Vec::new();
            pprof::write_json(&pprof::encode(profile), &pprof::Limits::default(), &mut out)?;
            out
        }
        Form::Folded => {
            let mut out = Vec::new();
            let selection = Selection::preferred(profile).ok_or("expected a sample type, found none")?;
            let graph = selection.flame_graph(Default::default());
            folded::write(&selection.flame(&graph), &mut out)?;
            out
        }
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if path == Path::new("-") {
        console::print(bytes)?;
        return Ok(());
    }
    let replaced = durable::replace(&*durable::StdDisk::shared(), path, bytes);
    Ok(replaced.map_err(|error| format!("write `{}`: {error}", path.display()))?)
}
