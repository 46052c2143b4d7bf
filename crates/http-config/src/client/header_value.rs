//! Values of headers that carry credentials.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use crate::CredentialError;

/// User and password that stand in the URL, as Go's client sends them.
pub(super) fn from_url(uri: &Uri, headers: &mut HeaderMap) {
    let Some((user, _)) = uri.authority().and_then(|authority| authority.as_str().rsplit_once('@')) else {
        return;
    };
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    if !headers.contains_key(AUTHORIZATION) {
        headers.insert(AUTHORIZATION, basic(&decode(user), &decode(password)));
    }
}

/// `Basic` with user and password.
pub(super) fn basic(user: &str, password: &str) -> HeaderValue {
    let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let mut value = HeaderValue::from_str(&text).expect("base64 fits into a header");
    value.set_sensitive(true);
    value
}

/// A header's value that is not shown.
pub(super) fn header(text: &str, key: &str) -> Result<HeaderValue, CredentialError> {
    let mut value =
        HeaderValue::from_str(text).map_err(|_| CredentialError::NotAHeader { key: key.to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Undoes percent-encoding; bytes that are no UTF-8 are replaced.
pub(super) fn decode(text: &str) -> String {
    // `+` means itself here, and a space in a form: it is hidden from the form's decoder.
    let text = text.replace('+', "%2B");
    url::form_urlencoded::parse(format!("x={}", text.replace('&', "%26")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
