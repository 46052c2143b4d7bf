use std::collections::BTreeSet;

use pql::Matcher;
use profile_model::Labels;
use serde_json::{Map, Value};

use super::list;
use crate::args::{Series, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{output, selection};

const DEFAULT_RANGE: &str = "1h";

pub(super) async fn run(context: &Context, mut args: Series) -> Result<(), Failure> {
    let json = list::is_json(context, &args.list)?;
    let mut words = Words::new(std::mem::take(&mut args.list.words));
    let deployment = context.deployment(&mut words)?;
    let service = selection::service(words.next())?;
    words.end()?;
    let window = selection::window(&args.time, DEFAULT_RANGE, context.now)?;
    let (profile_type, mut matchers) = selection::matching(&args.matching)?;
    matchers.extend(profile_type.map(|id| Matcher::equal("__profile_type__", id)));
    matchers.extend(service.map(|service| Matcher::equal(deployment.service_label(), service)));
    let backend = context.backend(&deployment)?;
    let names: Vec<String> = args.names.into_iter().map(|label| label.0).collect();
    let series = context.wait(&backend, backend.series(&matchers, &names, window.range)).await?;
    if series.is_empty() {
        return Err(list::empty(context, &backend, "such series", &window).await?);
    }
    if json {
        return list::print_json(&Value::Array(series.iter().map(object).collect()));
    }
    output::data(|out| output::columns(&table(&series), out))
}

fn object(labels: &Labels) -> Value {
    let pairs = labels.iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// A column for each label that occurs, sorted, with the names above.
fn table(series: &[Labels]) -> Vec<Vec<String>> {
    let names: BTreeSet<&str> = series.iter().flat_map(Labels::iter).map(|(name, _)| name).collect();
    let head = names.iter().map(|name| words::safe(name)).collect();
    let cell = |labels: &Labels, name: &str| labels.get(name).map_or_else(|| "-".to_owned(), words::safe);
    let row = |labels: &Labels| names.iter().map(|name| cell(labels, name)).collect();
    std::iter::once(head).chain(series.iter().map(row)).collect()
}
