/// Keys whose values, or the values of everything inside, are credentials or may have some in them.
const SECRETS: &[&str] = &[
    "access_key",
    "bearer_token",
    "certificate_password",
    "claims",
    "client_certificate_key",
    "client_secret",
    "credentials",
    "endpoint_params",
    "headers",
    "key",
    "password",
    "proxy_connect_header",
    "proxy_url",
    "secret_key",
    "secrets",
    "token_url",
    "url",
    "values",
];

/// Blocks that are about credentials: a text in their place is likely one.
const BLOCKS: &[&str] = &["authorization", "azuread", "basic_auth", "http_headers", "oauth2", "sigv4"];

/// Whether the value at a path such as `remote_write[0].basic_auth.password` must not be shown: for config
/// files that hold such settings.
pub fn is_secret(path: &str) -> bool {
    let mut parts = path.split(['.', '[']);
    parts.clone().any(|part| SECRETS.contains(&part))
        || parts.next_back().is_some_and(|last| BLOCKS.contains(&last))
}
