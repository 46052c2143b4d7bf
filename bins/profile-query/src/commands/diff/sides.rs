use profile_model::Profile;
use query::backend::{Backend, Detail};
use query::deployments::Deployment;
use query::file;
use query::times::Window;
use query::{Ask, Changed, Changes, Fetched, Snapshots, Stacks, diff};
use report_render::Selection;

use crate::args::{Diff, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{selection, source};

/// The window where both sides have the same and none is typed.
const DEFAULT_RANGE: &str = "10m";

/// What is compared with what.
pub(super) struct Sides {
    pub(super) base: Side,
    pub(super) compared: Side,
    /// What is said above the table, row by row.
    pub(super) head: Vec<(String, String)>,
    pub(super) title: String,
}

/// One side: the stacks of one sample type, and what they are a part of.
pub(super) struct Side {
    pub(super) profile: Profile,
    pub(super) whole: i128,
    pub(super) seconds: Option<f64>,
}

impl Side {
    pub(super) fn selection(&self) -> Result<Selection<'_>, Failure> {
        let selection = Selection::new(&self.profile, 0);
        Ok(selection.ok_or_else(|| Failure::run("expected a sample type, found none"))?.of_whole(self.whole))
    }

    pub(super) fn functions(&self) -> Result<diff::Side, Failure> {
        let functions = diff::Side::of(&self.selection()?);
        Ok(match self.seconds {
            Some(seconds) => functions.lasting(seconds),
            None => functions,
        })
    }

    fn is_empty(&self) -> bool {
        self.profile.samples.is_empty()
    }

    /// Stacks after changes; of instants the mean over time if that is wanted.
    fn of(stacks: Stacks, seconds: Option<f64>, changes: &Changes, mean_of: Option<Snapshots>) -> Self {
        let stacks = match mean_of {
            Some(snapshots) => Stacks::Profile(Box::new(snapshots.mean(&stacks.into_profile()))),
            None => stacks,
        };
        let Changed { stacks, whole, .. } = changes.apply(stacks);
        Self { profile: stacks.into_profile(), whole, seconds }
    }
}

/// Fetches or reads both sides.
pub(super) async fn fetch(context: &Context, args: &Diff, mut words: Words) -> Result<Sides, Failure> {
    let changes = selection::changes(&args.filters)?;
    let sides = if words.len() == 2 && !is_about_servers(args) {
        let files = words.rest();
        from_files(context, args, [&files[0], &files[1]], &changes)?
    } else {
        from_servers(context, args, &mut words, &changes).await?
    };
    if changes.can_leave_nothing() && sides.base.is_empty() && sides.compared.is_empty() {
        return Err(selection::nothing_left(&args.filters));
    }
    Ok(sides)
}

async fn from_servers(
    context: &Context,
    args: &Diff,
    words: &mut Words,
    changes: &Changes,
) -> Result<Sides, Failure> {
    let deployment = context.deployment(words)?;
    let has_windows = args.which.time.range.is_some() || args.which.time.start.is_some();
    let service = selection::service_or_query(words, &args.which.matching, if has_windows { 0 } else { 4 })?;
    let times = words.rest();
    let [base_window, window] = windows(context, args, &times)?;
    let base_deployment = match &args.base_deployment {
        Some(name) => context.named(name)?,
        None => deployment.clone(),
    };
    let base_service = selection::service(args.base_service.clone())?.or_else(|| service.clone());
    let mut base_ask = ask(args, &args.base_labels, base_service.clone(), &base_window)?;
    if let Some(name) = &args.base_type {
        base_ask.type_name = Some(name.clone());
    }
    let compared_ask = ask(args, &args.compare_labels, service.clone(), &window)?;
    let backends = [context.backend(&base_deployment)?, context.backend(&deployment)?];
    let both = async { tokio::join!(one(&backends[0], &base_ask), one(&backends[1], &compared_ask)) };
    let (base, compared) = crate::progress::while_asking(&deployment.url, both).await;
    let compared = compared.map_err(|failure| failure.about("comparison"))?;
    let base = match base {
        Err(failure) if args.allow_empty_base && failure.is_no_data() => {
            nothing_like(&compared, &base_window)
        }
        base => base.map_err(|failure| failure.about("baseline"))?,
    };
    let ids = [&base.query, &compared.query].map(|query| query.profile_type.to_string());
    for note in [&base.note, &compared.note].into_iter().flatten() {
        context.say(note);
    }
    let mut head = head(
        [&base_deployment, &deployment],
        [&base_service, &service].map(|service| service.as_deref().unwrap_or("(by query)")),
        &ids,
        [&base_window, &window],
        [&args.base_labels, &args.compare_labels],
    );
    let snapshots = [base.snapshots, compared.snapshots];
    for (name, snapshots) in ["Baseline is", "Comparison is"].into_iter().zip(snapshots) {
        head.extend(snapshots.map(|of| (name.to_owned(), of.words())));
    }
    let mean_of = |of: Option<Snapshots>| of.filter(|_| !args.sum);
    if snapshots.iter().any(Option::is_some) {
        let what = if args.sum { "sums of snapshots" } else { "means of snapshots, all series together" };
        head.push(("Compared are".to_owned(), what.to_owned()));
    }
    Ok(Sides {
        base: Side::of(base.stacks, Some(base_window.seconds()), changes, mean_of(snapshots[0])),
        compared: Side::of(compared.stacks, Some(window.seconds()), changes, mean_of(snapshots[1])),
        head,
        title: service.map_or_else(|| ids[1].clone(), |service| format!("{service}: {}", ids[1])),
    })
}

