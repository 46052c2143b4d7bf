use pql::Matcher;

use super::list;
use crate::args::{Labels, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::selection;

/// The scripts' own, and another than that of services.
const DEFAULT_RANGE: &str = "2h";

pub(super) async fn run(context: &Context, mut args: Labels) -> Result<(), Failure> {
    let json = list::is_json(context, &args.list)?;
    let mut words = Words::new(std::mem::take(&mut args.list.words));
    let deployment = context.deployment(&mut words)?;
    let label = words.next();
    words.end()?;
    let window = selection::window(&args.time, DEFAULT_RANGE, context.now)?;
    let (profile_type, mut matchers) = selection::matching(&args.matching)?;
    matchers.extend(profile_type.map(|id| Matcher::equal("__profile_type__", id)));
    matchers.extend(args.service.map(|service| Matcher::equal(deployment.service_label(), service)));
    let backend = context.backend(&deployment)?;
    let (found, what) = match &label {
        None => {
            (context.wait(&backend, backend.label_names(&matchers, window.range)).await?, "labels".to_owned())
        }
        Some(label) => {
            let values = backend.label_values(label, &matchers, window.range);
            (context.wait(&backend, values).await?, format!("values of the label `{}`", words::safe(label)))
        }
    };
    if found.is_empty() {
        let what = if matchers.is_empty() { what } else { format!("{what} with these matchers") };
        return Err(list::empty(context, &backend, &what, &window).await?);
    }
    list::print(&found, json)
}
