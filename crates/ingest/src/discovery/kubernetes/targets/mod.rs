//! Objects as targets, with the labels of Prometheus 0.305.0 (`discovery/kubernetes`).

mod endpoints;
mod ingress;
mod node;
mod pod;
mod service;

#[cfg(test)]
mod tests;

use super::super::{ADDRESS, Group, LabelMap, label_part};
use super::by_name::Objects;
use super::objects::{Meta, Object, Reference};

/// The targets of an object, if it has any.
pub(super) fn of(object: &Object, objects: &Objects) -> Option<Group> {
    let Meta { namespace, name, .. } = object.meta();
    let mut group = Group { source: super::by_name::key(namespace, name), ..Group::default() };
    if !namespace.is_empty() {
        set(&mut group.labels, "namespace", namespace);
    }
    match object {
        Object::Node(one) => node::add(&mut group, one),
        Object::Pod(one) => pod::add(&mut group, one, objects),
        Object::Service(one) => service::add(&mut group, one),
        Object::Endpoints(one) => endpoints::add(&mut group, one, objects),
        Object::Slice(one) => endpoints::add_slice(&mut group, one, objects),
        Object::Ingress(one) => ingress::add(&mut group, one),
    }
    (!group.targets.is_empty()).then_some(group)
}

/// The node of an address; an address may be a node's own.
pub(super) fn node_of<'a>(name: Option<&'a str>, reference: Option<&'a Reference>) -> Option<&'a str> {
    name.or_else(|| Some(reference.filter(|one| one.kind == "Node")?.name.as_str()))
}

fn set(labels: &mut LabelMap, key: &str, value: impl Into<String>) {
    labels.insert(format!("__meta_kubernetes_{key}"), value.into());
}

fn set_some(labels: &mut LabelMap, key: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        set(labels, key, value.to_string());
    }
}

fn at(address: String) -> LabelMap {
    LabelMap::from([(ADDRESS.to_owned(), address)])
}

/// Name, labels and annotations of an object.
fn describe(labels: &mut LabelMap, kind: &str, meta: &Meta) {
    set(labels, &format!("{kind}_name"), &meta.name);
    for (noun, map) in [("label", &meta.labels), ("annotation", &meta.annotations)] {
        for (name, value) in map {
            let name = label_part(name);
            set(labels, &format!("{kind}_{noun}_{name}"), value);
            set(labels, &format!("{kind}_{noun}present_{name}"), "true");
        }
    }
}
