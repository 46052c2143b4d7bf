//! Objects of Kubernetes, as far as targets are made of them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::settings::KubernetesRole;

/// An object of any of the kinds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object {
    Node(Box<Node>),
    Pod(Box<Pod>),
    Service(Box<Service>),
    Endpoints(Box<Endpoints>),
    Slice(Box<Slice>),
    Ingress(Box<Ingress>),
}

impl Object {
    pub(super) fn meta(&self) -> &Meta {
        match self {
            Self::Node(one) => &one.metadata,
            Self::Pod(one) => &one.metadata,
            Self::Service(one) => &one.metadata,
            Self::Endpoints(one) => &one.metadata,
            Self::Slice(one) => &one.metadata,
            Self::Ingress(one) => &one.metadata,
        }
    }
}

/// What an event tells of.
#[derive(Deserialize)]
struct Of<T> {
    object: T,
}

/// Reads the object of an event.
pub(super) fn read(kind: KubernetesRole, json: &[u8]) -> Result<Object, serde_json::Error> {
    fn one<T: DeserializeOwned>(
        json: &[u8],
        wrap: fn(Box<T>) -> Object,
    ) -> Result<Object, serde_json::Error> {
        serde_json::from_slice(json).map(|Of { object }| wrap(Box::new(object)))
    }
    match kind {
        KubernetesRole::Node => one(json, Object::Node),
        KubernetesRole::Pod => one(json, Object::Pod),
        KubernetesRole::Service => one(json, Object::Service),
        KubernetesRole::Endpoints => one(json, Object::Endpoints),
        KubernetesRole::EndpointSlice => one(json, Object::Slice),
        KubernetesRole::Ingress => one(json, Object::Ingress),
    }
}

