use super::super::super::{Group, joined, label_part};
use super::super::objects::Node;
use super::{at, describe, set};

/// Which of a node's addresses is asked, the best first.
const KINDS: [&str; 6] =
    ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"];

/// The kubelet of a node, if an address of it is known.
pub(super) fn add(group: &mut Group, node: &Node) {
    describe(&mut group.labels, "node", &node.metadata);
    set(&mut group.labels, "node_provider_id", &node.spec.provider_id);
    let addresses = &node.status.addresses;
    let of_kind = |kind: &&str| addresses.iter().find(|one| one.r#type == *kind);
    let Some(host) = KINDS.iter().find_map(of_kind) else { return };
    let mut target = at(joined(&host.address, node.status.daemon_endpoints.kubelet_endpoint.port));
    target.insert("instance".to_owned(), node.metadata.name.clone());
    // The first one of each kind.
    for address in addresses.iter().rev() {
        set(&mut target, &format!("node_address_{}", label_part(&address.r#type)), &address.address);
    }
    group.targets.push(target);
}
