//! `static_configs` and the `*_sd_configs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use config_file::{Field, Reader};
use http_config::Secret;

use super::{kubernetes, refuse_known, values};
use crate::discovery::Group;
use crate::settings::{ConsulSd, Discovery, DnsKind, DnsSd, FileSd, HttpSd, Scheme};

/// Discoveries of a Parca that are not here.
const NOT_HERE: [&str; 24] = [
    "azure_sd_configs",
    "digitalocean_sd_configs",
    "docker_sd_configs",
    "dockerswarm_sd_configs",
    "ec2_sd_configs",
    "eureka_sd_configs",
    "gce_sd_configs",
    "hetzner_sd_configs",
    "ionos_sd_configs",
    "kuma_sd_configs",
    "lightsail_sd_configs",
    "linode_sd_configs",
    "marathon_sd_configs",
    "nerve_sd_configs",
    "nomad_sd_configs",
    "openstack_sd_configs",
    "ovhcloud_sd_configs",
    "puppetdb_sd_configs",
    "scaleway_sd_configs",
    "serverset_sd_configs",
    "stackit_sd_configs",
    "triton_sd_configs",
    "uyuni_sd_configs",
    "vultr_sd_configs",
];

const ADVICE: &str = "a Parca knows it, this program does not: have a program write the targets into a file for \
                      `file_sd_configs`, or serve them for `http_sd_configs`";

/// All of a job. `checks_static` is whether no rule can make addresses right later.
pub(super) fn read(reader: &mut Reader<'_>, directory: &Path, checks_static: bool) -> Vec<Discovery> {
    let mut found = Vec::new();
    if let Some(field) = reader.optional("static_configs") {
        let groups = field.list().unwrap_or_default();
        let groups = groups.iter().enumerate().filter_map(|(at, field)| group(field, at, checks_static));
        found.push(Discovery::Static(groups.collect()));
    }
    let mut each = |key, read: &dyn Fn(&Field<'_>) -> Option<Discovery>| {
        let fields = reader.optional(key).and_then(|field| field.list()).unwrap_or_default();
        found.extend(fields.iter().filter_map(read));
    };
    each("file_sd_configs", &|field| file(field, directory));
    each("http_sd_configs", &|field| http(field, directory));
    each("dns_sd_configs", &dns);
    each("consul_sd_configs", &|field| consul(field, directory));
    each("kubernetes_sd_configs", &|field| kubernetes::read(field, directory));
    let advised: Vec<(&'static str, &str)> = NOT_HERE.iter().map(|key| (*key, ADVICE)).collect();
    refuse_known(reader, &advised);
    found
}

fn group(field: &Field<'_>, at: usize, checks: bool) -> Option<Group> {
    let mut reader = field.reader()?;
    let mut targets = Vec::new();
    if let Some(list) = reader.required("targets").and_then(|field| field.list()) {
        targets.extend(list.iter().filter_map(|field| address(field, checks)));
    }
    let mut labels = BTreeMap::new();
    reader.set("labels", &mut labels, values::map);
    reader.finish();
    Some(Group::of_addresses(format!("static/{at}"), targets, labels))
}

fn address(field: &Field<'_>, checks: bool) -> Option<String> {
    let address = values::name(field)?;
    if checks && address.contains('/') {
        field.mistake_with_hint(
            format!("expected `host:port`, found {}", field.found()),
            "the scheme is given by `scheme`, the path by `profiling_config`",
        );
        return None;
    }
    Some(address)
}

fn file(field: &Field<'_>, directory: &Path) -> Option<Discovery> {
    let mut reader = field.reader()?;
    let files = reader.required("files").and_then(|field| values::texts(&field)).unwrap_or_default();
    let mut refresh = Duration::from_secs(300);
    reader.set("refresh_interval", &mut refresh, values::duration);
    reader.finish();
    let extension = |file: &&String| ![".json", ".yml", ".yaml"].iter().any(|end| file.ends_with(end));
    for file in files.iter().filter(extension) {
        field.mistake(format!("expected a file that ends in .json, .yml or .yaml, found `{file}`"));
    }
    Some(Discovery::File(FileSd { files: files.iter().map(|file| directory.join(file)).collect(), refresh }))
}

fn http(field: &Field<'_>, directory: &Path) -> Option<Discovery> {
    let mut reader = field.reader()?;
    let url = reader.required("url").and_then(|field| field.parse(values::http_url));
    let mut refresh = Duration::from_secs(60);
    reader.set("refresh_interval", &mut refresh, values::duration);
    let http = http_config::from_config(&mut reader, &values::http_keys(), directory);
    reader.finish();
    Some(Discovery::Http(Box::new(HttpSd { url: url?, refresh, http })))
}

fn dns(field: &Field<'_>) -> Option<Discovery> {
    let mut reader = field.reader()?;
    let names = reader.required("names").and_then(|field| values::texts(&field));
    let mut refresh = Duration::from_secs(30);
    reader.set("refresh_interval", &mut refresh, values::duration);
    let mut kind = DnsKind::Srv;
    let kinds = [
        ("SRV", DnsKind::Srv),
        ("A", DnsKind::A),
        ("AAAA", DnsKind::Aaaa),
        ("MX", DnsKind::Mx),
        ("NS", DnsKind::Ns),
    ];
    reader.set("type", &mut kind, |field| field.choice(&kinds));
    let port = reader.optional("port").and_then(|field| field.integer(1..=65_535));
    if port.is_none() && kind != DnsKind::Srv {
        reader.report().add(reader.mistake_at("port", "expected a port, as only SRV records have their own"));
    }
    reader.finish();
    let port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    Some(Discovery::Dns(DnsSd { names: names?, kind, port, refresh }))
}

fn consul(field: &Field<'_>, directory: &Path) -> Option<Discovery> {
    let mut reader = field.reader()?;
    let mut sd = ConsulSd {
        server: "localhost:8500".to_owned(),
        scheme: Scheme::Http,
        datacenter: String::new(),
        namespace: String::new(),
        partition: String::new(),
        token: None,
        services: Vec::new(),
        tags: Vec::new(),
        node_meta: BTreeMap::new(),
        tag_separator: ",".to_owned(),
        allow_stale: true,
        filter: String::new(),
        refresh: Duration::from_secs(30),
        http: Default::default(),
    };
    reader.set("server", &mut sd.server, values::name);
    reader.set("scheme", &mut sd.scheme, values::scheme);
    reader.set("datacenter", &mut sd.datacenter, values::text);
    reader.set("namespace", &mut sd.namespace, values::text);
    reader.set("partition", &mut sd.partition, values::text);
    reader.set("token", &mut sd.token, |field| Some(Some(Secret::new(values::text(field)?))));
    reader.set("services", &mut sd.services, values::texts);
    reader.set("tags", &mut sd.tags, values::texts);
    reader.set("node_meta", &mut sd.node_meta, values::map);
    reader.set("tag_separator", &mut sd.tag_separator, values::text);
    reader.set("allow_stale", &mut sd.allow_stale, Field::boolean);
    reader.set("filter", &mut sd.filter, values::text);
    reader.set("refresh_interval", &mut sd.refresh, values::duration);
    sd.http = http_config::from_config(&mut reader, &values::http_keys(), directory);
    reader.finish();
    Some(Discovery::Consul(Box::new(sd)))
}
