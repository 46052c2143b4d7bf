use std::path::PathBuf;

use http_config::{Environment, Secret};

use super::build::checked_url;
use super::{ConfigError, ConfigMistake, Deployment, Kind};

/// Where the configuration is: `SRE_CONFIG`, else `config.toml` in `SRE_CONFIG_DIR`, else in
/// `~/.config/axiom-sre`. Nothing without any of the three variables (the last is `HOME`).
pub fn config_path(environment: &Environment) -> Option<PathBuf> {
    if let Some(file) = environment.get("SRE_CONFIG") {
        return Some(PathBuf::from(file));
    }
    let folder = match environment.get("SRE_CONFIG_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(environment.get("HOME")?).join(".config").join("axiom-sre"),
    };
    Some(folder.join("config.toml"))
}

/// What profilecli's variables say (`PROFILECLI_URL`, `_TOKEN`, `_USERNAME`, `_PASSWORD`,
/// `_TENANT_ID`; a user counts more than a token, as there), or for a Parca `PARCA_URL`, `_TOKEN`,
/// `_USERNAME`, `_PASSWORD`.
///
/// # Errors
/// If `kind` is open and there are both URLs, none, or one that is no URL.
pub fn from_environment(kind: Option<Kind>, environment: &Environment) -> Result<Deployment, ConfigError> {
    let wrong = |message: String| ConfigError::Environment(vec![ConfigMistake::new(0, message)]);
    let is_set = |kind: &Kind| environment.get(&format!("{}_URL", prefix(*kind))).is_some();
    let kind = match kind {
        Some(kind) => kind,
        None => match [Kind::Pyroscope, Kind::Parca].map(|kind| is_set(&kind)) {
            [true, true] => {
                return Err(wrong("expected one of PROFILECLI_URL and PARCA_URL, found both".into()));
            }
            [_, true] => Kind::Parca,
            _ => Kind::Pyroscope,
        },
    };
    let name = format!("{}_URL", prefix(kind));
    let url = environment.get(&name).ok_or_else(|| wrong(format!("expected `{name}`, found none")))?;
    let url = checked_url(url).map_err(|message| wrong(format!("`{name}`: {message}")))?;
    let mut deployment = Deployment::new("environment", kind, url);
    deployment.fill_from(environment);
    Ok(deployment)
}

fn prefix(kind: Kind) -> &'static str {
    match kind {
        Kind::Pyroscope => "PROFILECLI",
        Kind::Parca => "PARCA",
    }
}

impl Deployment {
    /// The server at a URL that was typed.
    ///
    /// # Errors
    /// If it is no URL, or one that holds a user or a query.
    pub fn at_url(url: &str, kind: Kind) -> Result<Self, ConfigError> {
        let wrong =
            |message| ConfigError::Environment(vec![ConfigMistake::new(0, format!("URL: {message}"))]);
        let url = checked_url(url).map_err(wrong)?;
        Ok(Self::new(url.clone(), kind, url))
    }

    /// Adds what the variables of its kind say about credentials and tenant and nobody has said yet.
    pub fn fill_from(&mut self, environment: &Environment) {
        let prefix = prefix(self.kind);
        let get = |name: &str| environment.get(&format!("{prefix}_{name}"));
        if self.token.is_none() && self.token_file.is_none() && self.username.is_none() {
            self.username = get("USERNAME").map(str::to_owned);
            if self.username.is_none() {
                self.token = get("TOKEN").map(Secret::new);
            }
        }
        if self.username.is_some() && self.password.is_none() && self.password_file.is_none() {
            self.password = get("PASSWORD").map(Secret::new);
        }
        if self.tenant.is_none() {
            self.tenant = get("TENANT_ID").map(str::to_owned);
        }
    }
}
