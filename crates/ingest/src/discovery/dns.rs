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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::net::UdpSocket;

    use hickory_resolver::config::{NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;

    use super::*;

    /// A name server of one name: it answers each question with these records, or that there is no such name.
    fn server(records: Vec<(RecordType, Vec<u8>)>) -> u16 {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut asked = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut asked) {
                let _ = socket.send_to(&answer(&asked[..length], &records), from);
            }
        });
        port
    }

    /// RFC 1035: the question again, and records that point to its name.
    fn answer(asked: &[u8], records: &[(RecordType, Vec<u8>)]) -> Vec<u8> {
        let end = 12 + asked[12..].iter().position(|byte| *byte == 0).unwrap() + 1;
        let kind = RecordType::from(u16::from_be_bytes([asked[end], asked[end + 1]]));
        let is_known = asked[12..].starts_with(b"\x04good");
        let fitting: Vec<_> = records.iter().filter(|(of, _)| is_known && *of == kind).collect();
        let code = if is_known { 0 } else { 3 };
        let count = u16::try_from(fitting.len()).unwrap().to_be_bytes();
        let mut out =
            [&asked[..2], &[0x81, 0x80 | code, 0, 1], &count, &[0, 0, 0, 0], &asked[12..end + 4]].concat();
        for (_, data) in fitting {
            out.extend([&[0xc0, 12], &asked[end..end + 4], &[0, 0, 0, 60]].concat());
            out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            out.extend(data);
        }
        out
    }

    fn dns(port: u16, name: &str, kind: DnsKind) -> Dns {
        let mut server = NameServerConfig::udp(std::net::Ipv4Addr::LOCALHOST.into());
        server.connections.iter_mut().for_each(|connection| connection.port = port);
        let config = ResolverConfig::from_parts(None, vec![], vec![server]);
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let refresh = Duration::from_secs(30);
        let sd = DnsSd { names: vec![name.to_owned()], kind, port: 7070, refresh };
        Dns { sd, resolver: builder.build().unwrap() }
    }

    #[tokio::test]
    async fn records_of_each_kind_become_targets() {
        // A host `h1` below the name that was asked for.
        let host = |name: &[u8]| [&[u8::try_from(name.len()).unwrap()], name, &[0xc0, 12]].concat();
        let records = vec![
            (RecordType::A, vec![10, 0, 0, 1]),
            (RecordType::A, vec![10, 0, 0, 2]),
            (RecordType::AAAA, vec![0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            (RecordType::SRV, [&[0, 1, 0, 2, 0x1b, 0x9f][..], &host(b"h1")].concat()),
            (RecordType::MX, [&[0, 5][..], &host(b"mail")].concat()),
            (RecordType::NS, host(b"ns")),
        ];
        let port = server(records);
        let check = async |kind: DnsKind, expect: &[&str]| {
            let groups = dns(port, "good.example.", kind).ask().await.unwrap();
            let addresses: Vec<&str> = groups[0].targets.iter().map(|one| one[ADDRESS].as_str()).collect();
            assert_eq!(addresses, expect, "{kind:?}");
            groups
        };
        let groups = check(DnsKind::A, &["10.0.0.1:7070", "10.0.0.2:7070"]).await;
        assert_eq!(groups[0].targets[0]["__meta_dns_name"], "good.example.");
        check(DnsKind::Aaaa, &["[fd00::1]:7070"]).await;
        let groups = check(DnsKind::Srv, &["h1.good.example:7071"]).await;
        assert_eq!(groups[0].targets[0]["__meta_dns_srv_record_port"], "7071");
        assert_eq!(groups[0].targets[0]["__meta_dns_srv_record_target"], "h1.good.example.");
        check(DnsKind::Mx, &["mail.good.example:7070"]).await;
        check(DnsKind::Ns, &["ns.good.example:7070"]).await;
    }

    #[tokio::test]
    async fn a_name_that_is_not_there_is_an_error() {
        let error = dns(server(vec![]), "bad.example.", DnsKind::A).ask().await.unwrap_err();
        assert!(error.to_string().starts_with("resolve `bad.example.`: "), "{error}");
    }
}
