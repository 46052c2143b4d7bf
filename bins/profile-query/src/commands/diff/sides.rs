use std::path::Path;

use profile_codec::pprof;
use profile_model::Profile;
use query::backend::{Ask, Backend, Detail};
use query::deployments::Deployment;
use query::diff;
use query::times::Window;
use report_render::Selection;
use report_render::transform::Filter;

use crate::args::{Diff, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{input, selection};

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

pub(super) struct Side {
    pub(super) functions: diff::Side,
    /// The stacks, where something is drawn from them, and which of their values.
    stacks: Option<(Profile, usize)>,
}

impl Side {
    /// Stacks take far more room than the functions in them, so they go as soon as they can.
    fn of(profile: Profile, seconds: Option<f64>, plan: &Plan) -> Result<Self, Failure> {
        let profile = match &plan.filter {
            Some(filter) => filter.apply(profile),
            None => profile,
        };
        let value = match &plan.sample_type {
            Some(name) => profile.sample_type(name),
            None => Some(
                profile
                    .sample_type(&profile.default_sample_type)
                    .unwrap_or(profile.sample_types.len().saturating_sub(1)),
            ),
        };
        let selection = value.and_then(|value| Selection::new(&profile, value)).ok_or_else(|| {
            let types: Vec<String> = profile.sample_types.iter().map(|of| query::plain(&of.name)).collect();
            Failure::usage(format!("expected a sample type of the file, one of {}", types.join(", ")))
        })?;
        let functions = diff::Side::of(&selection);
        let functions = match seconds {
            Some(seconds) => functions.lasting(seconds),
            None => functions,
        };
        let stacks = value.filter(|_| plan.draws).map(|value| (profile, value));
        Ok(Self { functions, stacks })
    }

    /// The values that are compared, stack by stack.
    pub(super) fn selection(&self) -> Option<Selection<'_>> {
        let (profile, value) = self.stacks.as_ref()?;
        Selection::new(profile, *value)
    }
}

/// What is done with both sides.
struct Plan {
    filter: Option<Filter>,
    /// The sample type of files, if it was named.
    sample_type: Option<String>,
    draws: bool,
}

/// Fetches or reads both sides; `draws` says whether their stacks are needed further on.
pub(super) async fn fetch(
    context: &Context,
    args: &Diff,
    mut words: Words,
    draws: bool,
) -> Result<Sides, Failure> {
    let mut plan = Plan { filter: selection::stacks(&args.filters)?, sample_type: None, draws };
    if words.len() == 2 && !is_about_servers(args) {
        let files = words.rest();
        plan.sample_type.clone_from(&args.which.profile_type);
        return from_files([&files[0], &files[1]], &plan);
    }
    let deployment = context.deployment(&mut words)?;
    let service = words.expect("SERVICE")?;
    let times = words.rest();
    let [base_window, window] = windows(context, args, &times)?;
    let base_deployment = match &args.base_deployment {
        Some(name) => context.named(name)?,
        None => deployment.clone(),
    };
    let base_service = args.base_service.clone().unwrap_or_else(|| service.clone());
    let mut base_ask = ask(args, &args.base_labels, &base_service, &base_window)?;
    if let Some(name) = &args.base_type {
        base_ask.type_name.clone_from(name);
    }
    let compared_ask = ask(args, &args.compare_labels, &service, &window)?;
    let backends = [context.backend(&base_deployment)?, context.backend(&deployment)?];
    let both = async {
        tokio::try_join!(
            one(&backends[0], &base_ask, "baseline"),
            one(&backends[1], &compared_ask, "comparison"),
        )
    };
    let (base, compared) = crate::progress::while_asking(&deployment.url, both).await?;
    let ids = [&base.query, &compared.query].map(|query| query.profile_type.to_string());
    let head = head(
        [&base_deployment, &deployment],
        [&base_service, &service],
        &ids,
        [&base_window, &window],
        [&args.base_labels, &args.compare_labels],
    );
    Ok(Sides {
        base: Side::of(base.profile, Some(base_window.seconds()), &plan)?,
        compared: Side::of(compared.profile, Some(window.seconds()), &plan)?,
        head,
        title: format!("{service}: {}", ids[1]),
    })
}

/// Whether more is said than two words, so that these are no files.
fn is_about_servers(args: &Diff) -> bool {
    let Diff { which, base_labels, compare_labels, base_deployment, base_service, base_type, .. } = args;
    let time = &which.time;
    let times = [&time.range, &time.start, &time.end, base_deployment, base_service, base_type];
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

fn ask(args: &Diff, labels: &[String], service: &str, window: &Window) -> Result<Ask, Failure> {
    let mut ask = selection::ask(&args.which, Some(service.to_owned()), window)?;
    ask.matchers.extend(selection::filters(labels)?);
    Ok(ask)
}

async fn one(backend: &Backend, ask: &Ask, side: &str) -> Result<query::backend::Merged, Failure> {
    let fetched = backend.fetch(ask, Detail::Whole).await;
    fetched.map_err(|error| Failure::from(error).about(side))
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

fn from_files(files: [&String; 2], plan: &Plan) -> Result<Sides, Failure> {
    let side = |file: &str| {
        let profile = read(file)?;
        let seconds = (profile.duration_nanos > 0).then_some(profile.duration_nanos as f64 / 1e9);
        Side::of(profile, seconds, plan)
    };
    let names = [("Baseline", files[0]), ("Comparison", files[1])];
    Ok(Sides {
        base: side(files[0])?,
        compared: side(files[1])?,
        head: names.map(|(name, file)| (name.to_owned(), file.clone())).to_vec(),
        title: format!("{} and {}", files[0], files[1]),
    })
}

fn read(file: &str) -> Result<Profile, Failure> {
    let bytes = input::file(Path::new(file), input::MAX_PROFILE_BYTES).map_err(|error| {
        Failure::usage(format!("cannot read `{}`: {error}", query::plain(file)))
            .hint("two words are two pprof files; times of a deployment's service are four words more")
    })?;
    pprof::decode_vec(bytes, &pprof::Limits::default())
        .map_err(|error| Failure::run(format!("`{}`: expected a pprof file: {error}", query::plain(file))))
}
