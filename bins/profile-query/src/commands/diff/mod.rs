mod report;
mod sides;

use std::path::Path;

use crate::args::{Diff as Args, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{forms, output};
use query::diff::{Condition, Diff, DiffOptions, Normalise, Sort, Verdict};

use report::{Form, Report};

pub(super) async fn run(context: &Context, mut args: Args) -> Result<(), Failure> {
    let form = Form::of(context.json(), args.output.as_deref())?;
    let options = options(&args)?;
    let conditions = conditions(&args.fail_if)?;
    let saves = saves(&args.save)?;
    let words = Words::new(std::mem::take(&mut args.words));
    let sides = sides::fetch(context, &args, words).await?;
    let (base, compared) = (sides.base.functions()?, sides.compared.functions()?);
    let mut diff = Diff::between(&base, &compared, &options).map_err(Failure::usage)?;
    diff.has_no_base &= args.allow_empty_base;
    let check = |condition: &Condition| condition.check_above(&diff, args.min_share);
    let verdicts: Vec<Verdict> = conditions.iter().map(check).collect();
    let report = Report {
        sides: &sides,
        diff: &diff,
        verdicts: &verdicts,
        limit: args.limit,
        sort: options.sort,
        color: context.color,
    };
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
    let ways = [
        ("share", Normalise::Share),
        ("second", Normalise::PerSecond),
        ("rate", Normalise::PerSecond),
        ("none", Normalise::Nothing),
        ("value", Normalise::Nothing),
    ];
    options.normalise = forms::named("--by", &args.by, &ways)?;
    options.sort = match forms::sort(&args.sort)? {
        query::report::Sort::Cumulative => Sort::Cumulative,
        _ => Sort::Flat,
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
            Failure::usage(format!("--save: expected FORM=FILE, found `{}`", words::safe(text)))
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
    let unchecked = verdicts.iter().find_map(|verdict| Some((verdict, verdict.unchecked.as_ref()?)));
    if let Some((verdict, why)) = unchecked {
        let words = format!("--fail-if {}: {why}", verdict.condition);
        // A check of nothing is no pass, and no mistake of whoever wrote it either.
        return Err(if verdict.is_about_nothing { Failure::no_data(words) } else { Failure::usage(words) });
    }
    let beyond: Vec<String> = verdicts.iter().filter(|verdict| !verdict.is_met()).map(words).collect();
    if beyond.is_empty() { Ok(()) } else { Err(Failure::beyond(beyond.join("; "))) }
}

fn words(verdict: &Verdict) -> String {
    let names = words::listed(verdict.functions.iter().map(|name| words::safe(name)), 5);
    format!("{} is true of {names}", verdict.condition)
}