/// A side without samples.
fn nothing_like(other: &Fetched, window: &Window) -> Fetched {
    let mut nothing = other.clone();
    let types = nothing.stacks.into_profile().sample_types;
    nothing.stacks = Stacks::Profile(Box::new(Profile::new(types)));
    (nothing.range, nothing.snapshots, nothing.note) = (window.range, None, None);
    nothing
}

/// Whether more is said than two words, so that these are no files.
fn is_about_servers(args: &Diff) -> bool {
    let Diff { which, base_labels, compare_labels, base_deployment, base_service, .. } = args;
    let time = &which.time;
    let times = [&time.range, &time.start, &time.end, base_deployment, base_service];
    times.iter().any(|option| option.is_some())
        || !(base_labels.is_empty() && compare_labels.is_empty() && which.matching.labels.is_empty())
}

/// Four times, or none where something else tells the sides apart.
fn windows(context: &Context, args: &Diff, times: &[String]) -> Result<[Window; 2], Failure> {
    let flags = &args.which.time;
    let has_flags = flags.range.is_some() || flags.start.is_some() || flags.end.is_some();
    match times {
        [base_start, base_end, start, end] if !has_flags => Ok([
            Window::between(base_start, base_end, context.now)?,
            Window::between(start, end, context.now)?,
        ]),
        [] if differ(args) => {
            let window = selection::window(flags, DEFAULT_RANGE, context.now)?;
            Ok([window.clone(), window])
        }
        [] if has_flags => Err(Failure::usage(
            "expected sides that differ, found one window for both",
        )
        .hint("give four times, or --base-label and --compare-label")),
        [_, _, _, _] => Err(Failure::usage("expected four times or --range, found both")),
        others => Err(Failure::usage(format!(
            "expected BASE_START BASE_END START END, found {} times",
            others.len()
        ))
        .hint("times are such as -2h, now or 2026-01-17T04:00:00Z; two local files are compared without a deployment")),
    }
}

fn differ(args: &Diff) -> bool {
    let Diff { base_labels, compare_labels, base_deployment, base_service, base_type, .. } = args;
    !base_labels.is_empty()
        || !compare_labels.is_empty()
        || [base_deployment, base_service, base_type].iter().any(|option| option.is_some())
}

fn ask(args: &Diff, labels: &[String], service: Option<String>, window: &Window) -> Result<Ask, Failure> {
    let mut ask = selection::ask(&args.which, service, window)?;
    ask.matchers.extend(selection::filters(labels)?);
    Ok(ask)
}

async fn one(backend: &Backend, ask: &Ask) -> Result<Fetched, Failure> {
    Ok(backend.fetch(ask, Detail::Whole).await?)
}

/// The rows of the script, and what tells the sides apart beside the time.
fn head(
    deployments: [&Deployment; 2],
    services: [&str; 2],
    ids: &[String; 2],
    windows: [&Window; 2],
    labels: [&[String]; 2],
) -> Vec<(String, String)> {
    let both = |[base, compared]: [&str; 2]| {
        if base == compared { compared.to_owned() } else { format!("{compared} (baseline: {base})") }
    };
    let side = |at: usize| match labels[at] {
        [] => windows[at].typed.clone(),
        labels => format!("{}, {}", windows[at].typed, labels.join(", ")),
    };
    [
        ("Deployment", both(deployments.map(|deployment| deployment.name.as_str()))),
        ("Service", both(services)),
        ("Profile", both([&ids[0], &ids[1]])),
        ("Baseline", side(0)),
        ("Comparison", side(1)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

fn from_files(
    context: &Context,
    args: &Diff,
    files: [&String; 2],
    changes: &Changes,
) -> Result<Sides, Failure> {
    let read = |file: &str| {
        source::read(context, file, &args.filters).map_err(|failure| {
            failure.hint("two words are two files; times of a deployment's service are four words more")
        })
    };
    let (base, compared) = (read(files[0])?, read(files[1])?);
    for (side, file, profile) in [("baseline", files[0], &base), ("comparison", files[1], &compared)] {
        if profile.samples.is_empty() && !(side == "baseline" && args.allow_empty_base) {
            let failure = Failure::no_data(format!("no data: `{}` has no samples", words::safe(file)));
            return Err(failure.about(side));
        }
    }
    let name = args.which.profile_type.as_deref();
    let names = [args.base_type.as_deref().or(name), name];
    let values = file::common_value([&base, &compared], names).map_err(Failure::usage)?;
    let mut head =
        vec![("Baseline".to_owned(), files[0].clone()), ("Comparison".to_owned(), files[1].clone())];
    let types = [&base.sample_types[values[0]], &compared.sample_types[values[1]]];
    let profile = match types[0] == types[1] {
        true => types[1].to_string(),
        false => format!("{} (baseline: {})", types[1], types[0]),
    };
    head.push(("Profile".to_owned(), profile));
    head.extend(periods(&base, &compared));
    let side = |profile: Profile, value: usize| {
        let seconds = (profile.duration_nanos > 0).then_some(profile.duration_nanos as f64 / 1e9);
        Side::of(Stacks::Profile(Box::new(file::only_value(profile, value))), seconds, changes, None)
    };
    Ok(Sides {
        base: side(base, values[0]),
        compared: side(compared, values[1]),
        head,
        title: format!("{} and {}", files[0], files[1]),
    })
}

/// What is to be said where the sides were sampled at different periods: their counts are not of the same thing.
fn periods(base: &Profile, compared: &Profile) -> Option<(String, String)> {
    let period = |profile: &Profile| {
        let unit = profile.period_type.as_ref().map_or("", |of| of.unit.as_str());
        report_render::Human::new(profile.period, unit).to_string()
    };
    let (before, after) = (period(base), period(compared));
    let differ = base.period != 0 && compared.period != 0 && before != after;
    differ.then(|| ("Sampling periods differ".to_owned(), format!("{before} before, {after} after")))
}
