use std::fmt;
use std::time::Duration;

use http_config::{ConfigError, Environment, HttpClientConfig};
use url::Url;

/// How to reach a Pyroscope. Start from [`Settings::new`] and set what differs.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// `http://host:port` or `https://host:port`, with the path that a proxy wants before every
    /// method. Default: `http://localhost:4040`.
    pub url: String,
    /// How requests get there. Default: over HTTP, without credentials.
    pub access: Access,
    /// What requests and answers are written in; an access command gets JSON in any case.
    pub encoding: Encoding,
    /// Sent as `X-Scope-OrgID`; `a|b` reads from several tenants. Default: none.
    pub tenant: Option<String>,
    /// How long a call may take. Default: 30 s.
    pub timeout: Duration,
    /// The longest body of an answer in bytes, after decompression. Default: 64 MiB.
    pub max_response_bytes: usize,
    /// Default: `pyroscope-client/<version>`.
    pub user_agent: String,
}

/// How requests get to a server.
#[derive(Clone, Debug)]
pub enum Access {
    /// Over HTTP. Credentials, TLS, proxies and more headers are in the settings.
    Http {
        /// The settings.
        config: Box<HttpClientConfig>,
        /// The variables that may name proxies.
        environment: Environment,
    },
    /// By a program that logs in by itself.
    Command(AccessCommand),
}

/// A program that is run for each request, with `curl`'s arguments after its own:
/// `URL -s -X POST -H 'Content-Type: application/json' -d BODY`, and a header for the tenant.
///
/// No shell sees it. A body that starts with `@`, holds a NUL or is longer than 64 KiB goes to its
/// standard input, with `--data-binary @-` in the place of `-d BODY`. What it prints must be the
/// answer's body.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessCommand {
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
}

/// What requests and answers are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/proto`: small and fast.
    #[default]
    Proto,
    /// `application/json`, for what lets nothing else through.
    Json,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Not an address of a server. A URL may hold a password, so it is not shown.
    #[error("`url`: expected `http://host` or `https://host`, with a port and a path if need be: {0}")]
    Url(String),
    /// An access command without a program.
    #[error("`access_command`: expected a program and its arguments, found nothing")]
    Command,
    /// A text that does not fit into a header.
    #[error("`{key}`: expected printable ASCII, found other characters")]
    Header {
        /// Which one.
        key: &'static str,
    },
    /// Something about HTTP.
    #[error(transparent)]
    Http(#[from] ConfigError),
}

impl Settings {
    /// The defaults, for the server at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "http://localhost:4040".to_owned(),
            access: Access::default(),
            encoding: Encoding::default(),
            tenant: None,
            timeout: Duration::from_secs(30),
            max_response_bytes: 64 << 20,
            user_agent: concat!("pyroscope-client/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl Default for Access {
    fn default() -> Self {
        Self::Http { config: Box::default(), environment: Environment::empty() }
    }
}

impl AccessCommand {
    /// Splits a command at blanks, as the scripts did; quotes mean nothing.
    ///
    /// # Errors
    /// [`SettingsError::Command`] if there is nothing but blanks.
    pub fn parse(command: &str) -> Result<Self, SettingsError> {
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next().ok_or(SettingsError::Command)?;
        Ok(Self { program, args: words.collect() })
    }

    /// The program, without its arguments.
    pub fn program(&self) -> &str {
        &self.program
    }
}

/// Shows the program only: arguments may hold credentials.
impl fmt::Debug for AccessCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessCommand").field("program", &self.program).finish_non_exhaustive()
    }
}

/// Shows no credentials, those of the URL included.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = base(&self.url).map_or_else(|_| "<invalid>".to_owned(), |url| shown(&url));
        f.debug_struct("Settings")
            .field("url", &url)
            .field("access", &self.access)
            .field("encoding", &self.encoding)
            .field("tenant", &self.tenant)
            .field("timeout", &self.timeout)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("user_agent", &self.user_agent)
            .finish()
    }
}

/// The URL that method names are put after; its path ends without a slash, as a doubled one is
/// answered with a redirect.
pub(crate) fn base(text: &str) -> Result<Url, SettingsError> {
    let refuse = |reason: &str| Err(SettingsError::Url(reason.to_owned()));
    let mut url = match Url::parse(text.trim()) {
        Ok(url) => url,
        Err(error) => return refuse(&error.to_string()),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse(&format!("found the scheme `{}`", url.scheme()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("found a query or a fragment");
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// The URL of a method.
pub(crate) fn join(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/{path}"));
    url
}

/// The URL without user and password.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Neither can fail for http and https.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_never_replaced() {
        let check = |text: &str, expect: &str| {
            let found = base(text).map(|base| shown(&join(&base, "a.B/C")));
            assert_eq!(found.map_err(|error| error.to_string()).unwrap_or_else(|error| error), expect);
        };
        check("http://localhost:4040", "http://localhost:4040/a.B/C");
        check("http://localhost:4040//", "http://localhost:4040/a.B/C");
        check(
            "https://g.net/api/datasources/proxy/uid/x/",
            "https://g.net/api/datasources/proxy/uid/x/a.B/C",
        );
        check("http://me:hunter2@h/p%20q", "http://h/p%20q/a.B/C");
        let expected =
            "`url`: expected `http://host` or `https://host`, with a port and a path if need be: found ";
        check("ftp://h", &format!("{expected}the scheme `ftp`"));
        check("http://h?x=1", &format!("{expected}a query or a fragment"));
        assert!(matches!(base("localhost:4040/x"), Err(SettingsError::Url(_))));
        assert!(matches!(base(""), Err(SettingsError::Url(_))));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let mut settings = Settings::new("http://me:hunter2@h");
        settings.access = Access::Command(AccessCommand::parse(" curl -u me:hunter2 ").unwrap());
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter2") && shown.contains("curl"), "{shown}");
        assert!(matches!(AccessCommand::parse(" \t"), Err(SettingsError::Command)));
    }
}
