//! Objects of a cluster by their names.

use std::collections::BTreeMap;

use super::objects::{Meta, Node, Object, Pod, Reference, Service, Slice};
use crate::settings::KubernetesRole;

/// `namespace/name`, or the name alone of what is in no namespace.
pub(super) fn key(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

pub(super) fn key_of(meta: &Meta) -> String {
    key(&meta.namespace, &meta.name)
}

/// Objects whose labels others have besides their own.
#[derive(Default)]
pub(super) struct Objects(pub(super) BTreeMap<(KubernetesRole, String), Object>);

impl Objects {
    pub(super) fn pod(&self, reference: Option<&Reference>) -> Option<&Pod> {
        let Reference { namespace, name, .. } = reference.filter(|one| one.kind == "Pod")?;
        match self.0.get(&(KubernetesRole::Pod, key(namespace, name))) {
            Some(Object::Pod(pod)) => Some(pod),
            _ => None,
        }
    }

    pub(super) fn service(&self, namespace: &str, name: &str) -> Option<&Service> {
        match self.0.get(&(KubernetesRole::Service, key(namespace, name))) {
            Some(Object::Service(service)) => Some(service),
            _ => None,
        }
    }

    pub(super) fn node(&self, name: Option<&str>) -> Option<&Node> {
        match self.0.get(&(KubernetesRole::Node, name?.to_owned())) {
            Some(Object::Node(node)) => Some(node),
            _ => None,
        }
    }
}

/// The service that a slice belongs to.
pub(super) fn service_of(slice: &Slice) -> Option<&str> {
    slice.metadata.labels.get("kubernetes.io/service-name").map(String::as_str)
}
