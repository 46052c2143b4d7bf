//! Endpoints, and the slices that came after them. A target has the labels of its service and of the pod behind it, and a
//! pod has a target for each port of its containers that no endpoint names.

use std::collections::BTreeMap;

use super::super::super::{Group, LabelMap, joined};
use super::super::by_name::{Objects, key, service_of};
use super::super::objects::{Address, Endpoint, EndpointPort, Endpoints, Pod, Reference, Slice};
use super::pod::{containers, describe_container, describe_pod, describe_port};
use super::{at, describe, label_part, node_of, set, set_some};

/// Pods that were met, with the ports of theirs that endpoints name.
type Met<'a> = BTreeMap<String, (&'a Pod, Vec<Option<u32>>)>;

pub(super) fn add(group: &mut Group, endpoints: &Endpoints, objects: &Objects) {
    let meta = &endpoints.metadata;
    // The service behind endpoints has their name.
    borrow_service(group, objects, &meta.namespace, Some(&meta.name));
    describe(&mut group.labels, "endpoints", meta);
    let mut met = Met::new();
    for subset in &endpoints.subsets {
        for port in &subset.ports {
            let ready = subset.addresses.iter().map(|address| (address, "true"));
            let all = ready.chain(subset.not_ready_addresses.iter().map(|address| (address, "false")));
            for (address, is_ready) in all {
                let mut target = endpoint(address, port);
                set(&mut target, "endpoint_ready", is_ready);
                let node = node_of(address.node_name.as_deref(), address.target_ref.as_ref());
                borrow(&mut target, objects, node, address.target_ref.as_ref(), port, &mut met);
                group.targets.push(target);
            }
        }
    }
    add_other_ports(group, met);
}

fn endpoint(address: &Address, port: &EndpointPort) -> LabelMap {
    let mut target = at(with_port(&address.ip, port));
    set(&mut target, "endpoint_port_name", port.name.as_deref().unwrap_or_default());
    set(&mut target, "endpoint_port_protocol", port.protocol.as_deref().unwrap_or_default());
    set_some(&mut target, "endpoint_node_name", address.node_name.as_deref());
    set_some(&mut target, "endpoint_hostname", Some(&address.hostname).filter(|name| !name.is_empty()));
    describe_reference(&mut target, "endpoint", address.target_ref.as_ref());
    target
}

pub(super) fn add_slice(group: &mut Group, slice: &Slice, objects: &Objects) {
    set(&mut group.labels, "endpointslice_address_type", &slice.address_type);
    describe(&mut group.labels, "endpointslice", &slice.metadata);
    borrow_service(group, objects, &slice.metadata.namespace, service_of(slice));
    let mut met = Met::new();
    for endpoint in &slice.endpoints {
        for port in &slice.ports {
            for address in &endpoint.addresses {
                let mut target = slice_endpoint(endpoint, address, port);
                let node = node_of(endpoint.node_name.as_deref(), endpoint.target_ref.as_ref());
                borrow(&mut target, objects, node, endpoint.target_ref.as_ref(), port, &mut met);
                group.targets.push(target);
            }
        }
    }
    add_other_ports(group, met);
}

fn slice_endpoint(endpoint: &Endpoint, address: &str, port: &EndpointPort) -> LabelMap {
    let mut target = at(with_port(address, port));
    let mut say =
        |key: &str, value: Option<String>| set_some(&mut target, &format!("endpointslice_{key}"), value);
    say("port_name", port.name.clone());
    say("port_protocol", port.protocol.clone());
    say("port", port.port.map(|port| port.to_string()));
    say("port_app_protocol", port.app_protocol.clone());
    let conditions = &endpoint.conditions;
    say("endpoint_conditions_ready", conditions.ready.map(|is| is.to_string()));
    say("endpoint_conditions_serving", conditions.serving.map(|is| is.to_string()));
    say("endpoint_conditions_terminating", conditions.terminating.map(|is| is.to_string()));
    say("endpoint_hostname", endpoint.hostname.clone());
    say("endpoint_node_name", endpoint.node_name.clone());
    say("endpoint_zone", endpoint.zone.clone());
    for (name, value) in &endpoint.deprecated_topology {
        let name = label_part(name);
        say(&format!("endpoint_topology_{name}"), Some(value.clone()));
        say(&format!("endpoint_topology_present_{name}"), Some("true".to_owned()));
    }
    describe_reference(&mut target, "endpointslice", endpoint.target_ref.as_ref());
    target
}

fn with_port(host: &str, port: &EndpointPort) -> String {
    match port.port {
        Some(port) => joined(host, port),
        None => host.to_owned(),
    }
}

fn describe_reference(target: &mut LabelMap, prefix: &str, reference: Option<&Reference>) {
    set_some(target, &format!("{prefix}_address_target_kind"), reference.map(|one| &one.kind));
    set_some(target, &format!("{prefix}_address_target_name"), reference.map(|one| &one.name));
}

/// Labels of the service, where there is one.
fn borrow_service(group: &mut Group, objects: &Objects, namespace: &str, name: Option<&str>) {
    if let Some(service) = name.and_then(|name| objects.service(namespace, name)) {
        describe(&mut group.labels, "service", &service.metadata);
    }
}

/// Labels of the node and of the pod behind an address, and of the container that has the port.
fn borrow<'a>(
    target: &mut LabelMap,
    objects: &'a Objects,
    node: Option<&str>,
    reference: Option<&Reference>,
    port: &EndpointPort,
    met: &mut Met<'a>,
) {
    if let Some(node) = objects.node(node) {
        describe(target, "node", &node.metadata);
    }
    let Some(pod) = objects.pod(reference) else { return };
    describe_pod(target, pod);
    for (container, is_init) in containers(pod) {
        if let Some(own) = container.ports.iter().find(|own| Some(own.container_port) == port.port) {
            describe_container(target, container, is_init);
            describe_port(target, own);
        }
    }
    let place = key(&pod.metadata.namespace, &pod.metadata.name);
    met.entry(place).or_insert((pod, Vec::new())).1.push(port.port);
}

/// Targets for ports of the pods' containers that no endpoint names.
fn add_other_ports(group: &mut Group, met: Met<'_>) {
    for (pod, named) in met.into_values().filter(|(pod, _)| !pod.status.pod_ip.is_empty()) {
        for (container, is_init) in containers(pod) {
            for port in container.ports.iter().filter(|port| !named.contains(&Some(port.container_port))) {
                let mut target = at(joined(&pod.status.pod_ip, port.container_port));
                describe_pod(&mut target, pod);
                describe_container(&mut target, container, is_init);
                describe_port(&mut target, port);
                group.targets.push(target);
            }
        }
    }
}
