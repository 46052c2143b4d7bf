//! `kubernetes_sd_configs`.

use std::path::Path;
use std::time::Duration;

use config_file::{Field, Reader};
use http_config::Authorization;

use super::values;
use crate::settings::{Discovery, KubernetesRole, KubernetesSd, KubernetesSelector};

const ROLES: [(&str, KubernetesRole); 6] = [
    ("pod", KubernetesRole::Pod),
    ("node", KubernetesRole::Node),
    ("service", KubernetesRole::Service),
    ("endpoints", KubernetesRole::Endpoints),
    ("endpointslice", KubernetesRole::EndpointSlice),
    ("ingress", KubernetesRole::Ingress),
];

/// How often objects are listed where they cannot be watched.
const REFRESH: Duration = Duration::from_secs(30);

pub(super) fn read(field: &Field<'_>, directory: &Path) -> Option<Discovery> {
    let mut reader = field.reader()?;
    let role = reader.required("role").and_then(|field| field.choice(&ROLES));
    let mut sd = KubernetesSd {
        api_server: String::new(),
        role: role.unwrap_or(KubernetesRole::Pod),
        namespaces: Vec::new(),
        own_namespace: false,
        selectors: Vec::new(),
        attach_nodes: false,
        refresh: REFRESH,
        http: Default::default(),
    };
    reader.set("api_server", &mut sd.api_server, |field| field.parse(values::http_url));
    if let Some(mut namespaces) = reader.optional("namespaces").and_then(|field| field.reader()) {
        namespaces.set("names", &mut sd.namespaces, values::texts);
        namespaces.set("own_namespace", &mut sd.own_namespace, Field::boolean);
        namespaces.finish();
    }
    for field in reader.optional("selectors").and_then(|field| field.list()).unwrap_or_default() {
        read_selector(&field, role, &mut sd.selectors);
    }
    if let Some(mut attached) = reader.optional("attach_metadata").and_then(|field| field.reader()) {
        attached.set("node", &mut sd.attach_nodes, Field::boolean);
        attached.finish();
    }
    refuse_kubeconfig(&mut reader);
    let is_default_http = !values::http_keys().iter().any(|key| reader.has(key));
    sd.http = http_config::from_config(&mut reader, &values::http_keys(), directory);
    check_server(&reader, &sd, is_default_http);
    reader.finish();
    if sd.api_server.is_empty() {
        in_cluster(&mut sd);
    }
    role?;
    Some(Discovery::Kubernetes(Box::new(sd)))
}

fn refuse_kubeconfig(reader: &mut Reader<'_>) {
    if let Some(field) = reader.optional("kubeconfig_file") {
        field.mistake_with_hint(
            "a Parca knows it, this program does not",
            "give `api_server` with `authorization` and `tls_config`, or nothing inside of the cluster",
        );
    }
}

/// In a cluster, server and credentials are those that a pod is given; outside, nobody knows our namespace.
fn check_server(reader: &Reader<'_>, sd: &KubernetesSd, is_default_http: bool) {
    let mistake = match (sd.api_server.is_empty(), is_default_http, sd.own_namespace) {
        (true, false, _) => {
            let has = values::http_keys().into_iter().find(|key| reader.has(key)).unwrap_or_default();
            reader
                .mistake_at(has, "expected `api_server` beside settings of the client, found none")
                .with_hint("without both, server and credentials are those of the pod that this runs in")
        }
        (false, _, true) => reader
            .mistake_at("namespaces", "expected no `own_namespace` beside `api_server`")
            .with_hint("only inside of the cluster there is a namespace of our own: give `names`"),
        _ => return,
    };
    reader.report().add(mistake);
}

fn read_selector(
    field: &Field<'_>,
    of: Option<KubernetesRole>,
    selectors: &mut Vec<KubernetesSelector>,
) -> Option<()> {
    let mut reader = field.reader()?;
    let role = reader.required("role").and_then(|field| field.choice(&ROLES));
    let (mut label, mut fields) = (String::new(), String::new());
    reader.set("label", &mut label, values::text);
    reader.set("field", &mut fields, values::text);
    let (role, of) = (role?, of?);
    if !selectable(of).contains(&role) {
        let names: Vec<String> = selectable(of).iter().map(|role| format!("`{}`", name(*role))).collect();
        let message = format!("expected a role that `{}` looks at: {}", name(of), names.join(", "));
        reader.report().add(reader.mistake_at("role", message));
    }
    if selectors.iter().any(|one| one.role == role) {
        let message = format!("expected one selector of each role, found a second one of `{}`", name(role));
        reader.report().add(reader.mistake_at("role", message));
    }
    reader.finish();
    selectors.push(KubernetesSelector { role, label, field: fields });
    Some(())
}

/// The kinds of objects that a role looks at.
fn selectable(role: KubernetesRole) -> Vec<KubernetesRole> {
    use KubernetesRole::{EndpointSlice, Endpoints, Pod, Service};
    match role {
        Endpoints | EndpointSlice => vec![Pod, Service, role],
        role => vec![role],
    }
}

fn name(role: KubernetesRole) -> &'static str {
    ROLES.iter().find(|(_, one)| *one == role).map(|(name, _)| *name).unwrap_or_default()
}

/// Where a pod finds the credentials of its service account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn in_cluster(sd: &mut KubernetesSd) {
    let mut authorization = Authorization::default();
    authorization.credentials_file = Some(format!("{ACCOUNT}/token").into());
    sd.http.authorization = Some(authorization);
    let tls = sd.http.tls_config.get_or_insert_with(Default::default);
    tls.ca_file = Some(format!("{ACCOUNT}/ca.crt").into());
}
