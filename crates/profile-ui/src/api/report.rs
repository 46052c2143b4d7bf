//! A question in any form of a report, as `/parcaquery` answers it, of any source.

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use query::report::Form;
use query::{Changed, Question, Shown, file};
use report_render::{Selection, compare, compare_by_share};

use super::{Api, Asked};
use crate::parcaquery::{Written, written};
use crate::refusal::Refusal;
use crate::{FileSource, Source};

pub(super) async fn report(
    State(api): State<Api>,
    RawQuery(parameters): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let asked = Asked::parse(&parameters.unwrap_or_default());
    let turn = api.profile_turn().await?;
    if asked.get("baseQuery").is_some_and(|base| Some(base) != asked.get("query")) {
        let message = "expected the same query on both sides of a report; the page itself compares any two";
        return Err(Refusal::mistake("baseQuery", message));
    }
    let report = match api.source(asked.get("source"))? {
        Source::Server { backend, .. } => {
            let question = question(&asked, &["source", "baseSource", "baseQuery"], None)?;
            let answer =
                async { backend.answer(&question).await.map_err(|error| Refusal::of(error, &question.ask)) };
            Written::Answer(api.in_time(answer).await?)
        }
        Source::File(source) => {
            let base = asked.get("baseSource").map(|id| api.source(Some(id))).transpose()?;
            of_file(source, base, &asked)?
        }
    };
    Ok(written(report, &headers, turn))
}

fn question(asked: &Asked, without: &[&str], query: Option<&str>) -> Result<Question, Refusal> {
    let query = query.map(|query| ("query", query));
    let pairs = asked.without(without).chain(query);
    Question::parse(pairs, asked.now()).map_err(Refusal::Mistakes)
}

fn of_file(source: &FileSource, base: Option<&Source>, asked: &Asked) -> Result<Written, Refusal> {
    let without = ["source", "baseSource", "baseQuery", "query", "absolute", "start", "end"];
    let question = question(asked, &without, Some("{}"))?;
    if matches!(question.form, Form::Arrow) {
        let message = "expected a form that files have, found a Parca's message";
        return Err(Refusal::mistake("reportType", message));
    }
    let shown = match base {
        None => one_file(source, asked, &question)?,
        Some(Source::File(base)) => two_files(base, source, asked, &question)?,
        Some(Source::Server { .. }) => {
            return Err(Refusal::mistake("baseSource", "expected a file, found a server"));
        }
    };
    Ok(Written::Shown(Box::new(shown), question.form, question.look))
}

fn one_file(source: &FileSource, asked: &Asked, question: &Question) -> Result<Shown, Refusal> {
    let value = file::value_of(&source.profile, asked.get("query")).map_err(wrong_type)?;
    Ok(Shown::of_file(&source.path, changed(source, value, question), source.facts.clone()))
}

fn two_files(
    base: &FileSource,
    source: &FileSource,
    asked: &Asked,
    question: &Question,
) -> Result<Shown, Refusal> {
    let name = asked.get("query");
    let values = file::common_value([&base.profile, &source.profile], [name, name]).map_err(wrong_type)?;
    let [before, after] = [(base, values[0]), (source, values[1])]
        .map(|(of, value)| changed(of, value, question).stacks.into_profile());
    let (Some(before), Some(after)) = (Selection::new(&before, 0), Selection::new(&after, 0)) else {
        return Err(Refusal::mistake("query", "expected a sample type, found none"));
    };
    // The page works out shares itself.
    let is_absolute = asked.get("absolute") == Some("true") || question.form == Form::Html;
    let compared = if is_absolute { compare(&before, &after) } else { compare_by_share(&before, &after) };
    let compared = compared.map_err(|error| Refusal::mistake("query", error.to_string()))?;
    Ok(Shown::of_comparison(format!("{} and {}", base.path, source.path), Vec::new(), compared))
}

fn changed(source: &FileSource, value: usize, question: &Question) -> Changed {
    let only = file::only_value((*source.profile).clone(), value);
    question.changes.apply(file::first_value(only))
}

fn wrong_type(error: file::ValueError) -> Refusal {
    Refusal::mistake("query", error.to_string())
}
