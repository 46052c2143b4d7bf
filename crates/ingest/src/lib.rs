//! Profiles on their way into a Parca or a Pyroscope: scraped from targets or pushed, made right, queued and
//! sent so that none counts twice and none that was promised is lost.
//!
//! [`config`] reads `parca.yaml`; a [`Scraper`](scrape::Scraper) collects what it says into a [`Sink`], of which
//! [`Stores`](send::Stores) is one; a [`Pusher`] sends what a program measured of itself; [`forms`] reads files
//! of other forms.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::path::Path;
//! use std::time::Duration;
//!
//! use ingest::scrape::{ScrapeOptions, Scraper};
//! use ingest::send::{StoreSettings, Stores};
//!
//! let text = "scrape_configs: [{job_name: api, static_configs: [{targets: ['localhost:6060']}]}]";
//! let (config, _warnings) = ingest::config::parse(text, "parca.yaml", Path::new("."))?;
//!
//! let store = StoreSettings::new(parca_client::Settings::new("http://localhost:7070"));
//! let stores = Stores::start(vec![store])?;
//! let scraper = Scraper::new(stores.clone(), ScrapeOptions::default());
//! scraper.apply(config).map_err(|(job, error)| format!("{job}: {error}"))?;
//! tokio::time::sleep(Duration::from_secs(60)).await;
//! scraper.stop().await;
//! stores.stop(Duration::from_secs(10)).await;
//! # Ok(())
//! # }
//! ```
//!
//! # What this does not know
//! Arguments and metrics, which the binaries have. What a store makes of a profile. Parca's agent and
//! OTLP, which reach a store by themselves.

pub mod config;
mod discovery;
pub mod forms;
mod group;
pub mod mend;
mod outgoing;
mod pusher;
pub mod scrape;
pub mod send;
mod settings;
pub mod symbols;
mod target;
pub mod web;

pub use discovery::{Group, LabelMap};
pub use outgoing::{Outgoing, Refused, Sink};
pub use pusher::{PushError, Pusher};
pub use settings::{
    Config, ConsulSd, Discovery, DnsKind, DnsSd, FileSd, HttpSd, Job, KubernetesRole, KubernetesSd,
    KubernetesSelector, ProfileSettings, Scheme,
};
