//! Why it did not work, and the exit code that says so.

use std::error::Error;

use query::backend::{BackendError, Class};
use query::deployments::ConfigError;
use query::times::WindowError;
use serde_json::json;

/// What kind of failure it is; the numbers are the exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Failed = 1,
    Usage = 2,
    NoData = 3,
    Auth = 4,
    Beyond = 5,
}

/// A failure, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Debug)]
struct Inner {
    exit: Exit,
    /// In the vocabulary of gRPC and Connect.
    code: String,
    http_status: Option<u16>,
    url: Option<String>,
    hint: Option<String>,
    /// Which kind of nothing there is.
    reason: Option<&'static str>,
    /// The side of a comparison.
    about: Option<String>,
    error: Box<dyn Error + Send + Sync>,
}

impl Failure {
    fn new(exit: Exit, code: &str, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Box::new(Inner {
            exit,
            code: code.to_owned(),
            http_status: None,
            url: None,
            hint: None,
            reason: None,
            about: None,
            error: error.into(),
        }))
    }

    /// A failure of whoever asked wrongly.
    pub(crate) fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Usage, "invalid_argument", error)
    }

    /// A failure while the command ran.
    pub(crate) fn run(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Failed, "internal", error)
    }

    /// There is nothing.
    pub(crate) fn no_data(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::NoData, "not_found", error)
    }

    /// Changes are beyond a limit.
    pub(crate) fn beyond(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Exit::Beyond, "out_of_range", error)
    }

    /// With what it is about.
    #[must_use]
    pub(crate) fn about(mut self, what: &str) -> Self {
        self.0.about = Some(what.to_owned());
        self
    }

    /// With what to do about it, unless that is known already.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Whether there is nothing.
    pub(crate) fn is_no_data(&self) -> bool {
        self.0.exit == Exit::NoData
    }

    /// Whether a server did not take what it was sent.
    pub(crate) fn is_refusal(&self) -> bool {
        self.0.code == "invalid_argument"
    }

    /// What kind of failure it is.
    pub(crate) fn exit(&self) -> Exit {
        self.0.exit
    }

    /// What went wrong and why, in one line or with a caret below.
    pub(crate) fn message(&self) -> String {
        let error: &(dyn Error + 'static) = self.0.error.as_ref();
        let message = ops::describe(error);
        let message = message.strip_prefix("error: ").unwrap_or(&message);
        match &self.0.about {
            Some(about) => format!("{about}: {message}"),
            None => message.to_owned(),
        }
    }

    /// As words for a person.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("error: {}", self.message());
        if let Some(url) = self.0.url.as_deref().filter(|url| !text.contains(url)) {
            text.push_str(&format!("\nasked: {url}"));
        }
        if let Some(hint) = &self.0.hint {
            text.push_str(&format!("\nhint: {hint}"));
        }
        text
    }

    /// As an object for a program.
    pub(crate) fn json(&self) -> String {
        let Inner { exit, code, http_status, url, hint, reason, .. } = &*self.0;
        let mut object = json!({ "code": code, "message": self.message(), "exit": *exit as u8 });
        if let Some(status) = http_status {
            object["http_status"] = (*status).into();
        }
        for (key, text) in [("url", url.as_deref()), ("hint", hint.as_deref()), ("reason", *reason)] {
            if let Some(text) = text {
                object[key] = text.into();
            }
        }
        json!({ "error": object }).to_string()
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        let exit = match error.class() {
            Class::Failed => Exit::Failed,
            Class::Usage => Exit::Usage,
            Class::NoData => Exit::NoData,
            Class::Auth => Exit::Auth,
        };
        let reason = match &error {
            BackendError::Nothing(nothing) => Some(nothing.kind()),
            _ => None,
        };
        let (code, hint) = (error.code().to_owned(), error.hint());
        let (http_status, url) = (error.http_status(), error.url().map(str::to_owned));
        Self(Box::new(Inner {
            exit,
            code,
            http_status,
            url,
            hint,
            reason,
            about: None,
            error: Box::new(error),
        }))
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let hint = error.hint();
        let exit = if matches!(error, ConfigError::Read { .. }) { Exit::Failed } else { Exit::Usage };
        let mut failure = Self::new(exit, "invalid_argument", error);
        failure.0.hint = hint;
        failure
    }
}

impl From<WindowError> for Failure {
    fn from(error: WindowError) -> Self {
        Self::usage(error)
    }
}
