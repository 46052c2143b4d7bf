//! Signatures checked by a verifier of its own, keys from every source.

use http_config::{Client, Environment};
use ring::digest::{SHA256, digest};
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};

use super::server::{Answer, Seen, Server, answer, chain, config, post, status};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signature Version 4 from the receiver's side, as in AWS' documentation; for paths without escapes.
/// Gives `id/region/service` of who signed, or `wrong`.
fn signer(seen: &Seen, secret: &str) -> String {
    let header = seen.header("authorization");
    let Some(fields) = header.strip_prefix("AWS4-HMAC-SHA256 ") else { return "unsigned".to_owned() };
    let field = |name: &str| {
        let found = fields.split(", ").find_map(|field| field.strip_prefix(name)).unwrap();
        found.trim_start_matches('=').to_owned()
    };
    let (credential, names, found) = (field("Credential"), field("SignedHeaders"), field("Signature"));
    let (id, scope) = credential.split_once('/').unwrap();
    let headers: String = names.split(';').map(|name| format!("{name}:{}\n", seen.header(name))).collect();
    let body = hex(digest(&SHA256, seen.body.as_bytes()).as_ref());
    let (path, query) = (seen.uri.path(), seen.uri.query().unwrap_or_default());
    let canonical = format!("{}\n{path}\n{query}\n{headers}\n{names}\n{body}", seen.method);
    let canonical = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{canonical}", seen.header("x-amz-date"));
    let first = format!("AWS4{secret}").into_bytes();
    let key = scope
        .split('/')
        .fold(first, |key, part| sign(&Key::new(HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec());
    if hex(sign(&Key::new(HMAC_SHA256, &key), text.as_bytes()).as_ref()) != found {
        return "wrong".to_owned();
    }
    let (_, place) = scope.split_once('/').unwrap();
    format!("{id}/{}", place.trim_end_matches("/aws4_request"))
}

fn sts_keys(action: &str, id: &str) -> Answer {
    answer(
        200,
        &format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{id}-secret</SecretAccessKey>\
         <SessionToken>{id}-token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>\
         </Credentials></{action}Result></{action}Response>"
        ),
    )
}

/// Gives role1, role2, ... to everyone.
async fn sts() -> Server {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Server::start(move |seen| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        sts_keys(&seen.field("Action"), &format!("role{number}"))
    })
    .await
}

fn client(sigv4: Value, variables: &[(&str, &str)]) -> Client {
    let environment: Environment = variables.iter().map(|(name, value)| (*name, *value)).collect();
    Client::new(&config(json!({"sigv4": sigv4, "headers": {"X-Own": "1"}})), &environment).unwrap()
}

async fn sent(client: &Client) -> Seen {
    let target = Server::ok().await;
    post(client, &target.url("/api/v1/write?a=1&b=2")).await.unwrap();
    target.last()
}

#[tokio::test]
async fn keys_in_the_settings() {
    let client = client(json!({"region": "eu-west-1", "access_key": "id", "secret_key": "s"}), &[]);
    let seen = sent(&client).await;
    assert_eq!(signer(&seen, "s"), "id/eu-west-1/aps");
    assert!(
        seen.header("authorization").contains("SignedHeaders=host;x-amz-date;x-own,"),
        "custom headers too"
    );
    assert_eq!(seen.header("x-amz-security-token"), "");
}

#[tokio::test]
async fn keys_and_region_in_the_environment() {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_SESSION_TOKEN", "session"),
        ("AWS_REGION", "eu-west-2"),
    ];
    let seen = sent(&client(json!({"service_name": "other"}), &variables)).await;
    assert_eq!(signer(&seen, "s"), "id/eu-west-2/other");
    assert_eq!(seen.header("x-amz-security-token"), "session");
}

#[tokio::test]
async fn a_role_is_asked_for_once_and_again_after_a_403() {
    let sts = sts().await;
    let url = sts.url("");
    let settings = json!({
        "region": "r", "access_key": "id", "secret_key": "s", "role_arn": "arn:1", "external_id": "ext",
    });
    let client = client(settings, &[("AWS_ENDPOINT_URL_STS", &url)]);
    for _ in 0..2 {
        let seen = sent(&client).await;
        assert_eq!(signer(&seen, "role1-secret"), "role1/r/aps");
        assert_eq!(seen.header("x-amz-security-token"), "role1-token");
    }
    let [asked] = sts.seen().try_into().unwrap();
    assert_eq!(signer(&asked, "s"), "id/r/sts");
    let fields =
        ["Action", "RoleArn", "ExternalId", "DurationSeconds", "Version"].map(|name| asked.field(name));
    assert_eq!(fields, ["AssumeRole", "arn:1", "ext", "900", "2011-06-15"]);

    let target = Server::start(|seen| {
        status(if seen.header("x-amz-security-token") == "role1-token" { 403 } else { 204 })
    })
    .await;
    assert_eq!(post(&client, &target.url("/")).await.unwrap().status(), 204);
    assert_eq!(signer(&target.last(), "role2-secret"), "role2/r/aps");
}

