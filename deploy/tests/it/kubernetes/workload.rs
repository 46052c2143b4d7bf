//! What a workload says of itself has to agree: selectors with labels, ports with probes, mounts with volumes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::typed::manifests;

/// A container of a manifest, with its pod.
pub(super) struct Container {
    /// The program that it runs.
    pub(super) program: String,
    pub(super) spec: Value,
    pub(super) pod: Value,
    /// The kind and the whole document.
    pub(super) document: Value,
}

pub(super) fn containers() -> Vec<Container> {
    let with_pods = manifests().into_iter().filter(|(_, one)| one["spec"]["template"].is_object());
    let all: Vec<Container> = with_pods
        .map(|(_, document)| {
            let pod = document["spec"]["template"]["spec"].clone();
            let spec = pod["containers"][0].clone();
            assert_eq!(pod["containers"].as_array().map(Vec::len), Some(1));
            let program = spec["image"].as_str().unwrap().split(':').next().unwrap().to_owned();
            Container { program, spec, pod, document }
        })
        .collect();
    assert_eq!(all.len(), 5);
    all
}

/// The texts of a list of objects at one of their keys.
fn texts<'a>(list: &'a Value, key: &str) -> BTreeSet<&'a str> {
    list.as_array().into_iter().flatten().map(|one| one[key].as_str().unwrap()).collect()
}

#[test]
fn images_have_the_version_of_the_programs() {
    for container in containers() {
        assert_eq!(container.spec["image"], format!("{}:{}", container.program, env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn selectors_find_their_pods() {
    let containers = containers();
    let labels_of =
        |container: &Container| container.document["spec"]["template"]["metadata"]["labels"].clone();
    let holds = |selector: &Value, labels: &Value| {
        let wanted = selector.as_object().unwrap_or_else(|| panic!("no selector: {selector}"));
        !wanted.is_empty() && wanted.iter().all(|(key, value)| labels[key] == *value)
    };
    for container in containers.iter().filter(|one| one.document["kind"] != "Job") {
        assert!(holds(&container.document["spec"]["selector"]["matchLabels"], &labels_of(container)));
    }
    for (file, one) in manifests() {
        let selector = match one["kind"].as_str().unwrap() {
            "Service" => &one["spec"]["selector"],
            "NetworkPolicy" => &one["spec"]["podSelector"]["matchLabels"],
            // Of a Service, whose labels are its pods'.
            "ServiceMonitor" => &one["spec"]["selector"]["matchLabels"],
            _ => continue,
        };
        assert_eq!(
            containers.iter().filter(|of| holds(selector, &labels_of(of))).count(),
            1,
            "{file}: {selector}"
        );
    }
}

#[test]
fn ports_and_volumes_that_are_named_are_there() {
    for Container { program, spec, pod, document } in containers() {
        let ports = texts(&spec["ports"], "name");
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let Some(get) = spec[probe].get("httpGet") else { continue };
            assert!(ports.contains(get["port"].as_str().unwrap()), "{program}: {probe}");
        }
        let claims = document["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten();
        let mut volumes = texts(&pod["volumes"], "name");
        let claimed: Vec<&str> = claims.map(|claim| claim["metadata"]["name"].as_str().unwrap()).collect();
        volumes.extend(claimed);
        assert_eq!(texts(&spec["volumeMounts"], "name"), volumes, "{program}");
    }
}

#[test]
fn programs_that_profile_themselves_have_a_folder_for_samples() {
    for Container { program, spec, document, .. } in containers() {
        let mounts = texts(&spec["volumeMounts"], "mountPath");
        let profiles_itself =
            ["parca-embedded", "parca-load"].contains(&program.as_str()) && document["kind"] != "Job";
        assert_eq!(mounts.contains("/tmp"), profiles_itself, "{program}");
    }
}

#[test]
fn pods_have_no_rights_and_containers_have_bounds() {
    for Container { program, spec, pod, .. } in containers() {
        let security = &spec["securityContext"];
        assert_eq!(security["readOnlyRootFilesystem"], true, "{program}");
        assert_eq!(security["allowPrivilegeEscalation"], false, "{program}");
        assert_eq!(security["capabilities"]["drop"][0], "ALL", "{program}");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{program}");
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{program}");
        // Only who asks the API server has a token for it.
        assert_eq!(pod["automountServiceAccountToken"], program == "parca-ingest", "{program}");
        for bound in ["requests", "limits"] {
            assert!(spec["resources"][bound]["memory"].is_string(), "{program} has no {bound}");
        }
    }
}

#[test]
fn a_pod_that_is_told_to_stop_has_longer_than_the_program_takes() {
    let seconds = |text: &str| text.strip_suffix('s').and_then(|text| text.parse::<u64>().ok());
    for Container { program, spec, pod, .. } in containers() {
        let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
        let args = spec["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap());
        let own = args.filter_map(|arg| seconds(arg.strip_prefix("--shutdown-timeout=")?)).next();
        assert!(grace > own.unwrap_or(10), "{program}: {grace} s for {own:?} s");
    }
}
