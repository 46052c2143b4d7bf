use http::HeaderValue;

/// The header for a token. The error does not show it.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, String> {
    if token.is_empty() {
        return Err("expected a token, found none".to_owned());
    }
    let mut header = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| "expected a token of printable ASCII, found other characters".to_owned())?;
    header.set_sensitive(true);
    Ok(header)
}
