use std::path::PathBuf;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::mistake::{Report, Under};
use super::{secret, text};
use crate::Secret;

/// `azuread`: tokens from Microsoft Entra ID. Exactly one of the ways is set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AzureAd {
    /// The cloud; AzurePublic by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud: Option<AzureCloud>,
    /// What is asked for, in place of the cloud's Azure Monitor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The identity of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_identity: Option<AzureManagedIdentity>,
    /// The identity of a Kubernetes service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<AzureWorkloadIdentity>,
    /// The identity of an application with a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth: Option<AzureOAuth>,
    /// Known to Prometheus, not supported here.
    #[serde(skip_serializing)]
    pub sdk: Option<serde::de::IgnoredAny>,
    /// Known to Prometheus, not supported here.
    #[serde(skip_serializing)]
    pub certificate: Option<serde::de::IgnoredAny>,
    /// Where tokens are, in place of the cloud's; else AZURE_AUTHORITY_HOST. Not known to Prometheus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority_host: Option<String>,
    /// Where the machine's identity is, in place of `http://169.254.169.254`. Not known to Prometheus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imds_endpoint: Option<String>,
}

/// Microsoft's separate clouds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum AzureCloud {
    /// The one for everybody.
    #[default]
    AzurePublic,
    /// The one in China.
    AzureChina,
    /// The one for the government of the United States.
    AzureGovernment,
}

#[cfg(feature = "cloud")]
impl AzureCloud {
    /// The authority and the scope of Azure Monitor, whose double slash is Microsoft's.
    pub(crate) fn places(self) -> (&'static str, &'static str) {
        match self {
            Self::AzurePublic => ("https://login.microsoftonline.com", "https://monitor.azure.com//.default"),
            Self::AzureChina => ("https://login.chinacloudapi.cn", "https://monitor.azure.cn//.default"),
            Self::AzureGovernment => {
                ("https://login.microsoftonline.us", "https://monitor.azure.us//.default")
            }
        }
    }
}

/// `azuread.managed_identity`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AzureManagedIdentity {
    /// A user-assigned identity; the system-assigned one when empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// `azuread.workload_identity`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AzureWorkloadIdentity {
    /// The application.
    pub client_id: String,
    /// The identity's tenant.
    pub tenant_id: String,
    /// The service account's token; else AZURE_FEDERATED_TOKEN_FILE, else the usual place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file_path: Option<PathBuf>,
}

/// `azuread.oauth`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AzureOAuth {
    /// The application.
    pub client_id: String,
    /// The application's secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// The application's tenant.
    pub tenant_id: String,
}

impl AzureAd {
    pub(super) fn check(&self, mistakes: &mut Under<'_>) {
        let ways = [
            ("managed_identity", self.managed_identity.is_some()),
            ("workload_identity", self.workload_identity.is_some()),
            ("oauth", self.oauth.is_some()),
            ("sdk", self.sdk.is_some()),
            ("certificate", self.certificate.is_some()),
        ];
        mistakes.at_most_one(&ways);
        if ways.iter().all(|(_, set)| !set) {
            let message = "one of `workload_identity` and `oauth` or this is required";
            mistakes.add("managed_identity", message.to_owned());
        }
        for (key, set) in &ways[3..] {
            if *set {
                mistakes.add(key, "this way to authenticate is not supported".to_owned());
            }
        }
        if let Some(scope) = text(&self.scope)
            && !scope.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_:/.-".contains(c))
        {
            mistakes.add(
                "scope",
                format!("expected letters, digits and `_:/.-`, found `{}`", scope.escape_debug()),
            );
        }
        for (key, url) in [("authority_host", &self.authority_host), ("imds_endpoint", &self.imds_endpoint)] {
            if text(url).is_some_and(|url| url.parse::<Uri>().map_or(true, |uri| uri.scheme().is_none())) {
                mistakes.add(key, "expected an http or https URL".to_owned());
            }
        }
        self.check_ways(mistakes);
    }

    fn check_ways(&self, mistakes: &mut Under<'_>) {
        if let Some(id) = self.managed_identity.as_ref().and_then(|way| text(&way.client_id)) {
            check_uuid("managed_identity.client_id", id, mistakes);
        }
        if let Some(way) = &self.workload_identity {
            check_uuid("workload_identity.client_id", &way.client_id, mistakes);
            check_uuid("workload_identity.tenant_id", &way.tenant_id, mistakes);
        }
        if let Some(way) = &self.oauth {
            check_uuid("oauth.client_id", &way.client_id, mistakes);
            if secret(&way.client_secret).is_none() {
                mistakes.add("oauth.client_secret", "required".to_owned());
            }
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
            if way.tenant_id.is_empty() || !way.tenant_id.bytes().all(fits) {
                let found = way.tenant_id.escape_debug();
                mistakes.add(
                    "oauth.tenant_id",
                    format!("expected letters, digits, `-` and `.`, found `{found}`"),
                );
            }
        }
    }
}

fn check_uuid(key: &str, text: &str, mistakes: &mut impl Report) {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let digits = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if lengths != [8, 4, 4, 4, 12] || !digits {
        mistakes.add(key, format!("expected a UUID, found `{}`", text.escape_debug()));
    }
}
