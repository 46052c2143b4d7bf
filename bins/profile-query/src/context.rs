//! What all commands share: the environment, the configuration, which server is meant.

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use http_config::{Environment, Secret};
use query::backend::{Backend, BackendError};
use query::deployments::{ConfigError, Deployment, Deployments, Kind, config_path, from_environment};

use crate::args::{Server, Words};
use crate::failure::Failure;
use crate::{output, progress};

/// What all commands share.
pub(crate) struct Context {
    server: Server,
    environment: Environment,
    pub(crate) now: SystemTime,
    pub(crate) color: bool,
}

/// To the millisecond, which is as exact as servers are asked.
pub(crate) fn now() -> SystemTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

impl Context {
    pub(crate) fn new(server: Server) -> Result<Self, Failure> {
        let color = output::color(&server.color)?;
        Ok(Self { server, environment: ops::environment().collect(), now: now(), color })
    }

    /// Whether programs read what is written.
    pub(crate) fn json(&self) -> bool {
        self.server.json
    }

    /// A variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name)
    }

    /// Says what is odd and stops nobody.
    pub(crate) fn warn(&self, warning: &str) {
        let warning = words::safe(warning);
        output::words(&match self.json() {
            true => serde_json::json!({ "warning": warning }).to_string(),
            false => format!("warning: {warning}"),
        });
    }

    /// Says what is good to know; not where programs read what is said.
    pub(crate) fn say(&self, note: &str) {
        if !self.json() {
            output::words(&format!("note: {}", words::safe(note)));
        }
    }

    /// The configuration, with its warnings said.
    pub(crate) fn deployments(&self) -> Result<Deployments, Failure> {
        let deployments = Deployments::load(&self.config_path()?)?;
        for warning in &deployments.warnings {
            self.warn(&warning.to_string());
        }
        Ok(deployments)
    }

    fn config_path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.server.config {
            return Ok(PathBuf::from(path));
        }
        let none = || Failure::usage("expected a configuration file: HOME and SRE_CONFIG are not set");
        config_path(&self.environment).ok_or_else(none)
    }

    /// The kind that `--backend` names.
    pub(crate) fn kind(&self) -> Result<Option<Kind>, Failure> {
        match self.server.backend.as_deref() {
            None => Ok(None),
            Some("pyroscope") => Ok(Some(Kind::Pyroscope)),
            Some("parca") => Ok(Some(Kind::Parca)),
            Some(other) => {
                Err(Failure::usage(format!("--backend: expected pyroscope or parca, found `{other}`")))
            }
        }
    }

    /// Whether a server was typed, so that no word names a deployment.
    pub(crate) fn has_url(&self) -> bool {
        self.server.url.is_some()
    }

    /// The deployment that the next word names; with `--url` no word is taken but `-`.
    pub(crate) fn deployment(&self, words: &mut Words) -> Result<Deployment, Failure> {
        self.deployment_or(words, Kind::Pyroscope)
    }

    /// The deployment that is meant; a server of which nobody said what it is, is of this kind.
    pub(crate) fn deployment_or(&self, words: &mut Words, kind: Kind) -> Result<Deployment, Failure> {
        if let Some(url) = &self.server.url {
            words.skip("-");
            let deployment = Deployment::at_url(url, self.kind()?.unwrap_or(kind))?;
            return self.with_flags(deployment, true);
        }
        match words.next() {
            Some(name) => self.named(&name),
            None => Err(self.without_a_name()),
        }
    }

    /// The deployment of a name; `-` is the server that the environment names.
    pub(crate) fn named(&self, name: &str) -> Result<Deployment, Failure> {
        if name == "-" {
            let deployment = from_environment(self.kind()?, &self.environment)?;
            return self.with_flags(deployment, false);
        }
        let deployments = self.deployments()?;
        let deployment = deployments.find(name, self.kind()?).map_err(|error| self.unknown(error))?;
        self.with_flags(deployment.clone(), false)
    }

    fn unknown(&self, error: ConfigError) -> Failure {
        let failure = Failure::from(error);
        match self.config_path() {
            Ok(path) => failure.hint(format!("deployments are in `{}`", path.display())),
            Err(_) => failure,
        }
    }

    /// As the scripts did, with the list of those there are.
    fn without_a_name(&self) -> Failure {
        let failure = Failure::usage("expected DEPLOYMENT, found no more words");
        match self.deployments() {
            Ok(deployments) if deployments.list.is_empty() => {
                failure.hint("there are no deployments yet; --url names a server")
            }
            Ok(deployments) => {
                let names: Vec<&str> = deployments.list.iter().map(|listed| listed.name.as_str()).collect();
                failure.hint(format!("available deployments: {}", names.join(", ")))
            }
            Err(error) => failure.hint(format!("{}; --url names a server", error.message())),
        }
    }

    /// What flags say counts more than what the file says, and the environment only for a server that
    /// was typed: a token must not go to whom it is not for.
    fn with_flags(&self, mut deployment: Deployment, typed: bool) -> Result<Deployment, Failure> {
        let server = &self.server;
        if server.token.is_some() || server.token_file.is_some() || server.username.is_some() {
            (deployment.token, deployment.token_file) = (None, None);
            (deployment.username, deployment.password, deployment.password_file) = (None, None, None);
            deployment.access_command = None;
        }
        let set = |to: &mut Option<String>, from: &Option<String>| {
            if from.is_some() {
                to.clone_from(from);
            }
        };
        set(&mut deployment.tenant, &server.tenant);
        set(&mut deployment.username, &server.username);
        set(&mut deployment.server_name, &server.server_name);
        set(&mut deployment.service_label, &server.service_label.as_ref().map(|label| label.0.clone()));
        if let Some(token) = &server.token {
            deployment.token = Some(Secret::new(token));
        }
        if let Some(password) = &server.password {
            deployment.password = Some(Secret::new(password));
        }
        let paths = [
            (&mut deployment.token_file, &server.token_file),
            (&mut deployment.password_file, &server.password_file),
            (&mut deployment.ca_file, &server.ca_file),
            (&mut deployment.cert_file, &server.cert_file),
            (&mut deployment.key_file, &server.key_file),
        ];
        for (to, from) in paths {
            if let Some(path) = from {
                *to = Some(PathBuf::from(path));
            }
        }
        deployment.insecure_skip_verify |= server.insecure_skip_verify;
        for header in &server.header {
            let (name, value) = header.split_once(['=', ':']).ok_or_else(|| {
                Failure::usage("--header: expected NAME=VALUE, found no `=` (what was found is not shown)")
            })?;
            deployment.headers.push((name.trim().to_owned(), Secret::new(value.trim())));
        }
        if let Some(timeout) = &server.timeout {
            let timeout = query::times::parse_span(timeout);
            deployment.timeout =
                Some(timeout.map_err(|error| Failure::usage(format!("--timeout: {error}")))?);
        }
        if typed {
            deployment.fill_from(&self.environment);
        }
        Ok(deployment)
    }

    /// A server that can be asked.
    pub(crate) fn backend(&self, deployment: &Deployment) -> Result<Backend, Failure> {
        Ok(Backend::connect_through(deployment, self.environment.clone())?)
    }

    /// Waits for an answer; if that takes long, says so.
    pub(crate) async fn wait<T>(
        &self,
        backend: &Backend,
        call: impl Future<Output = Result<T, BackendError>>,
    ) -> Result<T, Failure> {
        match progress::while_asking(&backend.deployment().url, call).await {
            Err(error) if self.may_be_a_parca(backend, &error) => Err(self.of_the_other_kind(error).await),
            answer => Ok(answer?),
        }
    }

    /// Whether a server that was typed without its kind answers as a Parca would to a Pyroscope's calls.
    fn may_be_a_parca(&self, backend: &Backend, error: &BackendError) -> bool {
        let is_open = self.server.url.is_some() && self.server.backend.is_none();
        is_open && backend.kind() == Kind::Pyroscope && error.is_foreign()
    }

    /// The failure, which says what runs there if that is a Parca.
    async fn of_the_other_kind(&self, error: BackendError) -> Failure {
        let parca = self.server.url.as_deref().and_then(|url| Deployment::at_url(url, Kind::Parca).ok());
        let parca = parca.and_then(|deployment| self.with_flags(deployment, true).ok());
        let parca = parca.and_then(|deployment| self.backend(&deployment).ok());
        let is_parca = match &parca {
            Some(parca) => parca.stats().await.is_ok(),
            None => false,
        };
        match is_parca {
            true => {
                Failure::usage("expected a Pyroscope at --url, found a Parca").hint("add --backend parca")
            }
            false => error.into(),
        }
    }
}