#[tokio::test]
async fn a_token_file_is_changed_for_keys() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "web token\n").unwrap();
    let sts = sts().await;
    let url = sts.url("/");
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:2"),
        ("AWS_ROLE_SESSION_NAME", "session"),
        ("AWS_ENDPOINT_URL", &url),
        ("AWS_DEFAULT_REGION", "r"),
    ];
    assert_eq!(signer(&sent(&client(json!({}), &variables)).await, "role1-secret"), "role1/r/aps");
    let asked = sts.last();
    assert_eq!(signer(&asked, ""), "unsigned");
    let fields = ["Action", "RoleArn", "RoleSessionName", "WebIdentityToken"].map(|name| asked.field(name));
    assert_eq!(fields, ["AssumeRoleWithWebIdentity", "arn:2", "session", "web token"]);
}

#[tokio::test]
async fn profiles_of_the_shared_files() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let settings = file(
        "config",
        "[default]\nregion = r0\n\n[profile own]\nregion=r1\n[profile circle]\nrole_arn = a\nsource_profile = other\n[profile other]\nrole_arn = b\nsource_profile = circle\n[profile role]\n# a comment\nrole_arn = arn:3\nsource_profile = own\nregion = r2\n",
    );
    let keys = file(
        "credentials",
        "[default]\naws_access_key_id = d\naws_secret_access_key = ds\n[own]\naws_access_key_id = o\naws_secret_access_key = os=\n",
    );
    let sts = sts().await;
    let url = sts.url("");
    let variables = [
        ("AWS_CONFIG_FILE", settings.as_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", &keys),
        ("AWS_ENDPOINT_URL", &url),
    ];
    assert_eq!(signer(&sent(&client(json!({}), &variables)).await, "ds"), "d/r0/aps");
    assert_eq!(signer(&sent(&client(json!({"profile": "own"}), &variables)).await, "os="), "o/r1/aps");
    let role = client(json!({"profile": "role"}), &variables);
    assert_eq!(signer(&sent(&role).await, "role1-secret"), "role1/r2/aps");
    assert_eq!(signer(&sts.last(), "os="), "o/r2/sts");

    for (profile, expect) in [("none", "no keys in profile `none`"), ("circle", "is its own source")] {
        let client = client(json!({"profile": profile, "region": "r"}), &variables);
        let text = chain(&post(&client, "http://127.0.0.1:1/").await.unwrap_err());
        assert!(text.contains(expect), "{text}");
    }
}

#[tokio::test]
async fn containers_have_keys() {
    let body = json!({"AccessKeyId": "c", "SecretAccessKey": "cs", "Token": "ct", "Expiration": "2999-01-01T00:00:00Z"});
    let container = Server::start(move |_| answer(200, &body.to_string())).await;
    let url = container.url("/keys");
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "door"),
        ("AWS_REGION", "r"),
    ];
    let seen = sent(&client(json!({}), &variables)).await;
    assert_eq!((signer(&seen, "cs"), seen.header("x-amz-security-token")), ("c/r/aps".into(), "ct".into()));
    assert_eq!(
        (container.last().header("authorization"), container.last().uri.path().to_owned()),
        ("door".into(), "/keys".into())
    );

    let far = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://far.test/keys"), ("AWS_REGION", "r")];
    let text = chain(&post(&client(json!({}), &far), "http://127.0.0.1:1/").await.unwrap_err());
    assert!(
        text.contains("expected https or a container's own address, found `http://far.test/keys`"),
        "{text}"
    );
}

#[tokio::test]
async fn machines_have_keys_and_a_region() {
    let imds = Server::start(|seen| {
        let token = seen.header("x-aws-ec2-metadata-token");
        match (seen.method.as_str(), seen.uri.path(), token.as_str()) {
            ("PUT", "/latest/api/token", "") => answer(200, "door"),
            ("GET", "/latest/meta-data/placement/region", "door") => answer(200, "r9"),
            ("GET", "/latest/meta-data/iam/security-credentials/", "door") => answer(200, "role"),
            ("GET", "/latest/meta-data/iam/security-credentials/role", "door") => answer(
                200,
                r#"{"Code": "Success", "AccessKeyId": "m", "SecretAccessKey": "ms", "Token": "mt", "Expiration": "2999-01-01T00:00:00Z"}"#,
            ),
            _ => status(404),
        }
    })
    .await;
    let seen = sent(&client(json!({}), &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &imds.url("/"))])).await;
    assert_eq!((signer(&seen, "ms"), seen.header("x-amz-security-token")), ("m/r9/aps".into(), "mt".into()));
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let sts = Server::start(|_| answer(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>hunter2</Message></Error></ErrorResponse>")).await;
    let odd = Server::start(|_| answer(200, "hunter2 <a>")).await;
    let role = json!({"region": "r", "access_key": "id", "secret_key": "hunter2", "role_arn": "arn:4"});
    let cases = [
        (
            json!({"access_key": "id", "secret_key": "hunter2"}),
            String::new(),
            "no region: set `sigv4.region`",
        ),
        (json!({"region": "r"}), String::new(), "no keys in the settings"),
        (role.clone(), sts.url(""), "gives no keys for role `arn:4`: status 403 Forbidden AccessDenied"),
        (role, odd.url(""), "gives no keys for role `arn:4`: expected keys, found something else"),
    ];
    for (settings, url, expect) in cases {
        let client = client(settings, &[("AWS_ENDPOINT_URL", &url), ("AWS_EC2_METADATA_DISABLED", "true")]);
        let error = post(&client, "http://127.0.0.1:1/").await.unwrap_err();
        let text = format!("{} {error:?}", chain(&error));
        assert!(text.contains(expect) && !text.contains("hunter2"), "{text}");
    }
}
