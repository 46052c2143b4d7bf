//! Objects of Kubernetes as targets, with Prometheus' labels.

use serde_json::Value;

use super::super::{ADDRESS, Group, LabelMap, joined, label_part};
use crate::settings::KubernetesRole;

/// The targets of an object.
pub(super) fn of(role: KubernetesRole, object: &Value, pods: &[Value]) -> Group {
    let (namespace, name) = (text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]));
    let mut labels = LabelMap::new();
    if !namespace.is_empty() {
        set(&mut labels, "namespace", namespace);
    }
    let targets = match role {
        KubernetesRole::Node => vec![node(object, &mut labels)],
        KubernetesRole::Pod => pod(object, &mut labels),
        KubernetesRole::Service => service(object, &mut labels),
        KubernetesRole::Endpoints => endpoints(object, &mut labels, pods),
        KubernetesRole::EndpointSlice => slice(object, &mut labels, pods),
        KubernetesRole::Ingress => ingress(object, &mut labels),
    };
    Group { source: format!("{namespace}/{name}"), targets, labels }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A number or a word.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn set(labels: &mut LabelMap, key: &str, value: impl Into<String>) {
    labels.insert(format!("__meta_kubernetes_{key}"), value.into());
}

/// Name, labels and annotations of an object.
fn describe(labels: &mut LabelMap, kind: &str, object: &Value) {
    let metadata = &object["metadata"];
    set(labels, &format!("{kind}_name"), text(&metadata["name"]));
    for (key, noun) in [("labels", "label"), ("annotations", "annotation")] {
        for (name, value) in metadata[key].as_object().into_iter().flatten() {
            let name = label_part(name);
            set(labels, &format!("{kind}_{noun}_{name}"), text(value));
            set(labels, &format!("{kind}_{noun}present_{name}"), "true");
        }
    }
}

fn with_address(address: String) -> LabelMap {
    LabelMap::from([(ADDRESS.to_owned(), address)])
}

fn node(object: &Value, labels: &mut LabelMap) -> LabelMap {
    describe(labels, "node", object);
    set(labels, "node_provider_id", text(&object["spec"]["providerID"]));
    let addresses = list(&object["status"]["addresses"]);
    for address in addresses {
        set(
            labels,
            &format!("node_address_{}", label_part(text(&address["type"]))),
            text(&address["address"]),
        );
    }
    let of_kind = |kind: &str| addresses.iter().find(|one| text(&one["type"]) == kind);
    let kinds = ["InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"];
    let host = kinds.into_iter().find_map(of_kind).map(|one| text(&one["address"])).unwrap_or_default();
    let port = shown(&object["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"]);
    let mut target = with_address(joined(host, if port.is_empty() { "10250" } else { &port }));
    target.insert("instance".to_owned(), text(&object["metadata"]["name"]).to_owned());
    target
}

/// What a pod says of itself.
fn describe_pod(labels: &mut LabelMap, pod: &Value) {
    describe(labels, "pod", pod);
    let (spec, status) = (&pod["spec"], &pod["status"]);
    let ready = list(&status["conditions"]).iter().find(|one| text(&one["type"]) == "Ready");
    let ready = ready.map_or("unknown".to_owned(), |one| text(&one["status"]).to_lowercase());
    set(labels, "pod_ip", text(&status["podIP"]));
    set(labels, "pod_ready", ready);
    set(labels, "pod_phase", text(&status["phase"]));
    set(labels, "pod_node_name", text(&spec["nodeName"]));
    set(labels, "pod_host_ip", text(&status["hostIP"]));
    set(labels, "pod_uid", text(&pod["metadata"]["uid"]));
    let owners = list(&pod["metadata"]["ownerReferences"]);
    if let Some(owner) = owners.iter().find(|one| one["controller"] == Value::Bool(true)) {
        set(labels, "pod_controller_kind", text(&owner["kind"]));
        set(labels, "pod_controller_name", text(&owner["name"]));
    }
}

fn pod(object: &Value, labels: &mut LabelMap) -> Vec<LabelMap> {
    describe_pod(labels, object);
    let ip = text(&object["status"]["podIP"]);
    // A pod that has no address yet cannot be asked for anything.
    if ip.is_empty() {
        return Vec::new();
    }
    let spec = &object["spec"];
    let containers = list(&spec["containers"]).iter().map(|one| (one, false));
    let containers = containers.chain(list(&spec["initContainers"]).iter().map(|one| (one, true)));
    containers.flat_map(|(container, init)| ports(object, container, init, ip)).collect()
}

