use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use http_config::HttpClientConfig;
use profile_model::ValueType;
use relabel::RelabelRule;

use crate::group::Group;

/// What is scraped.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {
    /// The jobs, each with a name of its own.
    pub jobs: Vec<Job>,
}

/// Targets that are found and scraped alike.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Job {
    /// The value of the label `job`, unless the target has one.
    pub name: String,
    /// Time from one scrape of a profile to the next.
    pub interval: Duration,
    /// How long a scrape may take.
    pub timeout: Duration,
    /// How targets are reached, unless relabelling says otherwise.
    pub scheme: Scheme,
    /// Query parameters of every request.
    pub params: BTreeMap<String, Vec<String>>,
    /// Whether addresses in the profiles are already those of the binaries.
    pub normalized_addresses: bool,
    /// The profiles that are fetched of each target, those that are disabled left out.
    pub profiles: Vec<ProfileSettings>,
    /// Run on each target's labels.
    pub relabel: Vec<RelabelRule>,
    /// Where targets are found.
    pub discoveries: Vec<Discovery>,
    /// How requests are made.
    pub http: HttpClientConfig,
    /// A hash of the job as it is written: equal jobs need not be started again.
    pub fingerprint: u64,
}

/// A profile of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileSettings {
    /// Becomes the label `__name__`.
    pub name: String,
    /// Where it is.
    pub path: String,
    /// The window that is asked for with `seconds=`, where the profile covers one.
    pub seconds: Option<u64>,
    /// Only one such profile can be taken of a process at a time.
    pub is_exclusive: bool,
    /// The sample types to keep; empty for all.
    pub keep_sample_types: Vec<ValueType>,
}

/// How a target is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scheme {
    /// Without TLS.
    #[default]
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// As URLs write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Where targets are found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Discovery {
    /// In the config.
    Static(Vec<Group>),
    /// In files.
    File(FileSd),
    /// At a URL.
    Http(Box<HttpSd>),
    /// In the DNS.
    Dns(DnsSd),
    /// In a Consul catalogue.
    Consul(Box<ConsulSd>),
    /// In a Kubernetes cluster.
    Kubernetes(Box<KubernetesSd>),
}

/// `file_sd_configs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSd {
    /// Paths; the last part may have `*`.
    pub files: Vec<PathBuf>,
    /// How often they are read again even if nothing seems to have changed.
    pub refresh: Duration,
}

/// `http_sd_configs`.
#[derive(Clone, Debug)]
pub struct HttpSd {
    /// Where the list is.
    pub url: String,
    /// How often it is asked for.
    pub refresh: Duration,
    /// How.
    pub http: HttpClientConfig,
}

/// `dns_sd_configs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsSd {
    /// Names to resolve.
    pub names: Vec<String>,
    /// Which records.
    pub kind: DnsKind,
    /// The port, where the records have none.
    pub port: u16,
    /// How often they are resolved.
    pub refresh: Duration,
}

/// Kinds of DNS records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsKind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Services, with hosts and ports.
    Srv,
    /// Mail servers.
    Mx,
    /// Name servers.
    Ns,
}

/// `consul_sd_configs`.
#[derive(Clone, Debug)]
pub struct ConsulSd {
    /// `host:port` of the agent.
    pub server: String,
    /// `http` or `https`.
    pub scheme: Scheme,
    /// The datacentre to ask about; the agent's if empty.
    pub datacenter: String,
    /// The enterprise namespace.
    pub namespace: String,
    /// The enterprise partition.
    pub partition: String,
    /// Sent as `X-Consul-Token`.
    pub token: Option<http_config::Secret>,
    /// Services; all if empty.
    pub services: Vec<String>,
    /// Tags that a service must have.
    pub tags: Vec<String>,
    /// What a node must say of itself.
    pub node_meta: BTreeMap<String, String>,
    /// Between the tags in their label.
    pub tag_separator: String,
    /// Whether an answer may be stale.
    pub allow_stale: bool,
    /// An expression that Consul filters services by.
    pub filter: String,
    /// How often the catalogue is asked.
    pub refresh: Duration,
    /// How.
    pub http: HttpClientConfig,
}

/// `kubernetes_sd_configs`.
#[derive(Clone, Debug)]
pub struct KubernetesSd {
    /// The URL of the API server; that of the cluster we are in if empty.
    pub api_server: String,
    /// What is listed.
    pub role: KubernetesRole,
    /// Namespaces; all if empty.
    pub namespaces: Vec<String>,
    /// Whether our own namespace is one of them.
    pub own_namespace: bool,
    /// Which objects count, of the role's kind and of those that lend them labels; all of a kind without one.
    pub selectors: Vec<KubernetesSelector>,
    /// Whether targets have the labels of their node besides.
    pub attach_nodes: bool,
    /// How often objects are listed where they cannot be watched.
    pub refresh: Duration,
    /// How.
    pub http: HttpClientConfig,
}

/// Which objects of a kind count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesSelector {
    /// The kind.
    pub role: KubernetesRole,
    /// A label selector, as Kubernetes writes it.
    pub label: String,
    /// A field selector, likewise.
    pub field: String,
}

/// What is followed in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KubernetesRole {
    /// Machines.
    Node,
    /// Pods, a target per port.
    Pod,
    /// Services, a target per port.
    Service,
    /// Endpoints of services.
    Endpoints,
    /// The newer form of endpoints.
    EndpointSlice,
    /// Ingresses, a target per path.
    Ingress,
}
