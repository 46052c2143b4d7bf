use super::list;
use crate::args::{Services, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::selection;

/// The scripts' own.
const DEFAULT_RANGE: &str = "1h";

pub(super) async fn run(context: &Context, mut args: Services) -> Result<(), Failure> {
    let json = list::is_json(context, &args.list)?;
    let mut words = Words::new(std::mem::take(&mut args.list.words));
    let deployment = context.deployment(&mut words)?;
    if let Some(range) = words.next() {
        if args.time.range.is_some() {
            return Err(Failure::usage("expected one range, found two"));
        }
        args.time.range = Some(range);
    }
    words.end()?;
    let window = selection::window(&args.time, DEFAULT_RANGE, context.now)?;
    let backend = context.backend(&deployment)?;
    let services = context.wait(&backend, backend.services(window.range)).await?;
    if services.is_empty() {
        return Err(list::empty(context, &backend, "services", &window).await?);
    }
    list::print(&services, json)
}
