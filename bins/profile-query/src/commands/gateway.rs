use ops::daemon::Listen;
use query::deployments::Kind;

use super::serving;
use crate::args::{Gateway, Words};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;

/// Serves Pyroscope's query API in front of a Parca until somebody asks to stop.
pub(super) async fn run(context: &Context, args: Gateway) -> Result<(), Failure> {
    let mut words = Words::new(args.words);
    let deployment = context.deployment_or(&mut words, Kind::Parca)?;
    words.end()?;
    let backend = context.backend(&deployment)?;
    let parca = backend.parca().ok_or_else(|| {
        Failure::usage(format!(
            "expected a Parca behind the gateway, found a Pyroscope at {}",
            deployment.url
        ))
        .hint("what reads a Pyroscope needs no gateway in front of one")
    })?;
    let mut settings = parca_gateway::Settings::default();
    if !args.service_labels.is_empty() {
        settings.service_labels = args.service_labels.into_iter().map(|label| label.0).collect();
    }
    let listen = Listen {
        address: &args.listen,
        flag: "--listen",
        program: "profile-query gateway",
        is_optional: false,
    };
    let serving = serving::start(listen, parca_gateway::routes(parca.clone(), settings)).await?;
    if !serving.address.ip().is_loopback() {
        context.warn("whoever reaches this address can read every profile of the Parca: the gateway asks for no credentials");
    }
    let address = serving.address;
    output::data(|out| writeln!(out, "http://{address}"))?;
    context.say(&format!("a Pyroscope is at http://{address}, in front of {}, until Ctrl-C", deployment.url));
    serving.finished().await.map_err(Failure::run)
}
