use super::super::super::{Group, LabelMap, joined};
use super::super::by_name::Objects;
use super::super::objects::{Container, ContainerPort, ContainerStatus, Pod};
use super::{at, describe, set};

/// A target for each port of each container, and one for each container without ports.
pub(super) fn add(group: &mut Group, pod: &Pod, objects: &Objects) {
    // A pod that has no address yet, or was evicted, cannot be asked for anything.
    let ip = &pod.status.pod_ip;
    if ip.is_empty() {
        return;
    }
    describe_pod(&mut group.labels, pod);
    if let Some(node) = objects.node(Some(&pod.spec.node_name)) {
        describe(&mut group.labels, "node", &node.metadata);
    }
    for (container, is_init) in containers(pod) {
        let id = id(pod, container, is_init);
        let mut push = |mut target: LabelMap| {
            describe_container(&mut target, container, is_init);
            set(&mut target, "pod_container_id", id);
            group.targets.push(target);
        };
        if container.ports.is_empty() {
            push(at(if ip.contains(':') { format!("[{ip}]") } else { ip.clone() }));
        }
        for port in &container.ports {
            let mut target = at(joined(ip, port.container_port));
            describe_port(&mut target, port);
            push(target);
        }
    }
}

/// The containers, and whether each is one that runs before the others.
pub(super) fn containers(pod: &Pod) -> impl Iterator<Item = (&Container, bool)> {
    let containers = pod.spec.containers.iter().map(|one| (one, false));
    containers.chain(pod.spec.init_containers.iter().map(|one| (one, true)))
}

fn id<'a>(pod: &'a Pod, container: &Container, is_init: bool) -> &'a str {
    let statuses = if is_init { &pod.status.init_container_statuses } else { &pod.status.container_statuses };
    let of = |one: &&ContainerStatus| one.name == container.name;
    statuses.iter().find(of).map(|one| one.container_id.as_str()).unwrap_or_default()
}

/// What a pod says of itself.
pub(super) fn describe_pod(labels: &mut LabelMap, pod: &Pod) {
    describe(labels, "pod", &pod.metadata);
    let ready = pod.status.conditions.iter().find(|one| one.r#type == "Ready");
    set(labels, "pod_ip", &pod.status.pod_ip);
    set(labels, "pod_ready", ready.map_or("unknown".to_owned(), |one| one.status.to_lowercase()));
    set(labels, "pod_phase", &pod.status.phase);
    set(labels, "pod_node_name", &pod.spec.node_name);
    set(labels, "pod_host_ip", &pod.status.host_ip);
    set(labels, "pod_uid", &pod.metadata.uid);
    if let Some(owner) = pod.metadata.owner_references.iter().find(|one| one.controller) {
        set(labels, "pod_controller_kind", &owner.kind);
        set(labels, "pod_controller_name", &owner.name);
    }
}

pub(super) fn describe_container(labels: &mut LabelMap, container: &Container, is_init: bool) {
    set(labels, "pod_container_name", &container.name);
    set(labels, "pod_container_image", &container.image);
    set(labels, "pod_container_init", is_init.to_string());
}

pub(super) fn describe_port(labels: &mut LabelMap, port: &ContainerPort) {
    set(labels, "pod_container_port_name", &port.name);
    set(labels, "pod_container_port_number", port.container_port.to_string());
    set(labels, "pod_container_port_protocol", &port.protocol);
}
