//! Every rule between the keys, with the key that it names.

use http_config::{Client, ConfigError, Environment, HttpClientConfig};
use serde_json::{Value, json};

use super::server::config;

#[track_caller]
fn check(json: Value, expect: &[&str]) {
    let found: Vec<String> =
        config(json.clone()).validate().into_iter().map(|mistake| mistake.path).collect();
    assert_eq!(found, expect, "{json}");
    let made = Client::new(&config(json.clone()), &Environment::empty());
    if !expect.is_empty() {
        assert!(matches!(made, Err(ConfigError::Invalid(_))), "{json}");
    }
}

#[track_caller]
fn refused(json: Value, expect: &str) {
    let error = HttpClientConfig::parse(json.clone()).unwrap_err().to_string();
    assert!(error.contains(expect), "{json}: {error}");
}

const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn oauth2(more: Value) -> Value {
    let mut block = json!({"client_id": "id", "token_url": "http://tokens/"});
    block.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"oauth2": block})
}

#[test]
fn defaults_are_prometheus() {
    let config = config(json!({}));
    assert_eq!(config, HttpClientConfig::default());
    assert!(config.follow_redirects && config.enable_http2.is_none() && !config.proxy_from_environment);
    check(json!({}), &[]);
}

#[test]
fn at_most_one_way_to_authenticate() {
    let (basic, scheme) = (json!({"username": "u"}), json!({"credentials": "c"}));
    check(json!({"bearer_token": "t", "bearer_token_file": "f"}), &["bearer_token_file"]);
    check(json!({"basic_auth": basic, "bearer_token": "t"}), &["bearer_token"]);
    check(json!({"basic_auth": basic, "bearer_token_file": "f"}), &["bearer_token_file"]);
    check(json!({"authorization": scheme, "bearer_token": "t"}), &["bearer_token"]);
    check(json!({"authorization": scheme, "bearer_token_file": "t"}), &["bearer_token_file"]);
    check(json!({"basic_auth": basic, "authorization": scheme}), &["authorization"]);
    let mut both = oauth2(json!({}));
    both["bearer_token"] = json!("t");
    check(both.clone(), &["bearer_token"]);
    both["basic_auth"] = basic;
    both["authorization"] = scheme;
    check(both, &["authorization", "oauth2", "bearer_token"]);
}

#[test]
fn at_most_one_source_of_each_value() {
    let all = |name: &str| json!({"basic_auth": {name: "a", format!("{name}_file"): "b", format!("{name}_ref"): "c"}});
    let user = ["basic_auth.username_file", "basic_auth.username_ref", "basic_auth.username_ref"];
    let password = ["basic_auth.password_file", "basic_auth.password_ref", "basic_auth.password_ref"];
    check(all("username"), &user);
    check(all("password"), &password);
    check(json!({"basic_auth": {}}), &[]);
    check(json!({"basic_auth": {"username": "", "username_file": "f"}}), &[]);
    let authorization = json!({"authorization": {"credentials": "a", "credentials_file": "b"}});
    check(authorization, &["authorization.credentials_file"]);
    check(json!({"authorization": {"credentials_ref": "a"}}), &["authorization.credentials_ref"]);
    check(json!({"authorization": {"type": " BaSic "}}), &["authorization.type"]);
    check(json!({"authorization": {"type": "a b"}}), &["authorization.type"]);
    check(json!({"authorization": {}}), &[]);
}

#[test]
fn oauth2_needs_its_keys() {
    check(oauth2(json!({})), &[]);
    check(json!({"oauth2": {}}), &["oauth2.client_id", "oauth2.token_url"]);
    check(oauth2(json!({"token_url": "tokens"})), &["oauth2.token_url"]);
    let secrets = json!({"client_secret": "a", "client_secret_file": "b"});
    check(oauth2(secrets), &["oauth2.client_secret_file"]);
    check(oauth2(json!({"client_secret_ref": "b"})), &["oauth2.client_secret_ref"]);
    check(oauth2(json!({"grant_type": "password"})), &["oauth2.grant_type"]);
    check(oauth2(json!({"grant_type": "client_credentials"})), &[]);
    check(oauth2(json!({"grant_type": JWT})), &["oauth2.client_certificate_key"]);
    let keys = json!({"grant_type": JWT, "client_certificate_key": "a", "client_certificate_key_file": "b"});
    check(oauth2(keys), &["oauth2.client_certificate_key_file"]);
    for algorithm in ["RS256", "RS384", "RS512"] {
        let block =
            json!({"grant_type": JWT, "client_certificate_key": "a", "signature_algorithm": algorithm});
        assert!(config(oauth2(block)).validate().is_empty(), "{algorithm}");
    }
    let block = json!({"grant_type": JWT, "client_certificate_key": "a", "signature_algorithm": "HS256"});
    check(oauth2(block), &["oauth2.signature_algorithm"]);
    check(oauth2(json!({"no_proxy": "a"})), &["oauth2.no_proxy"]);
    check(oauth2(json!({"tls_config": {"cert": "c"}})), &["oauth2.tls_config.cert"]);
}

