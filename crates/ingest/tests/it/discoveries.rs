//! Targets found by doubles that answer as the real services do, and scraped.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::get;
use axum::{Json, Router};
use ingest::scrape::{JobStatus, ScrapeOptions, Scraper};
use ingest::{Outgoing, Refused, Sink};
use serde_json::{Value, json};
use test_support::{eventually, target};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Outgoing>>>);

impl Sink for Kept {
    async fn take(&self, profile: Outgoing) -> Result<(), Refused> {
        self.0.lock().unwrap().push(profile);
        Ok(())
    }
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A program with nothing but goroutines; its port.
fn scraped() -> String {
    target("goroutine profile: total 2\n2 @ 0x11 0x21\n").rsplit(':').next().unwrap().to_owned()
}

fn start(discovery: &str, rules: &str) -> (Scraper<Kept>, Kept) {
    let off = ["memory", "block", "mutex", "process_cpu"].map(|name| format!("{name}: {{enabled: false}}"));
    let text = format!(
        "scrape_configs:\n- job_name: j\n  scrape_interval: 100ms\n  {discovery}\n  relabel_configs: [{rules}]\n  profiling_config: {{pprof_config: {{{}}}}}\n",
        off.join(", ")
    );
    let parsed = ingest::config::parse(&text, "f", Path::new(""));
    let (config, _) = parsed.unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let kept = Kept::default();
    let scraper = Scraper::new(kept.clone(), ScrapeOptions::default());
    scraper.apply(config).unwrap();
    (scraper, kept)
}

fn job(scraper: &Scraper<Kept>) -> JobStatus {
    scraper.status().remove(0)
}

/// The labels of the active targets' series, sorted.
async fn found(scraper: &Scraper<Kept>, wanted: &[&str]) {
    eventually("targets", || async {
        let mut all: Vec<String> =
            job(scraper).active.iter().map(|one| format!("{:?}", one.labels).replace('"', "")).collect();
        all.sort();
        (all == wanted).then_some(())
    })
    .await;
}

async fn profiles(kept: &Kept) {
    eventually("profiles", || async { (kept.0.lock().unwrap().len() > 2).then_some(()) }).await;
}

/// Pods in pages of one, as the API server gives them; and nothing at all while it refuses.
#[derive(Clone)]
struct Cluster {
    pods: Vec<Value>,
    asked: Arc<Mutex<Vec<String>>>,
    refuses: Arc<AtomicBool>,
}

fn pod(name: &str, port: &str, wants: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop", "uid": name, "labels": {"app": "api"},
            "annotations": {"parca.dev/scrape": wants}},
        "spec": {"nodeName": "n1", "containers": [
            {"name": "main", "image": "i:1", "ports": [{"name": "http", "containerPort": port.parse::<u16>().unwrap()}]}]},
        "status": {"podIP": "127.0.0.1", "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

async fn pods(
    State(cluster): State<Cluster>,
    uri: Uri,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    cluster.asked.lock().unwrap().push(uri.to_string());
    let may = headers.get("authorization").is_some_and(|value| value == "Bearer t0ken");
    if !may || cluster.refuses.load(Ordering::SeqCst) {
        let words = "pods is forbidden: User \"u\" cannot list resource \"pods\"";
        let status = json!({"kind": "Status", "status": "Failure", "message": words, "code": 403});
        return Err((StatusCode::FORBIDDEN, Json(status)));
    }
    let at: usize = asked.get("continue").map_or(0, |token| token.parse().unwrap());
    let next = if at + 1 < cluster.pods.len() { (at + 1).to_string() } else { String::new() };
    let list = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7", "continue": next},
        "items": [cluster.pods[at]]});
    Ok(Json(list))
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_of_a_cluster_are_found_in_pages() {
    let port = scraped();
    let pods_there = vec![pod("api-1", &port, "true"), pod("api-2", "1", "false")];
    let cluster = Cluster { pods: pods_there, asked: Arc::default(), refuses: Arc::default() };
    let router = Router::new().route("/api/v1/namespaces/shop/pods", get(pods)).with_state(cluster.clone());
    let address = serve(router).await;
    let discovery = format!(
        "kubernetes_sd_configs: [{{role: pod, api_server: 'http://{address}', namespaces: {{names: [shop]}}, selectors: [{{role: pod, label: 'app=api'}}], authorization: {{credentials: t0ken}}}}]"
    );
    let rules = "{source_labels: [__meta_kubernetes_pod_annotation_parca_dev_scrape], regex: 'true', action: keep}, {source_labels: [__meta_kubernetes_pod_name], target_label: pod}, {regex: __meta_kubernetes_pod_label_(.+), action: labelmap}";
    let (scraper, kept) = start(&discovery, rules);
    found(&scraper, &[&format!("goroutine{{app=api,instance=127.0.0.1:{port},job=j,pod=api-1}}")]).await;
    profiles(&kept).await;
    assert_eq!(job(&scraper).dropped.len(), 1, "the pod that does not want to be scraped");
    let asked = cluster.asked.lock().unwrap().clone();
    assert!(asked[0].contains("limit=500") && asked[0].contains("labelSelector=app%3Dapi"), "{asked:?}");
    assert!(asked[1].contains("continue=1"), "{asked:?}");
    scraper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_refuses_is_told_with_its_words() {
    let cluster = Cluster { pods: Vec::new(), asked: Arc::default(), refuses: Arc::default() };
    cluster.refuses.store(true, Ordering::SeqCst);
    let router = Router::new().route("/api/v1/pods", get(pods)).with_state(cluster);
    let address = serve(router).await;
    let discovery = format!("kubernetes_sd_configs: [{{role: pod, api_server: 'http://{address}'}}]");
    let (scraper, _) = start(&discovery, "");
    let error = eventually("the reason", || async { job(&scraper).errors.first().cloned() }).await;
    assert!(error.contains("found 403") && error.contains("pods is forbidden"), "{error}");
    scraper.stop().await;
}

/// The index, and the ports of each service.
type Indexed = (u64, BTreeMap<&'static str, Vec<u16>>);

/// What a Consul knows, with the index that stands for it. Calls that know the index are held back until it changes.
#[derive(Clone)]
struct Catalogue {
    state: Arc<tokio::sync::watch::Sender<Indexed>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Catalogue {
    fn set(&self, index: u64, services: &[(&'static str, &[u16])]) {
        let services = services.iter().map(|(name, ports)| (*name, ports.to_vec())).collect();
        self.state.send_replace((index, services));
    }

    /// The answer, as it is held back: until there is a higher index, or an older one, which a real one tells when the
    /// time is up.
    async fn held(
        &self,
        uri: &Uri,
        asked: &HashMap<String, String>,
    ) -> (u64, BTreeMap<&'static str, Vec<u16>>) {
        self.asked.lock().unwrap().push(uri.to_string());
        let known: u64 = asked.get("index").map_or(0, |index| index.parse().unwrap());
        assert!(known == 0 || asked["wait"] == "60s");
        self.state.subscribe().wait_for(|(index, _)| *index != known).await.unwrap().clone()
    }
}

async fn services(
    State(catalogue): State<Catalogue>,
    uri: Uri,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> ([(&'static str, String); 1], Json<Value>) {
    assert_eq!((&headers["x-consul-token"], asked["dc"].as_str()), (&"s3cret".parse().unwrap(), "dc1"));
    let (index, services) = catalogue.held(&uri, &asked).await;
    let tags = |name: &str| if name == "db" { json!(["v1"]) } else { json!(["v1", "web"]) };
    let listed: serde_json::Map<_, _> =
        services.keys().map(|name| ((*name).to_owned(), tags(name))).collect();
    ([("x-consul-index", index.to_string())], Json(Value::Object(listed)))
}

async fn instances(
    State(catalogue): State<Catalogue>,
    axum::extract::Path(name): axum::extract::Path<String>,
    uri: Uri,
    Query(asked): Query<HashMap<String, String>>,
) -> ([(&'static str, String); 1], Json<Value>) {
    assert_eq!(asked["tag"], "web");
    let (index, services) = catalogue.held(&uri, &asked).await;
    let ports = services.get(name.as_str()).cloned().unwrap_or_default();
    let entry = |port: u16| {
        let service = json!({"ID": format!("{name}-{port}"), "Service": name, "Tags": ["v1", "web"],
            "Address": "127.0.0.1", "Port": port, "Meta": {"team": "shop"}, "Weights": {"Passing": 1}});
        json!({"Node": {"ID": "x", "Node": "n1", "Address": "10.0.0.1", "Datacenter": "dc1"},
            "Service": service, "Checks": [{"CheckID": "serfHealth", "Status": "passing"}]})
    };
    ([("x-consul-index", index.to_string())], Json(ports.into_iter().map(entry).collect()))
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_of_consul_are_found_when_they_change() {
    let ports: [String; 3] = std::array::from_fn(|_| scraped());
    let [first, second, third] = ports.each_ref().map(|port| port.parse::<u16>().unwrap());
    let state = Arc::new(tokio::sync::watch::Sender::new((7, BTreeMap::new())));
    let catalogue = Catalogue { state, asked: Arc::default() };
    // What has not the tag is not asked for.
    catalogue.set(7, &[("consul", &[]), ("api", &[first]), ("db", &[second])]);
    let router = Router::new()
        .route("/v1/catalog/services", get(services))
        .route("/v1/health/service/{name}", get(instances))
        .with_state(catalogue.clone());
    let address = serve(router).await;
    // Nothing is found because time has passed.
    let discovery = format!(
        "consul_sd_configs: [{{server: '{address}', token: s3cret, datacenter: dc1, tags: [web], services: [api, shop, db], refresh_interval: 1h}}]"
    );
    let rules = "{source_labels: [__meta_consul_service], target_label: service}, {source_labels: [__meta_consul_service_metadata_team], target_label: team}, {source_labels: [__meta_consul_tags], regex: '.*,v1,.*', action: keep}";
    let (scraper, kept) = start(&discovery, rules);
    let target = |service: &str, port: u16| {
        format!("goroutine{{instance=127.0.0.1:{port},job=j,service={service},team=shop}}")
    };
    found(&scraper, &[&target("api", first)]).await;
    profiles(&kept).await;
    // An instance more, and a service more.
    catalogue.set(9, &[("api", &[first, second]), ("shop", &[third]), ("db", &[])]);
    let mut all = [target("api", first), target("api", second), target("shop", third)];
    all.sort();
    found(&scraper, &all.each_ref().map(String::as_str)).await;
    // A server that began anew, with an older index.
    catalogue.set(3, &[("shop", &[third])]);
    found(&scraper, &[&target("shop", third)]).await;
    assert_eq!(job(&scraper).errors, Vec::<String>::new());
    let asked = catalogue.asked.lock().unwrap().clone();
    assert!(
        asked.iter().any(|url| url.contains("services?dc=dc1") && url.contains("index=7&wait=60s")),
        "{asked:?}"
    );
    assert!(!asked.iter().any(|url| url.contains("service/db")), "{asked:?}");
    scraper.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_of_a_list_stay_while_the_list_cannot_be_had() {
    let port = scraped();
    let is_broken = Arc::new(AtomicBool::new(false));
    let broken = Arc::clone(&is_broken);
    let body = format!(r#"[{{"targets": ["127.0.0.1:{port}"], "labels": {{"zone": "a"}}}}]"#);
    let list = get(move || {
        let (body, is_broken) = (body.clone(), broken.load(Ordering::SeqCst));
        async move {
            if is_broken { (StatusCode::BAD_GATEWAY, "<html>502".to_owned()) } else { (StatusCode::OK, body) }
        }
    });
    let address = serve(Router::new().route("/sd", list)).await;
    let discovery = format!("http_sd_configs: [{{url: 'http://{address}/sd', refresh_interval: 1s}}]");
    let (scraper, kept) = start(&discovery, "");
    let wanted = format!("goroutine{{instance=127.0.0.1:{port},job=j,zone=a}}");
    found(&scraper, &[&wanted]).await;
    is_broken.store(true, Ordering::SeqCst);
    let error = eventually("the reason", || async { job(&scraper).errors.first().cloned() }).await;
    assert!(error.contains("found 502"), "{error}");
    kept.0.lock().unwrap().clear();
    profiles(&kept).await;
    found(&scraper, &[&wanted]).await;
    scraper.stop().await;
}
