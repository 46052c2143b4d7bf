use http_config::{Client, Environment, HttpClientConfig};

#[test]
fn settings_that_ask_for_a_cloud_have_no_client() {
    let text = r#"{"sigv4": {"region": "eu-central-1"}}"#;
    let config = HttpClientConfig::parse(&mut serde_json::Deserializer::from_str(text)).unwrap();
    assert_eq!(config.validate(), []);
    let error = Client::new(&config, &Environment::empty()).unwrap_err().to_string();
    assert_eq!(error, "`sigv4`: this program was built without it (feature `cloud` of http-config)");
}
