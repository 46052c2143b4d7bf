//! Prometheus labels and the rules that change them: what identifies a series, which names are allowed,
//! and the eleven actions of `relabel_configs`.
//!
//! ```
//! use relabel::{Labels, RelabelAction, RelabelConfig, RelabelRule};
//!
//! let rule = RelabelRule::new(RelabelConfig {
//!     source_labels: vec!["__address__".into()],
//!     regex: "([^:]+):.*".into(),
//!     target_label: "host".into(),
//!     action: RelabelAction::Replace,
//!     ..RelabelConfig::default()
//! })
//! .map_err(|mistakes| format!("{mistakes:?}"))?;
//! let mut labels = Labels::new([("__address__", "10.0.0.7:7070"), ("job", "api")]).unwrap();
//! assert!(rule.apply(&mut labels), "only `keep` and `drop` leave something out");
//! assert_eq!(labels.get("host"), Some("10.0.0.7"));
//! # Ok::<(), String>(())
//! ```
//!
//! [`from_config`] reads a list of rules from a config file, with all mistakes at their lines.
//!
//! # What this does not know
//! Series, samples, targets, who sends what where. Which labels a caller drops after the rules.

mod config;
mod labels;
mod rule;

pub use config::from_config;
pub use labels::{ByLabels, LabelError, Labels, METRIC_NAME, NameRules, Ready, is_reserved};
pub use rule::{RelabelAction, RelabelConfig, RelabelError, RelabelRule};
