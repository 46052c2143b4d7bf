//! The shared files of all AWS tools: `~/.aws/config` and `~/.aws/credentials`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::keys::Keys;
use super::{Signer, failed};
use crate::client::source::Source;
use crate::{CredentialError, Secret};

/// A role's source may have a role itself; more than this is a circle.
const MAX_DEPTH: usize = 5;

/// Profiles with their keys and values.
#[derive(Default)]
pub(super) struct Profiles(BTreeMap<String, BTreeMap<String, Secret>>);

impl Profiles {
    pub(super) fn get(&self, profile: &str, key: &str) -> Option<&str> {
        self.0.get(profile)?.get(key).map(Secret::expose).filter(|value| !value.is_empty())
    }

    /// Adds a file's profiles; its values win over those that are there. In `config` all but
    /// `default` are written `[profile name]`.
    fn add(&mut self, text: &str) {
        let mut profile = None;
        for line in text.lines() {
            if let Some(header) = line.trim_end().strip_prefix('[').and_then(|line| line.split(']').next()) {
                let name = header.trim();
                profile = Some(name.strip_prefix("profile ").map_or(name, str::trim).to_owned());
            } else if line.starts_with([' ', '\t', '#', ';']) {
                // A comment, or a sub-key of a nested setting, none of which is used here.
            } else if let (Some(profile), Some((key, value))) = (&profile, line.split_once('=')) {
                let values = self.0.entry(profile.clone()).or_default();
                values.insert(key.trim().to_ascii_lowercase(), Secret::new(value.trim()));
            }
        }
    }

    fn keys(&self, profile: &str) -> Option<Keys> {
        let (id, key) =
            (self.get(profile, "aws_access_key_id")?, self.get(profile, "aws_secret_access_key")?);
        Some(Keys::lasting(id, key, self.get(profile, "aws_session_token")))
    }
}

impl Signer {
    /// The profile's keys, perhaps by way of its role; none without such a profile.
    pub(super) async fn profile(&self, region: &str, name: &str) -> Result<Option<Keys>, CredentialError> {
        let profiles = self.read_profiles().await;
        let mut roles = Vec::new();
        let mut name = name;
        while let Some(role) = profiles.get(name, "role_arn") {
            roles.push((role, profiles.get(name, "external_id")));
            if let Some(file) = profiles.get(name, "web_identity_token_file") {
                roles.pop();
                let session = profiles.get(name, "role_session_name");
                let keys = self.web_identity(region, file, role, session).await?;
                return self.through(region, keys, roles).await.map(Some);
            }
            let Some(source) = profiles.get(name, "source_profile") else {
                return Err(failed(format!("profile `{name}` has a `role_arn` without `source_profile`")));
            };
            if source == name {
                break;
            }
            if roles.len() > MAX_DEPTH {
                return Err(failed(format!("profile `{name}` is its own source")));
            }
            name = source;
        }
        match profiles.keys(name) {
            Some(keys) => self.through(region, keys, roles).await.map(Some),
            None => Ok(None),
        }
    }

    /// One role after the other, the last one found first.
    async fn through(
        &self,
        region: &str,
        mut keys: Keys,
        roles: Vec<(&str, Option<&str>)>,
    ) -> Result<Keys, CredentialError> {
        for (role, external_id) in roles.into_iter().rev() {
            keys = self.assume_role(region, &keys, role, external_id).await?;
        }
        Ok(keys)
    }

    /// Both files; one that cannot be read counts as empty, as in the SDKs.
    pub(super) async fn read_profiles(&self) -> Profiles {
        let mut profiles = Profiles::default();
        for (variable, name) in
            [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")]
        {
            let home =
                || self.environment.get("HOME").map(|home| PathBuf::from(home).join(".aws").join(name));
            let Some(path) = self.environment.get(variable).map(PathBuf::from).or_else(home) else {
                continue;
            };
            let source = Source::File { key: variable.to_owned(), path };
            if let Ok(text) = source.read().await {
                profiles.add(text.expose());
            }
        }
        profiles
    }
}