#[test]
fn sigv4_keys() {
    let sigv4 = |block: Value, expect: &[&str]| check(json!({"sigv4": block}), expect);
    sigv4(json!({}), &[]);
    sigv4(json!({"access_key": "a", "secret_key": "b", "role_arn": "c", "external_id": "d"}), &[]);
    sigv4(json!({"access_key": "a"}), &["sigv4.access_key"]);
    sigv4(json!({"secret_key": "a"}), &["sigv4.secret_key"]);
    sigv4(json!({"external_id": "a"}), &["sigv4.external_id"]);
    check(json!({"sigv4": {}, "basic_auth": {}}), &["sigv4"]);
    check(json!({"sigv4": {}, "bearer_token": "t"}), &["bearer_token"]);
    refused(json!({"sigv4": {"use_fips_sts_endpoint": "x"}}), "`sigv4.use_fips_sts_endpoint`");
}

#[cfg(feature = "cloud")]
#[test]
fn azuread_keys() {
    let azuread = |block: Value, expect: &[&str]| check(json!({"azuread": block}), expect);
    let id = "00000000-0000-0000-0000-00000000000a";
    azuread(json!({}), &["azuread.managed_identity"]);
    azuread(json!({"managed_identity": {}}), &[]);
    azuread(json!({"managed_identity": {"client_id": id}, "cloud": "AzureChina"}), &[]);
    azuread(json!({"managed_identity": {"client_id": "a"}}), &["azuread.managed_identity.client_id"]);
    let both = json!({"managed_identity": {}, "workload_identity": {"client_id": id, "tenant_id": id}});
    azuread(both, &["azuread.workload_identity"]);
    let empty = ["azuread.workload_identity.client_id", "azuread.workload_identity.tenant_id"];
    azuread(json!({"workload_identity": {}}), &empty);
    let empty = ["azuread.oauth.client_id", "azuread.oauth.client_secret", "azuread.oauth.tenant_id"];
    azuread(json!({"oauth": {}}), &empty);
    let oauth = json!({"client_id": id, "client_secret": "s", "tenant_id": "a.b-1"});
    azuread(json!({"oauth": oauth, "scope": "https://a.test/.default"}), &[]);
    azuread(json!({"oauth": oauth, "scope": "a&b"}), &["azuread.scope"]);
    azuread(json!({"oauth": oauth, "authority_host": "a b"}), &["azuread.authority_host"]);
    azuread(json!({"oauth": oauth, "authority_host": "http://far.test"}), &[]);
    azuread(json!({"sdk": {"tenant_id": "x"}}), &["azuread.sdk"]);
    azuread(json!({"certificate": {}}), &["azuread.certificate"]);
    check(json!({"azuread": {"managed_identity": {}}, "sigv4": {}}), &["azuread"]);
    refused(json!({"azuread": {"cloud": "AzureMoon"}}), "`azuread.cloud`");
    let clear = config(json!({"azuread": {"oauth": oauth, "authority_host": "http://far.test"}}));
    let error = Client::new(&clear, &Environment::empty()).unwrap_err().to_string();
    assert_eq!(error, "`azuread.authority_host`: expected https, or http on a loopback address");
}

#[test]
fn tls_keys() {
    let tls = |block: Value, expect: &[&str]| check(json!({"tls_config": block}), expect);
    tls(json!({"ca": "a", "ca_file": "b"}), &["tls_config.ca_file"]);
    tls(json!({"cert": "a", "cert_file": "b", "key": "k"}), &["tls_config.cert_file"]);
    tls(json!({"key": "a", "key_file": "b", "cert": "k"}), &["tls_config.key_file"]);
    tls(json!({"ca_ref": "a"}), &["tls_config.ca_ref"]);
    tls(json!({"cert_file": "a"}), &["tls_config.cert_file"]);
    tls(json!({"key": "a"}), &["tls_config.key"]);
    tls(json!({"server_name": "not a name"}), &["tls_config.server_name"]);
    tls(json!({"max_version": "TLS11"}), &["tls_config.max_version"]);
    tls(json!({"min_version": "TLS13", "max_version": "TLS12"}), &["tls_config.max_version"]);
    tls(json!({"min_version": "TLS10", "max_version": "TLS12"}), &[]);
    refused(json!({"tls_config": {"min_version": "TLS14"}}), "`tls_config.min_version`");
    let old = config(json!({"tls_config": {"min_version": "TLS11", "insecure_skip_verify": true}}));
    let warned: Vec<String> = old.warnings().into_iter().map(|warning| warning.path).collect();
    assert_eq!(warned, ["tls_config.min_version", "tls_config.insecure_skip_verify"]);
}