/// A page of a list.
pub(super) struct Listed {
    pub(super) objects: Vec<Object>,
    pub(super) version: String,
    /// Asks for the next page; empty on the last one.
    pub(super) next: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List<T> {
    metadata: ListMeta,
    items: Option<Vec<T>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    resource_version: String,
    #[serde(default)]
    r#continue: String,
}

/// Reads a page of a list.
pub(super) fn read_list(kind: KubernetesRole, json: &[u8]) -> Result<Listed, serde_json::Error> {
    fn list<T: DeserializeOwned>(
        json: &[u8],
        wrap: fn(Box<T>) -> Object,
    ) -> Result<Listed, serde_json::Error> {
        let List { metadata, items } = serde_json::from_slice::<List<T>>(json)?;
        let objects = items.into_iter().flatten().map(|one| wrap(Box::new(one))).collect();
        Ok(Listed { objects, version: metadata.resource_version, next: metadata.r#continue })
    }
    match kind {
        KubernetesRole::Node => list(json, Object::Node),
        KubernetesRole::Pod => list(json, Object::Pod),
        KubernetesRole::Service => list(json, Object::Service),
        KubernetesRole::Endpoints => list(json, Object::Endpoints),
        KubernetesRole::EndpointSlice => list(json, Object::Slice),
        KubernetesRole::Ingress => list(json, Object::Ingress),
    }
}

/// Go writes lists and maps without anything as null here and there.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A struct of an object: what is missing is as empty as what is null.
macro_rules! part {
    ($(#[$doc:meta])* $name:ident { $($(#[$rename:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub(super) struct $name {
            $(
                $(#[$rename])*
                #[serde(deserialize_with = "nullable")]
                pub(super) $field: $type,
            )*
        }
    };
}

part!(Meta {
    name: String,
    namespace: String,
    uid: String,
    resource_version: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    owner_references: Vec<Owner>,
});
part!(Owner { kind: String, name: String, controller: bool });
part!(
    /// What an address belongs to.
    Reference { kind: String, name: String, namespace: String }
);

part!(Node { metadata: Meta, spec: NodeSpec, status: NodeStatus });
part!(NodeSpec {
    #[serde(rename = "providerID")]
    provider_id: String
});
part!(NodeStatus { addresses: Vec<NodeAddress>, daemon_endpoints: DaemonEndpoints });
part!(NodeAddress { r#type: String, address: String });
part!(DaemonEndpoints { kubelet_endpoint: DaemonEndpoint });
part!(DaemonEndpoint {
    #[serde(rename = "Port")]
    port: u32
});

part!(Pod { metadata: Meta, spec: PodSpec, status: PodStatus });
part!(PodSpec { node_name: String, containers: Vec<Container>, init_containers: Vec<Container> });
part!(Container { name: String, image: String, ports: Vec<ContainerPort> });
part!(ContainerPort { name: String, container_port: u32, protocol: String });
part!(PodStatus {
    phase: String,
    #[serde(rename = "podIP")] pod_ip: String,
    #[serde(rename = "hostIP")] host_ip: String,
    conditions: Vec<Condition>,
    container_statuses: Vec<ContainerStatus>,
    init_container_statuses: Vec<ContainerStatus>,
});
part!(Condition { r#type: String, status: String });
part!(ContainerStatus {
    name: String,
    #[serde(rename = "containerID")]
    container_id: String
});

part!(Service { metadata: Meta, spec: ServiceSpec });
part!(ServiceSpec {
    r#type: String,
    #[serde(rename = "clusterIP")] cluster_ip: String,
    #[serde(rename = "loadBalancerIP")] load_balancer_ip: String,
    external_name: String,
    ports: Vec<ServicePort>,
});
part!(ServicePort { name: String, port: u32, protocol: String });

part!(Endpoints { metadata: Meta, subsets: Vec<Subset> });
part!(Subset { addresses: Vec<Address>, not_ready_addresses: Vec<Address>, ports: Vec<EndpointPort> });
part!(Address { ip: String, hostname: String, node_name: Option<String>, target_ref: Option<Reference> });

part!(Slice { metadata: Meta, address_type: String, endpoints: Vec<Endpoint>, ports: Vec<EndpointPort> });
part!(Endpoint {
    addresses: Vec<String>,
    conditions: Conditions,
    hostname: Option<String>,
    node_name: Option<String>,
    zone: Option<String>,
    deprecated_topology: BTreeMap<String, String>,
    target_ref: Option<Reference>,
});
part!(Conditions { ready: Option<bool>, serving: Option<bool>, terminating: Option<bool> });
part!(
    /// A port of endpoints; a slice may leave everything of it out.
    EndpointPort {
        name: Option<String>,
        port: Option<u32>,
        protocol: Option<String>,
        app_protocol: Option<String>,
    }
);

part!(Ingress { metadata: Meta, spec: IngressSpec });
part!(IngressSpec { ingress_class_name: Option<String>, tls: Vec<IngressTls>, rules: Vec<IngressRule> });
part!(IngressTls { hosts: Vec<String> });
part!(IngressRule { host: String, http: Option<IngressHttp> });
part!(IngressHttp { paths: Vec<IngressPath> });
part!(IngressPath { path: String });

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_null_or_missing_is_empty() {
        let bookmark = br#"{"object":{"metadata":{"resourceVersion":"7","creationTimestamp":null},"spec":{"containers":null},"status":{}}}"#;
        let pod = read(KubernetesRole::Pod, bookmark).expect("a pod");
        assert_eq!(pod.meta().resource_version, "7");
        let list = br#"{"metadata":{"resourceVersion":"9"},"items":null}"#;
        assert!(
            read_list(KubernetesRole::Node, list)
                .is_ok_and(|list| list.objects.is_empty() && list.version == "9")
        );
        assert!(read_list(KubernetesRole::Node, b"{}").is_err(), "no list");
        let slice = br#"{"object":{"metadata":{"name":"x"},"endpoints":null,"ports":null}}"#;
        assert!(read(KubernetesRole::EndpointSlice, slice).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_object_or_none(bytes: Vec<u8>) {
            for kind in [KubernetesRole::Pod, KubernetesRole::EndpointSlice, KubernetesRole::Ingress] {
                let _ = (read(kind, &bytes), read_list(kind, &bytes).is_ok());
            }
        }
    }
}
