//! `dns_sd_configs`.

use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};

use super::{ADDRESS, DiscoveryError, Group, LabelMap, joined};
use crate::settings::{DnsKind, DnsSd};

pub(super) struct Dns {
    sd: DnsSd,
    resolver: TokioResolver,
}

impl Dns {
    /// With the name servers of the system.
    pub(super) fn new(sd: DnsSd) -> Result<Self, DiscoveryError> {
        let wrong = |error: &dyn std::fmt::Display| {
            DiscoveryError(format!("read the settings of the resolver: {error}"))
        };
        let builder = TokioResolver::builder_tokio().map_err(|error| wrong(&error))?;
        let resolver = builder.build().map_err(|error| wrong(&error))?;
        Ok(Self { sd, resolver })
    }

    pub(super) fn refresh(&self) -> Duration {
        self.sd.refresh
    }

    /// All names; one that cannot be resolved fails all, so that its targets stay.
    pub(super) async fn ask(&self) -> Result<Vec<Group>, DiscoveryError> {
        let mut groups = Vec::with_capacity(self.sd.names.len());
        for name in &self.sd.names {
            groups.push(self.resolve(name).await?);
        }
        Ok(groups)
    }

    async fn resolve(&self, name: &str) -> Result<Group, DiscoveryError> {
        let kind = match self.sd.kind {
            DnsKind::A => RecordType::A,
            DnsKind::Aaaa => RecordType::AAAA,
            DnsKind::Srv => RecordType::SRV,
            DnsKind::Mx => RecordType::MX,
            DnsKind::Ns => RecordType::NS,
        };
        let found = self.resolver.lookup(name, kind).await;
        let found = found.map_err(|error| DiscoveryError(format!("resolve `{name}`: {error}")))?;
        let mut targets: Vec<LabelMap> =
            found.answers().iter().filter_map(|record| self.target(name, &record.data)).collect();
        targets.sort();
        Ok(Group { source: name.to_owned(), targets, labels: LabelMap::new() })
    }

    fn target(&self, name: &str, record: &RData) -> Option<LabelMap> {
        let mut labels = LabelMap::from([("__meta_dns_name".to_owned(), name.to_owned())]);
        let mut say = |key: &str, value: String| labels.insert(format!("__meta_dns_{key}"), value);
        let port = self.sd.port;
        let host = |name: &dyn std::fmt::Display| name.to_string().trim_end_matches('.').to_owned();
        let address = match record {
            RData::A(ip) => joined(&ip.to_string(), port),
            RData::AAAA(ip) => joined(&ip.to_string(), port),
            RData::SRV(srv) => {
                say("srv_record_target", srv.target.to_string());
                say("srv_record_port", srv.port.to_string());
                joined(&host(&srv.target), srv.port)
            }
            RData::MX(mx) => {
                say("mx_record_target", mx.exchange.to_string());
                joined(&host(&mx.exchange), port)
            }
            RData::NS(ns) => {
                say("ns_record_target", ns.to_string());
                joined(&host(ns), port)
            }
            _ => return None,
        };
        labels.insert(ADDRESS.to_owned(), address);
        Some(labels)
    }
}
