//! The signed assertion of the JWT grant (RFC 7523).
//!
//! Signed with ring, which TLS brings along: the kept crates for JWT want either aws-lc-rs or the
//! `rsa` crate, whose timing leak is open (RUSTSEC-2023-0071), and the form is three texts.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Map, Value, json};

use crate::CredentialError;
use crate::config::{JwtAlgorithm, OAuth2, text};

/// How long an assertion holds: Prometheus' value.
const LIFETIME: Duration = Duration::from_secs(600);

/// Header, claims and signature; `now` counts from 1970.
pub(super) fn assertion(
    oauth2: &OAuth2,
    algorithm: JwtAlgorithm,
    key: &str,
    now: Duration,
) -> Result<String, CredentialError> {
    let mut header = json!({"alg": algorithm.name(), "typ": "JWT"});
    if let Some(id) = text(&oauth2.client_certificate_key_id) {
        header["kid"] = json!(id);
    }
    let signed = format!("{}.{}", part(&header), part(&claims(oauth2, &random_id()?, now)));
    let signature = sign(algorithm, key, signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn claims(oauth2: &OAuth2, random_id: &str, now: Duration) -> Value {
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    set("iss", json!(text(&oauth2.iss).unwrap_or(&oauth2.client_id)));
    set("sub", json!(oauth2.client_id));
    set("aud", json!(text(&oauth2.audience).unwrap_or(&oauth2.token_url)));
    set("jti", json!(random_id));
    set("iat", json!(now.as_secs()));
    set("exp", json!((now + LIFETIME).as_secs()));
    if !oauth2.scopes.is_empty() {
        set("scope", json!(oauth2.scopes.join(" ")));
    }
    claims.extend(oauth2.claims.clone());
    Value::Object(claims)
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A random UUID (version 4).
fn random_id() -> Result<String, CredentialError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| wrong_key("no random numbers to use it with"))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

fn sign(algorithm: JwtAlgorithm, key: &str, message: &[u8]) -> Result<Vec<u8>, CredentialError> {
    let encoding: &'static dyn RsaEncoding = match algorithm {
        JwtAlgorithm::Rs256 => &RSA_PKCS1_SHA256,
        JwtAlgorithm::Rs384 => &RSA_PKCS1_SHA384,
        JwtAlgorithm::Rs512 => &RSA_PKCS1_SHA512,
    };
    let pair = key_pair(key)?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
        .map_err(|_| wrong_key("one that does not sign"))?;
    Ok(signature)
}

fn key_pair(pem: &str) -> Result<RsaKeyPair, CredentialError> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| wrong_key("no private key"))?;
    match &key {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        _ => return Err(wrong_key("another kind of key")),
    }
    .map_err(|rejected| wrong_key(&rejected.to_string()))
}

fn wrong_key(found: &str) -> CredentialError {
    CredentialError::Key { found: found.to_owned() }
}
