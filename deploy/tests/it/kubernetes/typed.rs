//! Documents read into the types of k8s-openapi, and written again: what is not there any more was misspelt.

use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    batch::v1::Job,
    core::v1::{Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    rbac::v1::{ClusterRole, ClusterRoleBinding},
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::files::{below, read, top};
use crate::yaml::{document, documents, lost};

/// Files that are no manifests: programs read them.
const CONFIGS: [&str; 2] = ["parca.yaml", "profile-exporter-config.yaml"];

/// Every manifest with the file that it is in.
pub(super) fn manifests() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for path in below("deploy/kubernetes", ".yaml") {
        let name = path.strip_prefix(top()).unwrap().display().to_string();
        if name.ends_with("kustomization.yaml")
            || CONFIGS.iter().any(|config| name.ends_with(&format!("/{config}")))
        {
            continue;
        }
        all.extend(documents(&read(&path)).into_iter().map(|one| (name.clone(), one)));
    }
    all
}

/// What a type does not take of a document: an error, or the paths that it does not know.
fn refused<T: DeserializeOwned + Serialize>(document: &Value) -> Vec<String> {
    match serde_json::from_value::<T>(document.clone()) {
        Err(error) => vec![error.to_string()],
        Ok(typed) => lost(document, &serde_json::to_value(typed).unwrap()),
    }
}

fn judge(document: &Value) -> Vec<String> {
    let of = |key: &str| document[key].as_str().unwrap_or_default();
    match (of("apiVersion"), of("kind")) {
        ("apps/v1", "Deployment") => refused::<Deployment>(document),
        ("apps/v1", "StatefulSet") => refused::<StatefulSet>(document),
        ("batch/v1", "Job") => refused::<Job>(document),
        ("v1", "Service") => refused::<Service>(document),
        ("v1", "ServiceAccount") => refused::<ServiceAccount>(document),
        ("networking.k8s.io/v1", "NetworkPolicy") => refused::<NetworkPolicy>(document),
        ("rbac.authorization.k8s.io/v1", "ClusterRole") => refused::<ClusterRole>(document),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding") => refused::<ClusterRoleBinding>(document),
        ("monitoring.coreos.com/v1", "ServiceMonitor") => refused::<ServiceMonitor>(document),
        (version, kind) => vec![format!("no type is known for {kind} of {version}")],
    }
}

/// What the Prometheus operator reads of what we write; its types are not in k8s-openapi.
#[derive(serde::Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceMonitor {
    api_version: String,
    kind: String,
    metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
    spec: ServiceMonitorSpec,
}

#[derive(serde::Deserialize, Serialize)]
struct ServiceMonitorSpec {
    selector: k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector,
    endpoints: Vec<MonitoredEndpoint>,
}

#[derive(serde::Deserialize, Serialize)]
struct MonitoredEndpoint {
    port: String,
    path: String,
    interval: String,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kustomization {
    api_version: String,
    kind: String,
    resources: Vec<String>,
    #[serde(default)]
    config_map_generator: Vec<ConfigMap>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigMap {
    name: String,
    files: Vec<String>,
}

#[test]
fn every_document_is_what_kubernetes_types_say() {
    let manifests = manifests();
    assert!(manifests.len() > 20, "{}", manifests.len());
    let wrong: Vec<String> = manifests
        .iter()
        .flat_map(|(file, document)| {
            judge(document).into_iter().map(move |what| format!("{file}: {}: {what}", document["kind"]))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_misspelt_key_is_found() {
    let (_, mut set) = manifests().into_iter().find(|(_, one)| one["kind"] == "StatefulSet").unwrap();
    set["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] =
        serde_json::json!({"periodSeconds": 1});
    assert_eq!(judge(&set), ["spec.template.spec.containers.0.livenesProbe"]);
    set["spec"]["replicas"] = "one".into();
    assert!(judge(&set)[0].contains("invalid type: string \"one\""), "{:?}", judge(&set));
}

#[test]
fn kustomizations_name_files_that_are_there_and_leave_none_out() {
    let mut named = Vec::new();
    for path in below("deploy/kubernetes", "kustomization.yaml") {
        let one: Kustomization = serde_json::from_value(document(&read(&path)))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(
            (one.api_version.as_str(), one.kind.as_str()),
            ("kustomize.config.k8s.io/v1beta1", "Kustomization")
        );
        let folder = path.parent().unwrap();
        let files = one.config_map_generator.iter().flat_map(|map| {
            assert!(!map.name.is_empty());
            map.files.iter().map(|file| file.rsplit('=').next().unwrap().to_owned())
        });
        for resource in one.resources.iter().cloned().chain(files) {
            let resource = folder.join(resource);
            assert!(resource.exists(), "{} names {}, which is not there", path.display(), resource.display());
            named.push(resource);
        }
    }
    for file in below("deploy/kubernetes", ".yaml") {
        let is_named = file.ends_with("kustomization.yaml") || named.contains(&file);
        assert!(is_named, "{} is in no kustomization", file.display());
    }
}