/// A target for each port, or one without.
fn ports(pod: &Value, container: &Value, is_init: bool, ip: &str) -> Vec<LabelMap> {
    let host = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
    let ports = list(&container["ports"]);
    let mut targets: Vec<LabelMap> = ports
        .iter()
        .map(|port| {
            let mut target = with_address(joined(ip, shown(&port["containerPort"])));
            set(&mut target, "pod_container_port_name", text(&port["name"]));
            set(&mut target, "pod_container_port_number", shown(&port["containerPort"]));
            set(&mut target, "pod_container_port_protocol", protocol(port));
            target
        })
        .collect();
    if targets.is_empty() {
        targets.push(with_address(host));
    }
    let name = text(&container["name"]);
    let statuses = if is_init { "initContainerStatuses" } else { "containerStatuses" };
    let status = list(&pod["status"][statuses]).iter().find(|one| text(&one["name"]) == name);
    for target in &mut targets {
        set(target, "pod_container_name", name);
        set(target, "pod_container_id", status.map(|one| text(&one["containerID"])).unwrap_or_default());
        set(target, "pod_container_image", text(&container["image"]));
        set(target, "pod_container_init", is_init.to_string());
    }
    targets
}

fn protocol(port: &Value) -> &str {
    port["protocol"].as_str().unwrap_or("TCP")
}

fn service(object: &Value, labels: &mut LabelMap) -> Vec<LabelMap> {
    describe(labels, "service", object);
    let (metadata, spec) = (&object["metadata"], &object["spec"]);
    let host = format!("{}.{}.svc", text(&metadata["name"]), text(&metadata["namespace"]));
    let kind = spec["type"].as_str().unwrap_or("ClusterIP");
    let target = |port: &Value| {
        let mut target = with_address(joined(&host, shown(&port["port"])));
        set(&mut target, "service_port_name", text(&port["name"]));
        set(&mut target, "service_port_number", shown(&port["port"]));
        set(&mut target, "service_port_protocol", protocol(port));
        set(&mut target, "service_type", kind);
        match kind {
            "ExternalName" => set(&mut target, "service_external_name", text(&spec["externalName"])),
            _ => set(&mut target, "service_cluster_ip", text(&spec["clusterIP"])),
        }
        target
    };
    list(&spec["ports"]).iter().map(target).collect()
}

/// Adds what the pod behind an address says of itself.
fn lend_pod(target: &mut LabelMap, reference: &Value, pods: &[Value]) {
    set(target, "endpoint_address_target_kind", text(&reference["kind"]));
    set(target, "endpoint_address_target_name", text(&reference["name"]));
    let is_it = |pod: &&Value| {
        text(&reference["kind"]) == "Pod"
            && pod["metadata"]["name"] == reference["name"]
            && pod["metadata"]["namespace"] == reference["namespace"]
    };
    if let Some(pod) = pods.iter().find(is_it) {
        describe_pod(target, pod);
    }
}

fn endpoints(object: &Value, labels: &mut LabelMap, pods: &[Value]) -> Vec<LabelMap> {
    describe(labels, "endpoints", object);
    // The service behind endpoints has their name.
    set(labels, "service_name", text(&object["metadata"]["name"]));
    let mut targets = Vec::new();
    for subset in list(&object["subsets"]) {
        for (key, ready) in [("addresses", "true"), ("notReadyAddresses", "false")] {
            for address in list(&subset[key]) {
                for port in list(&subset["ports"]) {
                    let mut target = with_address(joined(text(&address["ip"]), shown(&port["port"])));
                    set(&mut target, "endpoint_port_name", text(&port["name"]));
                    set(&mut target, "endpoint_port_protocol", protocol(port));
                    set(&mut target, "endpoint_ready", ready);
                    set(&mut target, "endpoint_node_name", text(&address["nodeName"]));
                    set(&mut target, "endpoint_hostname", text(&address["hostname"]));
                    lend_pod(&mut target, &address["targetRef"], pods);
                    targets.push(target);
                }
            }
        }
    }
    targets
}

fn slice(object: &Value, labels: &mut LabelMap, pods: &[Value]) -> Vec<LabelMap> {
    describe(labels, "endpointslice", object);
    set(labels, "endpointslice_address_type", text(&object["addressType"]));
    set(labels, "service_name", text(&object["metadata"]["labels"]["kubernetes.io/service-name"]));
    let mut targets = Vec::new();
    for endpoint in list(&object["endpoints"]) {
        for (address, port) in list(&endpoint["addresses"])
            .iter()
            .flat_map(|address| list(&object["ports"]).iter().map(move |port| (address, port)))
        {
            let mut target = with_address(joined(text(address), shown(&port["port"])));
            set(&mut target, "endpointslice_port_name", text(&port["name"]));
            set(&mut target, "endpointslice_port", shown(&port["port"]));
            set(&mut target, "endpointslice_port_protocol", protocol(port));
            set(&mut target, "endpointslice_port_app_protocol", text(&port["appProtocol"]));
            for condition in ["ready", "serving", "terminating"] {
                set(
                    &mut target,
                    &format!("endpointslice_endpoint_conditions_{condition}"),
                    shown(&endpoint["conditions"][condition]),
                );
            }
            set(&mut target, "endpointslice_endpoint_hostname", text(&endpoint["hostname"]));
            set(&mut target, "endpointslice_endpoint_node_name", text(&endpoint["nodeName"]));
            set(&mut target, "endpointslice_endpoint_zone", text(&endpoint["zone"]));
            lend_pod(&mut target, &endpoint["targetRef"], pods);
            targets.push(target);
        }
    }
    targets
}

