use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http_config::Secret;

/// A server and how to get in. No output of it shows a secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deployment {
    /// What people call it.
    pub name: String,
    /// What runs there.
    pub kind: Kind,
    /// `http://` or `https://`, with a path if it is below one, without a slash at the end.
    pub url: String,
    /// Bearer token.
    pub token: Option<Secret>,
    /// A file with the bearer token, where there is no `token`.
    pub token_file: Option<PathBuf>,
    /// User of HTTP Basic; counts only where there is no token.
    pub username: Option<String>,
    /// Password of HTTP Basic.
    pub password: Option<Secret>,
    /// A file with the password, where there is no `password`.
    pub password_file: Option<PathBuf>,
    /// A program with arguments, separated by blanks, that makes the requests in our place.
    pub access_command: Option<String>,
    /// Service token of Cloudflare Access; sent beside a token or a user.
    pub cf_access_client_id: Option<Secret>,
    /// The second half of Cloudflare's pair.
    pub cf_access_client_secret: Option<Secret>,
    /// Whose profiles (`X-Scope-OrgID`); several as `a|b`.
    pub tenant: Option<String>,
    /// Sent with every request. Values are often keys.
    pub headers: Vec<(String, Secret)>,
    /// PEM file of the only authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// PEM file of our certificate chain.
    pub cert_file: Option<PathBuf>,
    /// PEM file of our key.
    pub key_file: Option<PathBuf>,
    /// The name to ask for and to verify instead of the URL's host.
    pub server_name: Option<String>,
    /// Takes any certificate.
    pub insecure_skip_verify: bool,
    /// How long a request may take; 30 s if not set.
    pub timeout: Option<Duration>,
    /// The label that services are told apart by: `service_name` on Pyroscope, `job` on Parca if not set.
    pub service_label: Option<String>,
    /// What a Parca is spoken to in.
    pub protocol: Protocol,
    /// Where people look at it, if that is not `url`.
    pub ui_url: Option<String>,
    /// The largest answer that is taken, in bytes; 512 MiB if not set.
    pub max_answer_bytes: Option<usize>,
}

/// What runs on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Grafana Pyroscope.
    Pyroscope,
    /// Parca.
    Parca,
}

/// What a Parca is spoken to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// gRPC-Web over HTTP/1.1: passes every proxy.
    #[default]
    GrpcWeb,
    /// gRPC over HTTP/2.
    Grpc,
}

/// How requests are authenticated. The first that applies, in this order; what Cloudflare wants
/// goes beside a token or a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// By a program, named here.
    AccessCommand(String),
    /// By Cloudflare's headers, and behind it with a token, a user, or nothing.
    Cloudflare(Box<Auth>),
    /// By a bearer token.
    Token,
    /// By user and password.
    Basic,
    /// Not at all.
    None,
}

impl Deployment {
    /// How long a request may take where nothing is said.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
    /// The largest answer where nothing is said.
    pub const DEFAULT_MAX_ANSWER_BYTES: usize = 512 << 20;

    /// A server without any credentials.
    pub fn new(name: impl Into<String>, kind: Kind, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            url: url.into(),
            token: None,
            token_file: None,
            username: None,
            password: None,
            password_file: None,
            access_command: None,
            cf_access_client_id: None,
            cf_access_client_secret: None,
            tenant: None,
            headers: Vec::new(),
            ca_file: None,
            cert_file: None,
            key_file: None,
            server_name: None,
            insecure_skip_verify: false,
            timeout: None,
            service_label: None,
            protocol: Protocol::default(),
            ui_url: None,
            max_answer_bytes: None,
        }
    }

    /// How its requests are authenticated.
    pub fn auth(&self) -> Auth {
        if let Some(command) = &self.access_command {
            let program = command.split_whitespace().next().unwrap_or_default();
            return Auth::AccessCommand(program.to_owned());
        }
        let own = if self.token.is_some() || self.token_file.is_some() {
            Auth::Token
        } else if self.username.is_some() {
            Auth::Basic
        } else {
            Auth::None
        };
        match (&self.cf_access_client_id, &self.cf_access_client_secret) {
            (Some(_), Some(_)) => Auth::Cloudflare(Box::new(own)),
            _ => own,
        }
    }

    /// The label that services are told apart by.
    pub fn service_label(&self) -> &str {
        let default = match self.kind {
            Kind::Pyroscope => "service_name",
            Kind::Parca => "job",
        };
        self.service_label.as_deref().unwrap_or(default)
    }

    /// Whether the file that it stands in should be its owner's alone.
    pub(crate) fn has_secrets(&self) -> bool {
        self.token.is_some()
            || self.password.is_some()
            || self.cf_access_client_secret.is_some()
            || !self.headers.is_empty()
    }
}

impl Kind {
    /// As it is written in the file and in `--backend`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pyroscope => "pyroscope",
            Self::Parca => "parca",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessCommand(program) => write!(f, "access command `{program}`"),
            Self::Cloudflare(own) if **own == Self::None => f.write_str("cloudflare"),
            Self::Cloudflare(own) => write!(f, "cloudflare + {own}"),
            Self::Token => f.write_str("token"),
            Self::Basic => f.write_str("basic"),
            Self::None => f.write_str("none"),
        }
    }
}
