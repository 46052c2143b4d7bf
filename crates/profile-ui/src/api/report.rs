//! A question in any form of a report, as `/parcaquery` answers it, of any source.

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use query::report::Form;
use query::{Question, Shown, file};
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
    let written_ = match api.source(asked.get("source"))? {
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
    Ok(written(written_, &headers, turn))
}

fn question(asked: &Asked, without: &[&str], query: Option<&str>) -> Result<Question, Refusal> {
    let query = query.map(|query| ("query", query));
    let pairs = asked.without(without).chain(query);
    Question::parse(pairs, asked.now()).map_err(Refusal::Mistakes)
}

fn of_file(source: &FileSource, base: Option<&Source>, asked: &Asked) -> Result<Written, Refusal> {
    let absolute = asked.get("absolute") == Some("true");
    let without = ["source", "baseSource", "baseQuery", "query", "absolute", "start", "end"];
    let question = question(asked, &without, Some("{}"))?;
    let Question { form, look, changes, .. } = question;
    if matches!(form, Form::Arrow) {
        return Err(Refusal::mistake(
            "reportType",
            "expected a form that files have, found a Parca's message",
        ));
    }
    let wrong = |error: file::ValueError| Refusal::mistake("query", error.to_string());
    let stacks = |profile: &profile_model::Profile, value| {
        changes.apply(file::first_value(file::only_value(profile.clone(), value)))
    };
    let shown = match base {
        None => {
            let value = file::value_of(&source.profile, asked.get("query")).map_err(wrong)?;
            Shown::of_file(&source.path, stacks(&source.profile, value), source.facts.clone())
        }
        Some(Source::Server { .. }) => {
            return Err(Refusal::mistake("baseSource", "expected a file, found a server"));
        }
        Some(Source::File(base)) => {
            let name = asked.get("query");
            let values = file::common_value([&base.profile, &source.profile], [name, name]).map_err(wrong)?;
            let [before, after] =
                [(base, values[0]), (source, values[1])].map(|(of, value)| stacks(&of.profile, value));
            let (before, after) = (before.stacks.into_profile(), after.stacks.into_profile());
            let (Some(before), Some(after)) = (Selection::new(&before, 0), Selection::new(&after, 0)) else {
                return Err(Refusal::mistake("query", "expected a sample type, found none"));
            };
            let is_absolute = absolute || form == Form::Html;
            let compared =
                if is_absolute { compare(&before, &after) } else { compare_by_share(&before, &after) };
            let compared = compared.map_err(|error| Refusal::mistake("query", error.to_string()))?;
            Shown::of_comparison(format!("{} and {}", base.path, source.path), Vec::new(), compared)
        }
    };
    Ok(Written::Shown(Box::new(shown), form, look))
}
