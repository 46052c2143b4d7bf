//! Prometheus-style HTTP client settings and the client they describe; secrets that cannot be printed.
//!
//! The keys, defaults and rules are those of prometheus/common's `HTTPClientConfig`, in any format
//! that serde reads, with `headers`, `sigv4` and `azuread` of its `remote_write`.
//! [`HttpClientConfig::validate`] tells all mistakes at once, [`from_config`] with their lines in a config file;
//! [`Client`] obeys.
//!
//! ```
//! use http_config::{Client, Environment, HttpClientConfig};
//!
//! let text = r#"{
//!     "basic_auth": {"username": "exporter", "password": "hunter2", "password_file": "password"},
//!     "no_proxy": "10.0.0.0/8"
//! }"#;
//! let mut config = HttpClientConfig::parse(&mut serde_json::Deserializer::from_str(text))?;
//! let mistakes: Vec<String> = config.validate().iter().map(ToString::to_string).collect();
//! assert_eq!(mistakes, [
//!     "`basic_auth.password_file`: at most one of these may be set, but `password` is set too",
//!     "`no_proxy`: needs `proxy_url`",
//! ]);
//! assert!(!format!("{config:?}").contains("hunter2"));
//!
//! config.basic_auth.as_mut().unwrap().password_file = None;
//! config.no_proxy = None;
//! let client = Client::new(&config, &Environment::empty())?;
//! // client.send(request, deadline).await?
//! # drop(client);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is kept from whom
//! Credentials, and the values of `http_headers` and `headers`, go to the host of the request's URL
//! and hosts under it. A redirect elsewhere, or from https to http, goes on without them, and so do
//! all that follow it. No error and no `Debug` shows a secret, or a URL's user and query.
//!
//! # What this does not know
//! What is sent: remote write, retries and queues are the caller's. The process: no environment
//! variable is read here but those that the system's certificate store is found by
//! (`SSL_CERT_FILE`, `SSL_CERT_DIR`).
//!
//! Prometheus' secret manager (`*_ref`), Azure's `sdk` and `certificate`, AWS' SSO and
//! `credential_process`: such keys are refused or such sources passed over.
//!
//! # Features
//! `cloud` (on): `sigv4` and `azuread`; without it such settings are read, and their client refused. `yaml` (on):
//! [`from_config`], for settings inside of YAML files.
//!
//! Built on hyper rather than reqwest, which cannot ask for a `server_name` other than the URL's host.

mod client;
mod config;
mod environment;
mod error;
mod no_proxy;

pub use client::{Chunks, Client, Limits};
#[cfg(feature = "yaml")]
pub use config::from_config;
pub use config::{
    Authorization, AzureAd, AzureCloud, AzureManagedIdentity, AzureOAuth, AzureWorkloadIdentity, BasicAuth,
    HeaderSources, HttpClientConfig, Mistake, Mistakes, OAuth2, ParseError, ProxyUrl, ProxyUrlError, SigV4,
    TlsConfig, TlsVersion, is_secret,
};
pub use credentials::Secret;
pub use environment::Environment;
pub use error::{ConfigError, CredentialError, SendError};
pub use no_proxy::NoProxy;
