use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::settings::bearer::bearer;
use crate::{SharedToken, Token};
use http::HeaderValue;

/// How long a token from a file is used before the file is read again.
const REREAD_AFTER: Duration = Duration::from_secs(1);

/// What `authorization` says, kept current.
pub(crate) enum Credential {
    None,
    Fixed(HeaderValue),
    File(TokenFile),
    Shared(SharedToken),
}

pub(crate) struct TokenFile {
    path: PathBuf,
    current: Mutex<Current>,
}

struct Current {
    header: HeaderValue,
    /// Nothing if the file must be read before the next call.
    read: Option<Instant>,
}

impl Credential {
    /// Reads the file, if it is one. The error never quotes the token.
    pub(crate) fn new(token: &Token) -> Result<Self, String> {
        match token {
            Token::None => Ok(Self::None),
            Token::Value(secret) => bearer(secret.expose()).map(Self::Fixed),
            Token::Shared(shared) => Ok(Self::Shared(shared.clone())),
            Token::File(path) => {
                let header = read(path)?;
                let current = Mutex::new(Current { header, read: Some(Instant::now()) });
                Ok(Self::File(TokenFile { path: path.clone(), current }))
            }
        }
    }

    /// The header to send at `now`.
    pub(crate) async fn header(&self, now: Instant) -> Option<HeaderValue> {
        match self {
            Self::None => None,
            Self::Fixed(header) => Some(header.clone()),
            Self::File(file) => Some(Box::pin(file.header(now)).await),
            Self::Shared(shared) => Some(shared.header()),
        }
    }

    /// The server did not accept the token: a file may hold a newer one.
    pub(crate) fn was_refused(&self) {
        if let Self::File(file) = self {
            file.lock().read = None;
        }
    }
}

impl TokenFile {
    async fn header(&self, now: Instant) -> HeaderValue {
        if let Some(header) = self.fresh(now) {
            return header;
        }
        let path = self.path.clone();
        match tokio::task::spawn_blocking(move || read(&path)).await {
            Ok(Ok(header)) => self.lock().header = header,
            Ok(Err(error)) => tracing::warn!(%error, "token file not readable, keeping the last token"),
            Err(_) => {}
        }
        self.lock().header.clone()
    }

    /// The header if it needs no reading. Otherwise this call is the one that reads; others go on with the old one.
    fn fresh(&self, now: Instant) -> Option<HeaderValue> {
        let mut current = self.lock();
        let age = current.read.map(|read| now.saturating_duration_since(read));
        if age.is_some_and(|age| age < REREAD_AFTER) {
            return Some(current.header.clone());
        }
        current.read = Some(now);
        None
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Result<HeaderValue, String> {
    let token = credentials::read_secret(path)
        .map_err(|error| format!("expected a readable file at `{}`: {error}", path.display()))?;
    bearer(token.expose())
}
