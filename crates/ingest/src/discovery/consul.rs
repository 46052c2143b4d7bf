//! `consul_sd_configs`: the services of the catalogue, and the instances of each, by calls that Consul answers when
//! something changes: <https://developer.hashicorp.com/consul/api-docs/features/blocking>.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http_config::{Client, Environment};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::{ADDRESS, DiscoveryError, Finding, Group, LabelMap, http_list, joined, label_part, poll};
use crate::settings::ConsulSd;

/// How long Consul holds an answer back at most.
const WAIT: Duration = Duration::from_secs(60);
/// How long is waited after a change, so that one that changes all the time is not asked all the time.
const PAUSE: Duration = Duration::from_secs(1);
const SERVICES: &str = "catalog/services";

pub(super) struct Consul {
    sd: ConsulSd,
    client: Client,
}

/// What Consul said that is new.
enum Said {
    Services(Result<BTreeMap<String, Vec<String>>, DiscoveryError>),
    Instances(String, Result<Group, DiscoveryError>),
}

/// What is known of all services, and why something is not known.
#[derive(Default)]
struct Known {
    asking: BTreeMap<String, AbortHandle>,
    groups: BTreeMap<String, Group>,
    errors: BTreeMap<String, String>,
}

impl Known {
    /// Forgets services that are gone; gives those that are new.
    fn services(&mut self, answer: Result<Vec<String>, DiscoveryError>) -> Vec<String> {
        let names = match answer {
            Ok(names) => names,
            Err(error) => {
                self.errors.insert(SERVICES.to_owned(), error.to_string());
                return Vec::new();
            }
        };
        self.errors.remove(SERVICES);
        self.asking.retain(|name, task| {
            let stays = names.contains(name);
            if !stays {
                task.abort();
                self.groups.remove(name);
                self.errors.remove(name);
            }
            stays
        });
        names.into_iter().filter(|name| !self.asking.contains_key(name)).collect()
    }

    fn instances(&mut self, name: String, answer: Result<Group, DiscoveryError>) {
        // The last word of one who was told to stop.
        if !self.asking.contains_key(&name) {
            return;
        }
        match answer {
            Ok(group) => {
                self.errors.remove(&name);
                self.groups.insert(name, group);
            }
            Err(error) => drop(self.errors.insert(name, error.to_string())),
        }
    }

    fn tell(&self, found: &watch::Sender<Finding>) {
        let are_known = self.asking.keys().all(|name| self.groups.contains_key(name));
        if are_known && !self.errors.contains_key(SERVICES) {
            poll::note(found, Ok(self.groups.values().cloned().collect()));
        }
        if let Some(error) = self.errors.values().next() {
            poll::note(found, Err(DiscoveryError(error.clone())));
        }
    }
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
    pub(super) fn new(sd: ConsulSd, environment: &Environment) -> Result<Self, DiscoveryError> {
        let client = http_list::client(&sd.http, environment)?;
        Ok(Self { sd, client })
    }

    /// Keeps `found` up to date: the names of services and the instances of each are asked for by calls that are
    /// answered when something changes.
    pub(super) async fn run(self, found: &watch::Sender<Finding>) {
        let consul = Arc::new(self);
        let (tell, mut told) = mpsc::channel(16);
        // Those who ask end with this.
        let mut asking = JoinSet::new();
        let names = Arc::clone(&consul);
        let tell_names = tell.clone();
        asking.spawn(async move {
            names.follow(SERVICES, &[], |answer| tell_names.send(Said::Services(answer))).await;
        });
        let mut known = Known::default();
        while let Some(said) = told.recv().await {
            match said {
                Said::Services(answer) => {
                    let answer =
                        answer.map(|services: BTreeMap<String, Vec<String>>| consul.wanted(services));
                    for name in known.services(answer) {
                        let task = asking.spawn(Arc::clone(&consul).instances(name.clone(), tell.clone()));
                        known.asking.insert(name, task);
                    }
                }
                Said::Instances(name, answer) => known.instances(name, answer),
            }
            known.tell(found);
        }
    }

    /// Which services the settings name.
    fn wanted(&self, services: BTreeMap<String, Vec<String>>) -> Vec<String> {
        let ConsulSd { services: names, tags, .. } = &self.sd;
        let is_wanted = |name: &String, have: &[String]| {
            (names.is_empty() || names.contains(name)) && tags.iter().all(|tag| have.contains(tag))
        };
        services.into_iter().filter(|(name, have)| is_wanted(name, have)).map(|(name, _)| name).collect()
    }