#[test]
fn proxy_keys() {
    let url = "http://proxy:3128";
    check(json!({"proxy_url": url, "no_proxy": "a.com", "proxy_connect_header": {"A": ["b"]}}), &[]);
    check(json!({"proxy_from_environment": true, "proxy_connect_header": {"A": ["b"]}}), &[]);
    check(json!({"proxy_connect_header": {"A": ["b"]}}), &["proxy_connect_header"]);
    check(json!({"proxy_from_environment": true, "proxy_url": url}), &["proxy_from_environment"]);
    check(json!({"proxy_from_environment": true, "no_proxy": "a"}), &["no_proxy"]);
    check(json!({"no_proxy": "a"}), &["no_proxy"]);
    check(json!({"proxy_url": "", "no_proxy": "a"}), &["no_proxy"]);
    let wrong = json!({"proxy_url": url, "proxy_connect_header": {"A": ["b\n"]}});
    check(wrong, &["proxy_connect_header.A"]);
    refused(json!({"proxy_url": "ftp://proxy"}), "`proxy_url`: expected a proxy");
}

#[test]
fn reserved_headers() {
    let both = [
        "Authorization",
        "Host",
        "Content-Encoding",
        "Content-Length",
        "Content-Type",
        "User-Agent",
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "WWW-Authenticate",
        "Accept-Encoding",
        "X-Prometheus-Remote-Write-Version",
        "X-Prometheus-Remote-Read-Version",
        "X-Amz-Date",
        "X-Amz-Security-Token",
        "X-Amz-Content-Sha256",
    ];
    for name in both {
        check(json!({"headers": {name: "v"}}), &[&format!("headers.{name}")]);
        check(json!({"http_headers": {name: {"values": ["v"]}}}), &[&format!("http_headers.{name}")]);
    }
    let name = "X-Prometheus-Scrape-Timeout-Seconds";
    check(json!({"headers": {name: "1"}}), &[]);
    check(json!({"http_headers": {name: {"values": ["1"]}}}), &[&format!("http_headers.{name}")]);
    check(json!({"headers": {"a b": "v", "X-Ok": "line\nend"}}), &["headers.X-Ok", "headers.a b"]);
    check(json!({"http_headers": {"X-A": {"secrets": ["\u{7f}"]}}}), &["http_headers.X-A"]);
}

#[test]
fn wrong_shapes_name_the_key() {
    refused(json!({"basic_auth": {"user": "u"}}), "`basic_auth.user`: unknown field");
    refused(json!({"tls_config": {"insecure_skip_verify": "x"}}), "`tls_config.insecure_skip_verify`");
    refused(json!({"http_headers": {"X": {"values": [["a"]]}}}), "`http_headers.X.values[0]`");
    refused(json!({"bearer_token": 271828}), "`bearer_token`: expected a text");
    refused(json!({"follow_redirect": true}), "unknown field");
    for key in HttpClientConfig::KEYS {
        let error = HttpClientConfig::parse(json!({*key: {"\u{0}": [1]}})).unwrap_err().to_string();
        assert!(!error.contains(&format!("unknown field `{key}`")), "{error}");
    }
}

#[test]
fn relative_files_are_beside_the_configuration() {
    let mut config = config(json!({
        "bearer_token_file": "/absolute",
        "basic_auth": {"username_file": "user", "password_file": ""},
        "tls_config": {"ca_file": "ca"},
        "oauth2": {"client_certificate_key_file": "key", "tls_config": {"key_file": "../k"}},
        "http_headers": {"X": {"files": ["x"]}},
    }));
    config.join_paths("/etc/exporter".as_ref());
    let shown = serde_json::to_value(&config).unwrap();
    assert_eq!(shown["bearer_token_file"], "/absolute");
    assert_eq!(shown["basic_auth"], json!({"username_file": "/etc/exporter/user", "password_file": ""}));
    assert_eq!(shown["tls_config"]["ca_file"], "/etc/exporter/ca");
    assert_eq!(shown["oauth2"]["client_certificate_key_file"], "/etc/exporter/key");
    assert_eq!(shown["oauth2"]["tls_config"]["key_file"], "/etc/exporter/../k");
    assert_eq!(shown["http_headers"]["X"]["files"], json!(["/etc/exporter/x"]));
}
