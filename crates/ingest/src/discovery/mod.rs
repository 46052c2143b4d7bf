//! Where targets are found: lists of addresses with labels, that change.

mod consul;
mod dns;
mod file;
mod http_list;
mod kubernetes;
mod poll;

use http_config::Environment;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use crate::group::ADDRESS;
pub use crate::group::{Group, LabelMap};
use crate::settings::Discovery;
use poll::Poll;

/// What a discovery found last, and what kept it from finding more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Finding {
    pub(crate) groups: Vec<Group>,
    /// Whether it has answered at all.
    pub(crate) is_known: bool,
    pub(crate) error: Option<String>,
}

/// Why a discovery has no answer. The targets found before stay.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DiscoveryError(pub(crate) String);

/// Keeps `found` up to date until told to stop.
pub(crate) async fn run(
    discovery: Discovery,
    environment: Environment,
    found: watch::Sender<Finding>,
    stop: CancellationToken,
) {
    let work = async {
        match discovery {
            Discovery::Static(groups) => {
                found.send_replace(Finding { groups, is_known: true, error: None });
                std::future::pending().await
            }
            Discovery::File(sd) => file::run(sd, &found).await,
            Discovery::Http(sd) => match http_list::HttpList::new(*sd, &environment) {
                Ok(list) => Poll::new(list.refresh()).run(&found, || list.ask()).await,
                Err(error) => fail(&found, error).await,
            },
            Discovery::Dns(sd) => match dns::Dns::new(sd) {
                Ok(dns) => Poll::new(dns.refresh()).run(&found, || dns.ask()).await,
                Err(error) => fail(&found, error).await,
            },
            Discovery::Consul(sd) => match consul::Consul::new(*sd, &environment) {
                Ok(consul) => consul.run(&found).await,
                Err(error) => fail(&found, error).await,
            },
            Discovery::Kubernetes(sd) => match kubernetes::Kubernetes::new(*sd, &environment) {
                Ok(cluster) => cluster.run(&found).await,
                Err(error) => fail(&found, error).await,
            },
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

async fn fail(found: &watch::Sender<Finding>, error: DiscoveryError) {
    tracing::error!(%error, "cannot look for targets");
    found.send_modify(|found| found.error = Some(error.to_string()));
    std::future::pending().await
}

/// A name as part of a label's name: what is none of `[a-zA-Z0-9_]` becomes `_`.
pub(crate) fn label_part(name: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    name.chars().map(fit).collect()
}

/// `host:port`, with brackets around IPv6.
pub(crate) fn joined(host: &str, port: impl std::fmt::Display) -> String {
    match host.contains(':') && !host.starts_with('[') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}
