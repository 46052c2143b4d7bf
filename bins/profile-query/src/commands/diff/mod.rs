mod report;
mod sides;

use std::path::Path;

use crate::args::{Diff as Args, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use query::diff::{Condition, Diff, DiffOptions, Normalise, Sort, Verdict};

use report::{Form, Report};

pub(super) async fn run(context: &Context, mut args: Args) -> Result<(), Failure> {
    let form = Form::of(context.json(), args.output.as_deref())?;
    let options = options(&args)?;
    let conditions = conditions(&args.fail_if)?;
    let saves = saves(&args.save)?;
    let words = Words::new(std::mem::take(&mut args.words));
    let draws = form.is_drawn() || saves.iter().any(|(form, _)| form.is_drawn());
    let sides = sides::fetch(context, &args, words, draws).await?;
    let diff = Diff::between(&sides.base.functions, &sides.compared.functions, &options);
    let diff = diff.map_err(Failure::usage)?;
    let check = |condition: &Condition| condition.check_above(&diff, args.min_share);
    let verdicts: Vec<Verdict> = conditions.iter().map(check).collect();
    let report =
        Report { sides: &sides, diff: &diff, verdicts: &verdicts, limit: args.limit, color: context.color };
    output::data(|out| report.write(form, out))?;
    for (form, path) in saves {
        output::file(Path::new(path), true, |out| report.write(form, out))?;
    }
    if args.github_summary {
        summary(context, &report)?;
    }
    verdict(&verdicts)
}

fn options(args: &Args) -> Result<DiffOptions, Failure> {
    let mut options = DiffOptions::default();
    options.normalise = match args.by.as_str() {
        "share" => Normalise::Share,
        "second" | "rate" => Normalise::PerSecond,
        "none" | "value" => Normalise::Nothing,
        other => {
            return Err(Failure::usage(format!(
                "--by: expected share, second or none, found `{}`",
                query::plain(other)
            )));
        }
    };
    options.sort = match args.sort.as_str() {
        "flat" => Sort::Flat,
        "cum" | "cumulative" => Sort::Cumulative,
        other => {
            return Err(Failure::usage(format!(
                "--sort: expected flat or cum, found `{}`",
                query::plain(other)
            )));
        }
    };
    if !(0.0..=100.0).contains(&args.min_share) {
        return Err(Failure::usage("--min-share: expected a number from 0 to 100"));
    }
    Ok(options)
}

fn conditions(texts: &[String]) -> Result<Vec<Condition>, Failure> {
    let parse = |text: &String| text.parse().map_err(|error| Failure::usage(format!("--fail-if: {error}")));
    texts.iter().map(parse).collect()
}

fn saves(texts: &[String]) -> Result<Vec<(Form, &str)>, Failure> {
    let parse = |text: &'_ String| -> Result<(Form, usize), Failure> {
        let at = text.find('=').ok_or_else(|| {
            Failure::usage(format!("--save: expected FORM=FILE, found `{}`", query::plain(text)))
        })?;
        Ok((Form::named("--save", &text[..at])?, at + 1))
    };
    texts.iter().map(|text| parse(text).map(|(form, at)| (form, &text[at..]))).collect()
}

/// GitHub shows what steps append to this file.
fn summary(context: &Context, report: &Report<'_>) -> Result<(), Failure> {
    let path = context.variable("GITHUB_STEP_SUMMARY").ok_or_else(|| {
        Failure::usage("--github-summary: expected the variable GITHUB_STEP_SUMMARY, found none")
            .hint("it is set in steps of GitHub's jobs; elsewhere --save markdown=FILE does the same")
    })?;
    let failed = |error: std::io::Error| Failure::run(format!("cannot write `{path}`: {error}"));
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).map_err(failed)?;
    report.write(Form::Markdown, &mut file).map_err(failed)
}

/// What a build should do.
fn verdict(verdicts: &[Verdict]) -> Result<(), Failure> {
    if let Some((condition, why)) = verdicts.iter().find_map(|v| Some((&v.condition, v.unchecked.as_ref()?)))
    {
        return Err(Failure::usage(format!("--fail-if {condition}: {why}")));
    }
    let beyond: Vec<String> = verdicts.iter().filter(|verdict| !verdict.is_met()).map(words).collect();
    if beyond.is_empty() { Ok(()) } else { Err(Failure::beyond(beyond.join("; "))) }
}

fn words(verdict: &Verdict) -> String {
    const NAMED: usize = 5;
    let mut names: Vec<String> =
        verdict.functions.iter().take(NAMED).map(|name| query::plain(name)).collect();
    if verdict.functions.len() > NAMED {
        names.push(format!("and {} more", verdict.functions.len() - NAMED));
    }
    format!("{} is true of {}", verdict.condition, names.join(", "))
}
