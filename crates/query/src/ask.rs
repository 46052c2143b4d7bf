use futures_util::{StreamExt, TryStreamExt, stream};
use parca_client::{Client, ProfileTypesRequest, QueryRequest, ReportKind};
use pql::{ProfileType, Query};
use profile_model::TimeRange;

use crate::content::{self, Fetched};
use crate::{Answer, AskError, Found, Mistake, Question, Searched, View, resolve, when};

/// The most profile types that one question may be about.
pub const MAX_TYPES: usize = 64;

/// How many merges are under way at a time.
const AT_ONCE: usize = 4;

/// Asks a Parca, and gives an answer with a profile for each type that has data.
///
/// `known` are profile types that the server was seen to have a moment ago. The server is asked for
/// them where the name is not found among those.
///
/// # Errors
/// See [`AskError`].
pub async fn ask(client: &Client, question: &Question, known: &[ProfileType]) -> Result<Answer, AskError> {
    let types = types(client, question, known).await?;
    if types.len() > MAX_TYPES {
        let message = format!("expected at most {MAX_TYPES} profile types, found {}", types.len());
        return Err(AskError::Mistake(Mistake::new("query", message).or(types.iter().take(MAX_TYPES))));
    }
    let queries = types.iter().map(|profile_type| Query {
        profile_type: profile_type.clone(),
        matchers: question.target.matchers.clone(),
    });
    let queries: Vec<Query> = queries.collect();
    let fetches: Vec<_> = queries.iter().map(|query| fetch(client, question, query)).collect();
    let found: Vec<Option<Found>> = stream::iter(fetches).buffered(AT_ONCE).try_collect().await?;
    let profiles: Vec<Found> = found.into_iter().flatten().collect();
    if profiles.is_empty() {
        return Err(nothing(client, question, &queries).await);
    }
    if question.view.field().is_none() && profiles.len() > 1 {
        return Err(AskError::Mistake(one_only(question.view, &profiles)));
    }
    let understood = match &queries[..] {
        [one] => one.to_string(),
        _ => question.target.to_string(),
    };
    Ok(Answer {
        query: understood,
        range: question.range,
        base: question.base,
        view: question.view,
        shape: question.shape.clone(),
        profiles,
    })
}

async fn types(
    client: &Client,
    question: &Question,
    known: &[ProfileType],
) -> Result<Vec<ProfileType>, AskError> {
    // All types means those of now. A name that is known needs no question.
    if question.target.name.is_some()
        && let Ok(types) = resolve::types(&question.target, known)
    {
        return Ok(types);
    }
    let known = client.profile_types(&ProfileTypesRequest::default()).await?;
    resolve::types(&question.target, &known)
}

fn one_only(view: View, profiles: &[Found]) -> Mistake {
    let message = format!(
        "expected one profile type for a report of type `{view}`, found {} with data",
        profiles.len()
    );
    Mistake::new("query", message).or(profiles.iter().map(|found| &found.profile_type))
}

/// The profile of one query, if it has data.
async fn fetch(client: &Client, question: &Question, query: &Query) -> Result<Option<Found>, AskError> {
    let compared = merge(client, question, query, question.range).await?;
    let fetched = match question.base {
        None => compared,
        Some(base) => {
            let base = merge(client, question, query, base).await?;
            if base.is_empty() && compared.is_empty() {
                return Ok(None);
            }
            content::compare(base, compared, question.shape.absolute)
                .map_err(|source| wrong(query, source))?
        }
    };
    if fetched.is_empty() {
        return Ok(None);
    }
    let Fetched { unit, total, filtered, content } = fetched;
    Ok(Some(Found { profile_type: query.profile_type.clone(), unit, total, filtered, content }))
}

async fn merge(
    client: &Client,
    question: &Question,
    query: &Query,
    range: TimeRange,
) -> Result<Fetched, AskError> {
    let kind = match question.view {
        View::Pprof | View::PprofRaw => ReportKind::Pprof,
        _ => ReportKind::FlamegraphArrow,
    };
    // Asked before: data that arrive in between must not look like what the file leaves out.
    let total = match kind {
        ReportKind::Pprof => Some(total(client, query, range).await?),
        _ => None,
    };
    let mut request = QueryRequest::merge(query.to_string(), range, kind);
    request.group_by = question.shape.group_by.iter().map(|label| format!("labels.{label}")).collect();
    let answer = client.query(&request).await?;
    let (question, profile_type) = (question.clone(), query.profile_type.clone());
    // Megabytes are decoded: not on a thread that others wait for.
    let decoded =
        tokio::task::spawn_blocking(move || content::decode(answer, total, &question, range, &profile_type));
    match decoded.await {
        Ok(fetched) => fetched.map_err(|source| wrong(query, source)),
        Err(panicked) => Err(wrong(query, panicked.into())),
    }
}

/// The sum of all values, which is not said beside a pprof: a tree of which all is cut has it.
async fn total(client: &Client, query: &Query, range: TimeRange) -> Result<i64, AskError> {
    let mut request = QueryRequest::merge(query.to_string(), range, ReportKind::FlamegraphArrow);
    request.trim_percent = Some(100.0);
    Ok(client.query(&request).await?.total)
}

fn wrong(query: &Query, source: content::Wrong) -> AskError {
    AskError::Answer { profile_type: Box::new(query.profile_type.clone()), source }
}

async fn nothing(client: &Client, question: &Question, queries: &[Query]) -> AskError {
    let (data, labels) = when::evidence(client, queries).await;
    AskError::Nothing(Box::new(Searched {
        queries: queries.iter().map(ToString::to_string).collect(),
        range: question.range,
        data,
        labels,
    }))
}
