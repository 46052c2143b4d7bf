//! `consul_sd_configs`: the services of the catalogue, then the instances of each.

use std::collections::BTreeMap;
use std::time::Duration;

use http_config::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{ADDRESS, DiscoveryError, Group, LabelMap, http_list, joined, label_part};
use crate::settings::ConsulSd;

pub(super) struct Consul {
    sd: ConsulSd,
    client: Client,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Entry {
    node: Node,
    service: Service,
    checks: Vec<Check>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Node {
    node: String,
    address: String,
    datacenter: String,
    meta: Option<BTreeMap<String, String>>,
    tagged_addresses: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Service {
    #[serde(rename = "ID")]
    id: String,
    service: String,
    tags: Option<Vec<String>>,
    address: String,
    port: u32,
    meta: Option<BTreeMap<String, String>>,
    namespace: String,
    partition: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Check {
    status: String,
}

impl Consul {
    pub(super) fn new(sd: ConsulSd) -> Result<Self, DiscoveryError> {
        let client = http_list::client(&sd.http)?;
        Ok(Self { sd, client })
    }

    pub(super) fn refresh(&self) -> Duration {
        self.sd.refresh
    }

    pub(super) async fn ask(&self) -> Result<Vec<Group>, DiscoveryError> {
        let services: BTreeMap<String, Vec<String>> = self.get("catalog/services", &[]).await?;
        let tags = &self.sd.tags;
        let wanted = services.iter().filter(|(name, have)| {
            (self.sd.services.is_empty() || self.sd.services.contains(name))
                && tags.iter().all(|tag| have.contains(tag))
        });
        let mut groups = Vec::new();
        for (name, _) in wanted {
            let tags: Vec<(&str, &str)> = tags.iter().map(|tag| ("tag", tag.as_str())).collect();
            let path = format!("health/service/{}", encoded(name));
            let entries: Vec<Entry> = self.get(&path, &tags).await?;
            let mut targets: Vec<LabelMap> = entries.iter().map(|entry| self.target(entry)).collect();
            targets.sort();
            let labels = LabelMap::from([("__meta_consul_service".to_owned(), name.clone())]);
            groups.push(Group { source: name.clone(), targets, labels });
        }
        Ok(groups)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, more: &[(&str, &str)]) -> Result<T, DiscoveryError> {
        let sd = &self.sd;
        let mut url = url::Url::parse(&format!("{}://{}/v1/{path}", sd.scheme.as_str(), sd.server))
            .map_err(|error| DiscoveryError(format!("`server` of Consul: {error}")))?;
        {
            let mut query = url.query_pairs_mut();
            let own = [
                ("dc", &sd.datacenter),
                ("ns", &sd.namespace),
                ("partition", &sd.partition),
                ("filter", &sd.filter),
            ];
            own.iter().filter(|(_, value)| !value.is_empty()).for_each(|(key, value)| {
                query.append_pair(key, value);
            });
            sd.node_meta.iter().for_each(|(key, value)| {
                query.append_pair("node-meta", &format!("{key}:{value}"));
            });
            more.iter().for_each(|(key, value)| {
                query.append_pair(key, value);
            });
            if sd.allow_stale {
                query.append_key_only("stale");
            }
        }
        let token = sd.token.as_ref().map(|token| ("x-consul-token", token.expose()));
        let body = http_list::get(&self.client, url.as_str(), token.as_slice()).await?;
        serde_json::from_slice(&body)
            .map_err(|error| DiscoveryError(format!("read the answer of Consul to `{path}`: {error}")))
    }

    fn target(&self, entry: &Entry) -> LabelMap {
        let Entry { node, service, .. } = entry;
        let mut labels = LabelMap::new();
        let mut say = |key: String, value: String| labels.insert(format!("__meta_consul_{key}"), value);
        let separator = &self.sd.tag_separator;
        let tags = service.tags.iter().flatten().map(|tag| format!("{tag}{separator}")).collect::<String>();
        let own = [
            ("address", node.address.clone()),
            ("node", node.node.clone()),
            ("dc", node.datacenter.clone()),
            // Separators at both ends, so that a rule can match one tag without knowing its place.
            ("tags", format!("{separator}{tags}")),
            ("service_address", service.address.clone()),
            ("service_port", service.port.to_string()),
            ("service_id", service.id.clone()),
            ("namespace", service.namespace.clone()),
            ("partition", service.partition.clone()),
            ("health", health(&entry.checks).to_owned()),
        ];
        own.into_iter().for_each(|(key, value)| drop(say(key.to_owned(), value)));
        let maps = [
            ("metadata", &node.meta),
            ("service_metadata", &service.meta),
            ("tagged_address", &node.tagged_addresses),
        ];
        for (prefix, map) in maps {
            for (key, value) in map.iter().flatten() {
                say(format!("{prefix}_{}", label_part(key)), value.clone());
            }
        }
        let host = if service.address.is_empty() { &node.address } else { &service.address };
        labels.insert(ADDRESS.to_owned(), joined(host, service.port));
        labels
    }
}

/// The worst of the checks.
fn health(checks: &[Check]) -> &str {
    let worst = ["maintenance", "critical", "warning"];
    worst.into_iter().find(|state| checks.iter().any(|check| check.status == *state)).unwrap_or("passing")
}

fn encoded(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_becomes_a_target_with_its_labels() {
        let text = r#"{"Node":{"Node":"n1","Address":"10.0.0.1","Datacenter":"dc1","Meta":{"a-b":"c"}},
            "Service":{"ID":"api-1","Service":"api","Tags":["v1","x"],"Address":"","Port":7070,"Meta":null},
            "Checks":[{"Status":"passing"},{"Status":"warning"}]}"#;
        let sd = ConsulSd {
            server: "localhost:8500".into(),
            scheme: Default::default(),
            datacenter: String::new(),
            namespace: String::new(),
            partition: String::new(),
            token: None,
            services: vec![],
            tags: vec![],
            node_meta: BTreeMap::new(),
            tag_separator: ",".into(),
            allow_stale: true,
            filter: String::new(),
            refresh: Duration::from_secs(30),
            http: Default::default(),
        };
        let labels = Consul::new(sd).unwrap().target(&serde_json::from_str(text).unwrap());
        let check =
            |key: &str, expect: &str| assert_eq!(labels[&format!("__meta_consul_{key}")], expect, "{key}");
        check("tags", ",v1,x,");
        check("health", "warning");
        check("metadata_a_b", "c");
        check("service_port", "7070");
        assert_eq!(labels[ADDRESS], "10.0.0.1:7070");
    }
}
