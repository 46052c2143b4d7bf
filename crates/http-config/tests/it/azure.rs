//! The three ways to an Azure token, each with a double.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use http_config::{Client, Environment};
use serde_json::{Value, json};

use super::server::{Server, answer, chain, config, post, status};

const ID: &str = "00000000-0000-0000-0000-00000000000a";
const TENANT: &str = "00000000-0000-0000-0000-00000000000b";

/// Gives t1, t2, ... with the other fields of the answer.
async fn tokens(fields: Value) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |_| {
        let mut body = fields.clone();
        body["access_token"] = json!(format!("t{}", count.fetch_add(1, Ordering::Relaxed) + 1));
        answer(200, &body.to_string())
    })
    .await
}

fn client(azuread: Value, variables: &[(&str, &str)]) -> Client {
    let environment: Environment = variables.iter().map(|(name, value)| (*name, *value)).collect();
    Client::new(&config(json!({"azuread": azuread})), &environment).unwrap()
}

async fn authorization(client: &Client) -> String {
    let target = Server::ok().await;
    post(client, &target.url("/")).await.unwrap();
    target.last().header("authorization")
}

#[tokio::test]
async fn the_identity_of_a_machine() {
    let imds = tokens(json!({"expires_in": "3600", "token_type": "Bearer"})).await;
    let client = client(json!({"managed_identity": {"client_id": ID}, "imds_endpoint": imds.url("/")}), &[]);
    assert_eq!(authorization(&client).await, "Bearer t1");
    assert_eq!(authorization(&client).await, "Bearer t1");
    let [asked] = imds.seen().try_into().unwrap();
    assert_eq!((asked.method.as_str(), asked.header("metadata")), ("GET", "true".into()));
    let query = "api-version=2018-02-01&resource=https%3A%2F%2Fmonitor.azure.com%2F";
    assert_eq!(asked.uri, format!("/metadata/identity/oauth2/token?{query}&client_id={ID}").as_str());
}

#[tokio::test]
async fn the_identity_of_an_app_service() {
    let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3600;
    let service = tokens(json!({"expires_on": end})).await;
    let url = service.url("/msi");
    let client = client(
        json!({"managed_identity": {}, "cloud": "AzureChina"}),
        &[("IDENTITY_ENDPOINT", &url), ("IDENTITY_HEADER", "door")],
    );
    assert_eq!(authorization(&client).await, "Bearer t1");
    let asked = service.last();
    assert_eq!(asked.header("x-identity-header"), "door");
    assert_eq!(asked.uri, "/msi?api-version=2019-08-01&resource=https%3A%2F%2Fmonitor.azure.cn%2F");
}

#[tokio::test]
async fn the_identity_of_a_workload() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "assertion\n").unwrap();
    let authority = tokens(json!({"expires_in": 3600})).await;
    let url = authority.url("/");
    let variables =
        [("AZURE_AUTHORITY_HOST", url.as_str()), ("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap())];
    let client = client(json!({"workload_identity": {"client_id": ID, "tenant_id": TENANT}}), &variables);
    assert_eq!(authorization(&client).await, "Bearer t1");
    let asked = authority.last();
    assert_eq!(asked.uri, format!("/{TENANT}/oauth2/v2.0/token").as_str());
    let names = ["grant_type", "client_id", "scope", "client_assertion_type", "client_assertion"];
    assert_eq!(
        names.map(|name| asked.field(name)),
        [
            "client_credentials",
            ID,
            "https://monitor.azure.com//.default",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "assertion",
        ]
    );
}

#[tokio::test]
async fn the_identity_of_an_application_and_a_401() {
    let authority = tokens(json!({"expires_in": 3600})).await;
    let client = client(
        json!({
            "oauth": {"client_id": ID, "client_secret": "s&s", "tenant_id": TENANT},
            "authority_host": authority.url(""),
            "scope": "https://other.test/.default",
        }),
        &[],
    );
    let target =
        Server::start(|seen| status(if seen.header("authorization") == "Bearer t1" { 401 } else { 204 }))
            .await;
    assert_eq!(post(&client, &target.url("/")).await.unwrap().status(), 204);
    let asked = authority.last();
    assert_eq!(
        (asked.field("client_secret"), asked.field("scope")),
        ("s&s".into(), "https://other.test/.default".into())
    );
    assert_eq!(authority.seen().len(), 2);
}

#[tokio::test]
async fn a_token_without_an_end_or_past_it_is_an_error() {
    for fields in [json!({}), json!({"expires_in": 0}), json!({"expires_on": "1000"})] {
        let imds = tokens(fields).await;
        let client = client(json!({"managed_identity": {}, "imds_endpoint": imds.url("")}), &[]);
        let text = chain(&post(&client, "http://127.0.0.1:1/").await.unwrap_err());
        assert!(text.ends_with("found an answer without one"), "{text}");
    }
}
