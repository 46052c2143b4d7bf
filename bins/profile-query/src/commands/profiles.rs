use pql::ProfileType;
use query::Ask;
use query::backend::Detail;
use serde_json::{Value, json};

use super::list;
use crate::args::{Services, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::{output, selection};

const DEFAULT_RANGE: &str = "1h";

pub(super) async fn run(context: &Context, mut args: Services) -> Result<(), Failure> {
    let json = list::is_json(context, &args.list)?;
    let mut words = Words::new(std::mem::take(&mut args.list.words));
    let deployment = context.deployment(&mut words)?;
    let service = selection::service(words.next())?;
    words.end()?;
    let window = selection::window(&args.time, DEFAULT_RANGE, context.now)?;
    let backend = context.backend(&deployment)?;
    let types = backend.profile_types(service.as_deref(), window.range);
    let types = context.wait(&backend, types).await?;
    if types.is_empty() {
        let Some(service) = service else {
            return Err(list::empty(context, &backend, "profile types", &window).await?);
        };
        // Asking for a profile finds out why there is none.
        let ask = Ask::new(window.range).of_type("cpu").of_service(service);
        context.wait(&backend, backend.fetch(&ask, Detail::Tree { max_nodes: Some(1) })).await?;
    }
    if json {
        return list::print_json(&Value::Array(types.iter().map(one).collect()));
    }
    let row = |of: &ProfileType| {
        [of.to_string(), format!("{}/{}", of.name, of.sample_type)].map(|cell| words::safe(&cell)).to_vec()
    };
    let rows: Vec<Vec<String>> = types.iter().map(row).collect();
    output::data(|out| output::columns(&rows, out))
}

fn one(of: &ProfileType) -> Value {
    json!({
        "id": of.to_string(), "name": of.name, "sample_type": of.sample_type, "sample_unit": of.sample_unit,
        "period_type": of.period_type, "period_unit": of.period_unit, "delta": of.delta,
    })
}
