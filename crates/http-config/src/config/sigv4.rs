use serde::{Deserialize, Serialize};

use super::mistake::Report;
use super::{secret, text};
use crate::Secret;

/// `sigv4`: requests signed for AWS. Without any key the usual chain of credentials is tried.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SigV4 {
    /// The region; else AWS_REGION, AWS_DEFAULT_REGION, the profile's, or the one in the URL's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The key's id; together with `secret_key` or not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    /// The key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<Secret>,
    /// A profile of the shared files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// A role to take on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// What the role's owner asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Whether the role is asked for at the FIPS endpoint.
    pub use_fips_sts_endpoint: bool,
    /// The service that is signed for; `aps` when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
}

impl SigV4 {
    pub(super) fn check(&self, mistakes: &mut impl Report) {
        match (text(&self.access_key).is_some(), secret(&self.secret_key).is_some()) {
            (true, false) => mistakes.add("access_key", "needs `secret_key`".to_owned()),
            (false, true) => mistakes.add("secret_key", "needs `access_key`".to_owned()),
            _ => {}
        }
        if text(&self.external_id).is_some() && text(&self.role_arn).is_none() {
            mistakes.add("external_id", "needs `role_arn`".to_owned());
        }
    }
}