    async fn instances(self: Arc<Self>, name: String, tell: mpsc::Sender<Said>) {
        let tags: Vec<(&str, &str)> = self.sd.tags.iter().map(|tag| ("tag", tag.as_str())).collect();
        let path = format!("health/service/{}", encoded(&name));
        let say = |answer: Result<Vec<Entry>, DiscoveryError>| {
            let group = answer.map(|entries| self.group(&name, &entries));
            tell.send(Said::Instances(name.clone(), group))
        };
        self.follow(&path, &tags, say).await;
    }

    fn group(&self, name: &str, entries: &[Entry]) -> Group {
        let mut targets: Vec<LabelMap> = entries.iter().map(|entry| self.target(entry)).collect();
        targets.sort();
        let labels = LabelMap::from([("__meta_consul_service".to_owned(), name.to_owned())]);
        Group { source: name.to_owned(), targets, labels }
    }

    /// Asks again and again, and says what is new. Until something changes, Consul holds an answer back for a while.
    async fn follow<T: DeserializeOwned, S, E>(
        &self,
        path: &str,
        more: &[(&str, &str)],
        say: impl Fn(Result<T, DiscoveryError>) -> S,
    ) where
        S: Future<Output = Result<(), E>>,
    {
        let mut index = 0;
        loop {
            let answer = self.next(path, more, &mut index).await;
            // Without an index there is nothing that could be held back.
            let holds = answer.is_ok() && index > 0;
            let pause = if holds { PAUSE.min(self.sd.refresh) } else { self.sd.refresh };
            if let Some(answer) = answer.transpose()
                && say(answer).await.is_err()
            {
                return;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// What is there once it is no longer what `index` stands for; nothing if it still is.
    async fn next<T: DeserializeOwned>(
        &self,
        path: &str,
        more: &[(&str, &str)],
        index: &mut u64,
    ) -> Result<Option<T>, DiscoveryError> {
        let url = self.url(path, more, *index)?;
        let token = self.sd.token.as_ref().map(|token| ("x-consul-token", token.expose()));
        let longest = WAIT + http_list::DEADLINE;
        let answer = http_list::answer(&self.client, &url, token.as_slice(), longest).await?;
        let now = answer.headers().get("x-consul-index").and_then(|value| value.to_str().ok()?.parse().ok());
        let now: u64 = now.unwrap_or_default();
        if now != 0 && now == *index {
            return Ok(None);
        }
        *index = match now {
            // An index that went back is of a server that began anew, which answers the smallest one at once.
            1.. if now < *index => 1,
            now => now,
        };
        let read = serde_json::from_slice(answer.body());
        read.map(Some)
            .map_err(|error| DiscoveryError(format!("read the answer of Consul to `{path}`: {error}")))
    }

    fn url(&self, path: &str, more: &[(&str, &str)], index: u64) -> Result<String, DiscoveryError> {
        let sd = &self.sd;
        let mut url = url::Url::parse(&format!("{}://{}/v1/{path}", sd.scheme.as_str(), sd.server))
            .map_err(|error| DiscoveryError(format!("`server` of Consul: {error}")))?;
        let mut query = url.query_pairs_mut();
        let own = [
            ("dc", &sd.datacenter),
            ("ns", &sd.namespace),
            ("partition", &sd.partition),
            ("filter", &sd.filter),
        ];
        query.extend_pairs(own.into_iter().filter(|(_, value)| !value.is_empty()));
        query.extend_pairs(sd.node_meta.iter().map(|(key, value)| ("node-meta", format!("{key}:{value}"))));
        query.extend_pairs(more);
        if sd.allow_stale {
            query.append_key_only("stale");
        }
        if index > 0 {
            query.append_pair("index", &index.to_string());
            query.append_pair("wait", &format!("{}s", WAIT.as_secs()));
        }
        drop(query);
        Ok(url.into())
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
        let labels =
            Consul::new(sd, &Environment::empty()).unwrap().target(&serde_json::from_str(text).unwrap());
        let check =
            |key: &str, expect: &str| assert_eq!(labels[&format!("__meta_consul_{key}")], expect, "{key}");
        check("tags", ",v1,x,");
        check("health", "warning");
        check("metadata_a_b", "c");
        check("service_port", "7070");
        assert_eq!(labels[ADDRESS], "10.0.0.1:7070");
    }
}
