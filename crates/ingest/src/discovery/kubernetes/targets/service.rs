use super::super::super::{Group, joined};
use super::super::objects::{Service, ServicePort};
use super::{at, describe, set};

/// A target for each port, at the service's name in the cluster's DNS.
pub(super) fn add(group: &mut Group, service: &Service) {
    describe(&mut group.labels, "service", &service.metadata);
    let (meta, spec) = (&service.metadata, &service.spec);
    let host = format!("{}.{}.svc", meta.name, meta.namespace);
    let target = |port: &ServicePort| {
        let mut target = at(joined(&host, port.port));
        set(&mut target, "service_port_name", &port.name);
        set(&mut target, "service_port_number", port.port.to_string());
        set(&mut target, "service_port_protocol", &port.protocol);
        set(&mut target, "service_type", &spec.r#type);
        match spec.r#type.as_str() {
            "ExternalName" => set(&mut target, "service_external_name", &spec.external_name),
            _ => set(&mut target, "service_cluster_ip", &spec.cluster_ip),
        }
        if spec.r#type == "LoadBalancer" {
            set(&mut target, "service_loadbalancer_ip", &spec.load_balancer_ip);
        }
        target
    };
    group.targets.extend(spec.ports.iter().map(target));
}
