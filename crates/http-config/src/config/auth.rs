use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::mistake::{Mistakes, Report};
use super::{HttpClientConfig, path, secret, text};
use crate::Secret;

/// `basic_auth`: user and password. Either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct BasicAuth {
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A file with the user, read for every request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_file: Option<PathBuf>,
    /// Known to Prometheus, not supported here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_ref: Option<String>,
    /// The password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A file with the password, read for every request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// Known to Prometheus, not supported here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_ref: Option<String>,
}

/// `authorization`: scheme and credentials of the header of that name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Authorization {
    /// The scheme; `Bearer` when empty.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What follows the scheme.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Secret>,
    /// A file with what follows the scheme, read for every request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_file: Option<PathBuf>,
    /// Known to Prometheus, not supported here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_ref: Option<String>,
}

impl Authorization {
    /// The scheme that goes out.
    pub(crate) fn scheme(&self) -> &str {
        match self.kind.as_deref().map(str::trim) {
            None | Some("") => "Bearer",
            Some(kind) => kind,
        }
    }

    fn check(&self, mistakes: &mut impl Report) {
        let scheme = self.scheme();
        if scheme.eq_ignore_ascii_case("basic") {
            mistakes.add("type", "expected a scheme other than `basic`: use `basic_auth`".to_owned());
        } else if !scheme.bytes().all(|byte| byte.is_ascii_graphic()) {
            mistakes.add("type", format!("expected one word, found `{scheme}`"));
        }
        mistakes.at_most_one(&[
            ("credentials", secret(&self.credentials).is_some()),
            ("credentials_file", path(&self.credentials_file).is_some()),
            ("credentials_ref", text(&self.credentials_ref).is_some()),
        ]);
        mistakes.unsupported(&[("credentials_ref", &self.credentials_ref)]);
    }
}

impl BasicAuth {
    fn check(&self, mistakes: &mut impl Report) {
        mistakes.at_most_one(&[
            ("username", text(&self.username).is_some()),
            ("username_file", path(&self.username_file).is_some()),
            ("username_ref", text(&self.username_ref).is_some()),
        ]);
        mistakes.at_most_one(&[
            ("password", secret(&self.password).is_some()),
            ("password_file", path(&self.password_file).is_some()),
            ("password_ref", text(&self.password_ref).is_some()),
        ]);
        mistakes.unsupported(&[("username_ref", &self.username_ref), ("password_ref", &self.password_ref)]);
    }
}

/// The rules inside the blocks, and at most one way to authenticate.
pub(super) fn check(config: &HttpClientConfig, mistakes: &mut Mistakes) {
    mistakes.at_most_one(&[
        ("basic_auth", config.basic_auth.is_some()),
        ("authorization", config.authorization.is_some()),
        ("oauth2", config.oauth2.is_some()),
        ("sigv4", config.sigv4.is_some()),
        ("azuread", config.azuread.is_some()),
        ("bearer_token", secret(&config.bearer_token).is_some()),
        ("bearer_token_file", path(&config.bearer_token_file).is_some()),
    ]);
    if let Some(basic_auth) = &config.basic_auth {
        basic_auth.check(&mut mistakes.under("basic_auth"));
    }
    if let Some(authorization) = &config.authorization {
        authorization.check(&mut mistakes.under("authorization"));
    }
}
