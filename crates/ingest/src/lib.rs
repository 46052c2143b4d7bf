//! Profiles on their way into a Parca.

pub mod config;
mod discovery;
pub mod mend;
mod outgoing;
pub mod scrape;
pub mod send;
mod settings;
mod target;

pub use discovery::{Group, LabelMap};
pub use outgoing::{Outgoing, Refused, Sink};
pub use settings::{
    Config, ConsulSd, Discovery, DnsKind, DnsSd, FileSd, HttpSd, Job, KubernetesRole, KubernetesSd,
    ProfileSettings, Scheme,
};
