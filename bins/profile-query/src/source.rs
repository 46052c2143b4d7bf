//! Where stacks come from: a server, or a file on this machine.

use std::path::Path;

use profile_model::{Profile, Timestamp};
use query::backend::{Backend, Detail};
use query::file::{self, Options};
use query::times::rfc3339;
use query::{Ask, Changes, Shown, Stacks};

use crate::args::Filters;
use crate::context::Context;
use crate::failure::Failure;
use crate::{input, selection};

/// What is shown, and how it is got.
pub(crate) enum Source {
    /// Profiles of a server.
    Server { backend: Box<Backend>, ask: Box<Ask> },
    /// A file, and which of its values.
    File { path: String, value: Option<String> },
}

impl Source {
    /// Fetches or reads the stacks, changes them as flags say, and says what is to be said about that.
    pub(crate) async fn shown(
        &self,
        context: &Context,
        filters: &Filters,
        detail: Detail,
    ) -> Result<Shown, Failure> {
        self.shown_with(context, &selection::changes(filters)?, filters, detail).await
    }

    /// As [`shown`](Self::shown), with changes that are more than filters.
    pub(crate) async fn shown_with(
        &self,
        context: &Context,
        changes: &Changes,
        filters: &Filters,
        detail: Detail,
    ) -> Result<Shown, Failure> {
        let shown = match self {
            Self::Server { backend, ask } => {
                let mut fetched = context.wait(backend, backend.fetch(ask, detail)).await?;
                let changed =
                    changes.apply(std::mem::replace(&mut fetched.stacks, Stacks::Profile(Box::default())));
                Shown::of(&fetched, changed)
            }
            Self::File { path, value } => {
                let profile = read(context, path, filters)?;
                let at = file::value_of(&profile, value.as_deref()).map_err(Failure::usage)?;
                let facts = facts(&profile);
                let changed = changes.apply(Stacks::Profile(Box::new(file::only_value(profile, at))));
                Shown::of_file(path, changed, facts)
            }
        };
        if is_empty(&shown) {
            return Err(match (self, changes.can_leave_nothing()) {
                (_, true) => selection::nothing_left(filters),
                (Self::File { path, .. }, false) => {
                    Failure::no_data(format!("no data: `{}` has no samples", words::safe(path)))
                }
                (Self::Server { .. }, false) => Failure::no_data("no data: the answer has no samples"),
            });
        }
        Ok(shown)
    }
}

fn is_empty(shown: &Shown) -> bool {
    matches!(&shown.content, query::Content::Stacks(stacks) if stacks.is_empty())
}

/// When a profile was taken, and for how long.
pub(crate) fn facts(profile: &Profile) -> Vec<String> {
    let mut facts = Vec::new();
    if profile.time_nanos != 0 {
        // To the second: nobody compares files by less.
        let second = Timestamp::new(profile.time().seconds(), 0);
        facts.push(format!("taken at {}", rfc3339(second)));
    }
    if profile.duration_nanos > 0 {
        let duration = std::time::Duration::from_nanos(profile.duration_nanos.unsigned_abs());
        facts.push(format!("over {}", words::span(duration)));
    }
    facts
}

/// Whether a word is a file, and not a deployment: it is there, and looks like a path.
pub(crate) fn is_file(word: &str) -> bool {
    word != "-"
        && (word.contains(['/', '.']) || word.contains(std::path::MAIN_SEPARATOR))
        && Path::new(word).is_file()
}

/// The profile of a file, all of its values.
pub(crate) fn read(context: &Context, path: &str, filters: &Filters) -> Result<Profile, Failure> {
    let bytes = input::file(Path::new(path), input::MAX_PROFILE_BYTES)
        .map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", words::safe(path))))?;
    let mut options = Options::default();
    options.all_frames = filters.all_frames;
    let read = file::read(path, &bytes, &options).map_err(|error| {
        let hint = error.hint.clone();
        let failure = Failure::run(error);
        if hint.is_empty() { failure } else { failure.hint(hint) }
    })?;
    for note in &read.notes {
        context.say(note);
    }
    Ok(read.profile)
}