fn ingress(object: &Value, labels: &mut LabelMap) -> Vec<LabelMap> {
    describe(labels, "ingress", object);
    let spec = &object["spec"];
    set(labels, "ingress_class_name", text(&spec["ingressClassName"]));
    let tls: Vec<&str> = list(&spec["tls"]).iter().flat_map(|tls| list(&tls["hosts"])).map(text).collect();
    let mut targets = Vec::new();
    for rule in list(&spec["rules"]) {
        let host = text(&rule["host"]);
        let scheme = if tls.contains(&host) { "https" } else { "http" };
        for path in list(&rule["http"]["paths"]) {
            let mut target = with_address(if host.is_empty() { "*".to_owned() } else { host.to_owned() });
            set(&mut target, "ingress_scheme", scheme);
            set(&mut target, "ingress_host", host);
            set(&mut target, "ingress_path", path["path"].as_str().unwrap_or("/"));
            targets.push(target);
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_has_a_target_for_each_port_and_one_without() {
        let pod = json!({
            "metadata": {"name": "api-1", "namespace": "shop", "uid": "u1", "labels": {"app.kubernetes.io/name": "api"},
                "annotations": {"x": "y"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "api", "controller": true}]},
            "spec": {"nodeName": "n1", "containers": [
                {"name": "main", "image": "i:1", "ports": [{"name": "http", "containerPort": 8080}, {"containerPort": 9090}]},
                {"name": "side", "image": "j"}]},
            "status": {"podIP": "fd00::1", "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        });
        let group = of(KubernetesRole::Pod, &pod, &[]);
        let addresses: Vec<&str> = group.targets.iter().map(|target| target[ADDRESS].as_str()).collect();
        assert_eq!(addresses, ["[fd00::1]:8080", "[fd00::1]:9090", "[fd00::1]"]);
        let check = |labels: &LabelMap, key: &str, expect: &str| {
            assert_eq!(labels[&format!("__meta_kubernetes_{key}")], expect, "{key}");
        };
        check(&group.labels, "pod_label_app_kubernetes_io_name", "api");
        check(&group.labels, "pod_labelpresent_app_kubernetes_io_name", "true");
        check(&group.labels, "pod_controller_kind", "ReplicaSet");
        check(&group.labels, "pod_ready", "true");
        check(&group.labels, "namespace", "shop");
        check(&group.targets[0], "pod_container_port_name", "http");
        check(&group.targets[2], "pod_container_name", "side");
    }

    #[test]
    fn endpoints_have_the_labels_of_their_pods() {
        let pods =
            [json!({"metadata": {"name": "p", "namespace": "s", "labels": {"app": "a"}}, "status": {}})];
        let slice = json!({"metadata": {"name": "x", "namespace": "s", "labels": {"kubernetes.io/service-name": "svc"}},
            "addressType": "IPv4", "ports": [{"name": "h", "port": 80}],
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": true}, "targetRef": {"kind": "Pod", "name": "p", "namespace": "s"}}]});
        let group = of(KubernetesRole::EndpointSlice, &slice, &pods);
        let target = &group.targets[0];
        assert_eq!(target[ADDRESS], "10.0.0.1:80");
        assert_eq!(target["__meta_kubernetes_pod_label_app"], "a");
        assert_eq!(target["__meta_kubernetes_endpointslice_endpoint_conditions_ready"], "true");
        assert_eq!(group.labels["__meta_kubernetes_service_name"], "svc");
        let endpoints = json!({"metadata": {"name": "svc", "namespace": "s"}, "subsets": [{"ports": [{"port": 80}],
            "addresses": [{"ip": "10.0.0.1", "targetRef": {"kind": "Pod", "name": "p", "namespace": "s"}}]}]});
        assert_eq!(
            of(KubernetesRole::Endpoints, &endpoints, &pods).targets[0]["__meta_kubernetes_pod_name"],
            "p"
        );
    }
}
