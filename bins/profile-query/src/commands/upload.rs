use std::collections::BTreeSet;
use std::path::Path;

use pql::MatchOp;
use profile_model::{Labels, Profile, Timestamp};
use query::backend::{Upload as Prepared, sample_labels};
use query::deployments::{Deployment, Kind};
use query::{file, times};

use crate::args::{Upload, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{input, output, selection};

/// The most series that the labels of one file's samples make.
const MAX_SERIES: usize = 1000;

pub(super) async fn run(context: &Context, args: Upload) -> Result<(), Failure> {
    let mut words = Words::new(args.words.clone());
    let deployment = context.deployment(&mut words)?;
    let files = words.rest();
    if files.is_empty() {
        return Err(Failure::usage("expected FILE, found no more words"));
    }
    let plan = Plan {
        labels: labels(&args.labels, args.service.clone(), deployment.service_label())?,
        time: time(context, &args)?,
        sample_labels: args.sample_labels.as_deref().map(names),
        deployment: &deployment,
    };
    // All files are read and checked before one is sent.
    let mut uploads: Vec<(&str, Prepared)> = Vec::new();
    for file in &files {
        uploads.extend(plan.prepare(context, file)?.into_iter().map(|upload| (file.as_str(), upload)));
    }
    let backend = context.backend(&deployment)?;
    let prepared: Vec<Prepared> = uploads.iter().map(|(_, upload)| upload.clone()).collect();
    let sent = context.wait(&backend, backend.upload(&prepared)).await;
    sent.map_err(|failure| match plan.time {
        None if failure.is_refusal() => {
            failure.hint("servers refuse profiles that are old: --override-timestamp says they are of now")
        }
        _ => failure,
    })?;
    for (file, upload) in &uploads {
        let labels = upload.labels.to_string();
        output::words(&format!("sent `{}` as {}", words::safe(file), words::safe(&labels)));
    }
    Ok(())
}

/// What is done with each file.
struct Plan<'a> {
    labels: Labels,
    /// What time the profiles are said to be of, in nanoseconds since 1970.
    time: Option<i64>,
    /// The labels of samples that become series; an empty set is all of them.
    sample_labels: Option<BTreeSet<String>>,
    deployment: &'a Deployment,
}

impl Plan<'_> {
    fn prepare(&self, context: &Context, path: &str) -> Result<Vec<Prepared>, Failure> {
        let shown = words::safe(path);
        let bytes = input::file(Path::new(path), input::MAX_PROFILE_BYTES)
            .map_err(|error| Failure::run(format!("cannot read `{shown}`: {error}")))?;
        let mut options = file::Options::default();
        options.all_frames = true;
        let read = file::read(path, &bytes, &options).map_err(|error| {
            let hint = error.hint.clone();
            let failure = Failure::run(error);
            if hint.is_empty() { failure } else { failure.hint(hint) }
        })?;
        read.notes.iter().for_each(|note| context.say(note));
        let profiles = if read.kinds.is_empty() { vec![read.profile] } else { read.kinds };
        let mut uploads = Vec::new();
        for profile in profiles {
            uploads.extend(self.part(context, &shown, profile)?);
        }
        Ok(uploads)
    }

    /// One of the profiles of a file.
    fn part(&self, context: &Context, shown: &str, mut profile: Profile) -> Result<Vec<Prepared>, Failure> {
        if profile.samples.is_empty() {
            return Err(Failure::no_data(format!(
                "no data: `{shown}` has no samples, so nothing would be stored"
            )));
        }
        match self.time {
            Some(time) => profile.time_nanos = time,
            None if profile.time_nanos == 0 => {
                context.say(&format!("`{shown}` has no time, so it is sent as of now; --time names another"));
                profile.time_nanos = Timestamp::from(context.now).saturating_nanos();
            }
            None => {}
        }
        self.series(context, shown, &profile)
    }

    /// The profile, or one for each combination of its samples' labels.
    fn series(&self, context: &Context, shown: &str, profile: &Profile) -> Result<Vec<Prepared>, Failure> {
        let texts: BTreeSet<String> = profile.text_labels().into_iter().map(str::to_owned).collect();
        let one = |labels: &Labels, profile: &Profile| Prepared::new(profile, labels, self.deployment);
        let Some(wanted) = &self.sample_labels else {
            if self.deployment.kind == Kind::Parca && !texts.is_empty() {
                let names = words::listed(&texts, 10);
                context.warn(&format!(
                    "a Parca drops the labels of samples, here {names}; --sample-labels makes series of them"
                ));
            }
            return Ok(vec![one(&self.labels, profile)]);
        };
        let has = sample_labels(profile);
        let wanted = if wanted.is_empty() { &texts } else { wanted };
        if let Some(missing) = wanted.iter().find(|name| !has.contains(*name)) {
            let missing = words::safe(missing);
            let there_are = if has.is_empty() { "none".to_owned() } else { words::listed(&has, 10) };
            return Err(Failure::usage(format!(
                "--sample-labels: expected labels that samples of `{shown}` have, found `{missing}`; there are {there_are}"
            )));
        }
        let parts = profile.split_by_labels(|name| wanted.contains(name), MAX_SERIES).ok_or_else(|| {
            Failure::usage(format!(
                "--sample-labels: expected at most {MAX_SERIES} series of `{shown}`, found more"
            ))
        })?;
        let all = |(own, part): &(Labels, Profile)| {
            let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            one(&own.iter().chain(self.labels.iter()).map(pair).collect(), part)
        };
        Ok(parts.iter().map(all).collect())
    }
}

/// `all` is the empty set.
fn names(text: &str) -> BTreeSet<String> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "all");
    names.map(str::to_owned).collect()
}

fn time(context: &Context, args: &Upload) -> Result<Option<i64>, Failure> {
    let time = match (&args.time, args.override_timestamp) {
        (Some(text), _) => times::parse_point(text, context.now)
            .map_err(|error| Failure::usage(format!("--time: {error}")))?,
        (None, true) => context.now,
        (None, false) => return Ok(None),
    };
    let nanos = Timestamp::from(time).as_nanos();
    nanos.map(Some).ok_or_else(|| {
        Failure::usage(
            "--time: expected a time between 1678 and 2261, which a profile can hold, found another",
        )
    })
}

fn labels(typed: &[String], service: Option<String>, service_label: &str) -> Result<Labels, Failure> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for matcher in selection::filters(typed)? {
        if matcher.op() != MatchOp::Equal {
            return Err(Failure::usage(format!("--label: expected K=V, found `{matcher}`")));
        }
        pairs.push((matcher.name().to_owned(), matcher.value().to_owned()));
    }
    pairs.extend(selection::service(service)?.map(|service| (service_label.to_owned(), service)));
    let mut names = BTreeSet::new();
    if let Some((twice, _)) = pairs.iter().find(|(name, _)| !names.insert(name.clone())) {
        let twice = words::safe(twice);
        return Err(Failure::usage(format!("expected each label once, found `{twice}` twice")));
    }
    Ok(pairs.into_iter().collect())
}
