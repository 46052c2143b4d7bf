use std::path::Path;

use ops::daemon::Listen;
use profile_ui::{Page, Source};
use query::backend::Backend;

use super::serving;
use crate::args::{Ui, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::source;
use crate::{output, selection};

/// Serves the page until somebody asks to stop.
pub(super) async fn run(context: &Context, mut args: Ui) -> Result<(), Failure> {
    let words = Words::new(std::mem::take(&mut args.words));
    let mut page = Page::new("profile-query");
    page.sources = sources(context, &args, words)?;
    // An answer may take as many calls as a question needs.
    page.longest = page.longest.max(std::time::Duration::from_secs(120));
    let listen =
        Listen { address: &args.address, flag: "--address", program: "profile-query ui", is_optional: false };
    let serving = serving::start(listen, profile_ui::routes(page)).await?;
    let address = serving.address;
    output::data(|out| writeln!(out, "http://{address}/"))?;
    context.say("the page is there until Ctrl-C");
    serving.finished().await.map_err(Failure::run)
}

/// Files, the deployment that is named, or all that the configuration has.
fn sources(context: &Context, args: &Ui, mut words: Words) -> Result<Vec<Source>, Failure> {
    if context.has_url() || words.len() == 0 {
        return servers(context, words);
    }
    let mut found = Vec::new();
    for word in words.rest() {
        found.push(if source::is_file(&word) || Path::new(&word).is_file() {
            file(context, args, &word)?
        } else {
            server(context.named(&word)?.name.clone(), context.backend(&context.named(&word)?)?)
        });
    }
    Ok(found)
}

fn servers(context: &Context, mut words: Words) -> Result<Vec<Source>, Failure> {
    if context.has_url() {
        let deployment = context.deployment(&mut words)?;
        words.end()?;
        return Ok(vec![Source::server(deployment.url.clone(), context.backend(&deployment)?)]);
    }
    let deployments = context.deployments()?;
    let mut found = Vec::new();
    for listed in &deployments.list {
        let deployment = match context.named(&listed.name) {
            Ok(deployment) => deployment,
            Err(failure) => {
                context.warn(&failure.message());
                continue;
            }
        };
        found.push(server(listed.name.clone(), context.backend(&deployment)?));
    }
    if found.is_empty() {
        return Err(Failure::usage("expected a file, a deployment or --url, found none")
            .hint("`profile-query ui profile.pb.gz`, or `profile-query ui --url http://localhost:7070 --backend parca`"));
    }
    Ok(found)
}

fn server(name: String, backend: Backend) -> Source {
    Source::Server { deployment: Some(name.clone()), name, backend: Box::new(backend) }
}

fn file(context: &Context, args: &Ui, path: &str) -> Result<Source, Failure> {
    let profile = source::read(context, path, &selection::no_filters(args.all_frames))?;
    let facts = source::facts(&profile);
    Ok(Source::file(path, profile, facts))
}
