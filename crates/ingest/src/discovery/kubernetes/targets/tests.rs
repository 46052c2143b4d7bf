//! Targets are those of Prometheus: `prometheus.json` is what its discovery (0.305.0, with its own client of Kubernetes)
//! made of the objects in `cluster.json`, with the labels of nodes attached; `tests/prometheus` is the program that
//! asked it.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::api::Scope;
use super::super::feed::Said;
use super::super::known::Known;
use super::super::objects::read_list;
use super::super::{Finding, lenders};
use super::*;
use crate::settings::KubernetesRole;

type Targets = BTreeMap<String, Vec<LabelMap>>;

const ROLES: [(&str, &str, KubernetesRole); 6] = [
    ("node", "nodes", KubernetesRole::Node),
    ("pod", "pods", KubernetesRole::Pod),
    ("service", "services", KubernetesRole::Service),
    ("endpoints", "endpoints", KubernetesRole::Endpoints),
    ("endpointslice", "endpointslices", KubernetesRole::EndpointSlice),
    ("ingress", "ingresses", KubernetesRole::Ingress),
];

/// The targets of a role, by the object that they are of.
fn targets(cluster: &Value, role: KubernetesRole) -> Targets {
    let kinds: Vec<KubernetesRole> = [role].into_iter().chain(lenders(role, true)).collect();
    let scopes = kinds.iter().map(|kind| Scope { kind: *kind, namespace: None }).collect();
    let mut known = Known::new(role, scopes);
    for (at, kind) in kinds.iter().enumerate() {
        let (_, plural, _) = ROLES.iter().find(|(_, _, one)| one == kind).unwrap();
        let list = json!({"metadata": {"resourceVersion": "1"}, "items": cluster[plural]}).to_string();
        known.hear(at, Said::Listed(read_list(*kind, list.as_bytes()).unwrap().objects));
    }
    let (sender, found) = tokio::sync::watch::channel(Finding::default());
    known.tell(&sender);
    let groups = found.borrow().groups.clone();
    let merged = |group: &Group| {
        let with_labels =
            |target: &LabelMap| group.labels.clone().into_iter().chain(target.clone()).collect();
        let mut all: Vec<LabelMap> = group.targets.iter().map(with_labels).collect();
        all.sort();
        (group.source.clone(), all)
    };
    groups.iter().map(merged).collect()
}

#[test]
fn they_are_those_of_prometheus() {
    let cluster: Value = serde_json::from_str(include_str!("cluster.json")).unwrap();
    let expected: BTreeMap<String, Targets> = serde_json::from_str(include_str!("prometheus.json")).unwrap();
    for (name, _, role) in ROLES {
        let (found, mut wanted) = (targets(&cluster, role), expected[name].clone());
        wanted.values_mut().for_each(|all| all.sort());
        assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{name}");
        for (source, found) in found {
            // A difference of ours: an address in brackets, as a URL has it, where there is no port.
            let bare = |mut one: LabelMap| {
                let address = one[ADDRESS].clone();
                if let Some(ip) = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                    one.insert(ADDRESS.to_owned(), ip.to_owned());
                }
                one
            };
            let found: Vec<LabelMap> = found.into_iter().map(bare).collect();
            assert_eq!(found, wanted[&source], "{name} {source}");
        }
    }
}
