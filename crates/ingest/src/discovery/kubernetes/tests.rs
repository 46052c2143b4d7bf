use std::time::Duration;

use serde_json::{Value, json};
use test_support::eventually;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::double::Double;
use super::feed::Times;
use super::*;
use crate::discovery::{ADDRESS, Finding};
use crate::settings::KubernetesSelector;

const HOUR: Duration = Duration::from_secs(3600);
/// Nothing is seen because time has passed.
const PATIENT: Times =
    Times { refresh: HOUR, silence: HOUR, waits: (Duration::from_millis(1), Duration::from_millis(50)) };

/// A discovery at work.
struct Work {
    found: watch::Receiver<Finding>,
    task: JoinHandle<()>,
}

impl Drop for Work {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Work {
    fn start(double: &Double, times: Times, change: impl FnOnce(&mut KubernetesSd)) -> Self {
        let mut sd = KubernetesSd {
            api_server: double.url.clone(),
            role: KubernetesRole::Pod,
            namespaces: Vec::new(),
            own_namespace: false,
            selectors: Vec::new(),
            attach_nodes: false,
            refresh: HOUR,
            http: Default::default(),
        };
        change(&mut sd);
        let mut cluster = Kubernetes::new(sd, &Environment::empty()).unwrap();
        cluster.times = times;
        let (sender, found) = watch::channel(Finding::default());
        let task = tokio::spawn(async move { cluster.run(&sender).await });
        Self { found, task }
    }

    fn now(&self) -> Finding {
        self.found.borrow().clone()
    }

    /// Waits until these are the addresses of all targets.
    async fn has(&self, addresses: &[&str]) {
        eventually(&format!("{addresses:?}"), || async {
            let finding = self.now();
            let mut found: Vec<&str> = finding
                .groups
                .iter()
                .flat_map(|group| &group.targets)
                .map(|one| one[ADDRESS].as_str())
                .collect();
            found.sort_unstable();
            (finding.is_known && found == addresses).then_some(())
        })
        .await;
    }

    /// Waits for an error that has these words, or for none.
    async fn says(&self, words: Option<&str>) -> Option<String> {
        eventually(&format!("{words:?}"), || async {
            let error = self.now().error;
            let fits = match (&error, words) {
                (Some(error), Some(words)) => error.contains(words),
                (error, words) => error.is_none() && words.is_none(),
            };
            fits.then_some(error)
        })
        .await
    }

    /// Waits for a label of the first target of a group.
    async fn label(&self, source: &str, name: &str, value: Option<&str>) {
        let name = format!("__meta_kubernetes_{name}");
        eventually(&format!("{name} of {source} to be {value:?}"), || async {
            let finding = self.now();
            let group = finding.groups.iter().find(|group| group.source == source)?;
            let found = group.targets[0].get(&name).or_else(|| group.labels.get(&name));
            (found.map(String::as_str) == value).then_some(())
        })
        .await;
    }
}

fn pod(name: &str, port: u16) -> Value {
    let (namespace, name) = name.split_once('/').unwrap_or(("shop", name));
    json!({
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": "api"}},
        "spec": {"nodeName": "n1", "containers": [{"name": "main", "ports": [{"containerPort": port}]}]},
        "status": {"podIP": "10.0.0.1", "phase": "Running"},
    })
}

#[tokio::test]
async fn changes_are_seen_when_they_happen() {
    let double = Double::start().await;
    double.change(|cluster| cluster.page = 1);
    double.put("pods", pod("a", 1));
    double.put("pods", pod("b", 2));
    let work = Work::start(&double, PATIENT, |sd| {
        let role = KubernetesRole::Pod;
        sd.selectors = vec![KubernetesSelector { role, label: "app=api".into(), field: String::new() }];
    });
    work.has(&["10.0.0.1:1", "10.0.0.1:2"]).await;
    double.put("pods", pod("c", 3));
    work.has(&["10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"]).await;
    double.put("pods", pod("a", 4));
    double.delete("pods", "shop/b");
    work.has(&["10.0.0.1:3", "10.0.0.1:4"]).await;
    // It begins again from where the last one ended.
    double.change(|cluster| cluster.ends += 1);
    double.put("pods", pod("d", 5));
    work.has(&["10.0.0.1:3", "10.0.0.1:4", "10.0.0.1:5"]).await;
    assert_eq!(work.now().error, None);
    assert_eq!(double.lists(), 2, "the two pages of the first list, and none again");
    assert_eq!(double.asked(&["labelSelector=app%3Dapi"]).len(), double.asked(&["/pods"]).len());
    assert_eq!(double.asked(&["watch=1", "resourceVersion=12"]).len(), 1);
    assert_eq!(double.asked(&["watch=1", "resourceVersion=15"]).len(), 1);
}

#[tokio::test]
async fn a_connection_that_breaks_loses_no_change() {
    let double = Double::start().await;
    double.put("pods", pod("a", 1));
    let work = Work::start(&double, PATIENT, |_| {});
    work.has(&["10.0.0.1:1"]).await;
    for port in 2..5 {
        double.change(|cluster| cluster.breaks += 1);
        double.put("pods", pod("a", port));
        work.has(&[&format!("10.0.0.1:{port}")]).await;
    }
    assert_eq!((double.lists(), work.now().error), (1, None));
}

#[tokio::test]
async fn a_version_that_is_no_longer_known_is_listed_anew() {
    for expires_in_the_stream in [true, false] {
        let double = Double::start().await;
        double.put("pods", pod("a", 1));
        double.put("pods", pod("b", 2));
        let work = Work::start(&double, PATIENT, |_| {});
        work.has(&["10.0.0.1:1", "10.0.0.1:2"]).await;
        double.change(|cluster| {
            (cluster.expires_in_the_stream, cluster.watch_status) = (expires_in_the_stream, 503);
            cluster.breaks += 1;
        });
        work.says(Some("watch pods: expected 200, found 503")).await;
        // Nobody tells of these.
        double.delete("pods", "shop/a");
        double.put("pods", pod("c", 3));
        double.change(|cluster| (cluster.oldest, cluster.watch_status) = (cluster.version, 0));
        work.has(&["10.0.0.1:2", "10.0.0.1:3"]).await;
        work.says(None).await;
        double.put("pods", pod("d", 4));
        work.has(&["10.0.0.1:2", "10.0.0.1:3", "10.0.0.1:4"]).await;
        assert_eq!(double.lists(), 2);
    }
}

#[tokio::test]
async fn bookmarks_keep_a_quiet_watch_young() {
    let double = Double::start().await;
    double.put("pods", pod("a", 1));
    let work = Work::start(&double, PATIENT, |_| {});
    work.has(&["10.0.0.1:1"]).await;
    eventually("the watch", || async { (double.asked(&["watch=1"]).len() == 1).then_some(()) }).await;
    // Much happens to what is not watched, and what was is forgotten.
    (0..20).for_each(|at| double.put("nodes", json!({"metadata": {"name": format!("n{at}")}})));
    double.change(|cluster| cluster.bookmarks += 1);
    double.put("pods", pod("b", 2));
    work.has(&["10.0.0.1:1", "10.0.0.1:2"]).await;
    double.change(|cluster| {
        cluster.oldest = cluster.version;
        cluster.breaks += 1;
    });
    double.put("pods", pod("c", 3));
    work.has(&["10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"]).await;
    assert_eq!(double.lists(), 1);
}

#[tokio::test]
async fn where_nothing_can_be_watched_it_is_listed_again_and_again() {
    let soon = Times { refresh: Duration::from_millis(20), ..PATIENT };
    for status in [403, 405] {
        let double = Double::start().await;
        double.change(|cluster| cluster.watch_status = status);
        double.put("pods", pod("a", 1));
        let work = Work::start(&double, soon, |_| {});
        work.has(&["10.0.0.1:1"]).await;
        let words = format!("watch pods: expected 200, found {status}");
        let error = work.says(Some(&words)).await.unwrap();
        assert!(
            error.contains("`the watch is not for you`; the objects are listed again and again"),
            "{error}"
        );
        double.put("pods", pod("b", 2));
        work.has(&["10.0.0.1:1", "10.0.0.1:2"]).await;
        // Somebody mends the rights.
        double.change(|cluster| cluster.watch_status = 0);
        work.says(None).await;
        double.put("pods", pod("c", 3));
        work.has(&["10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"]).await;
    }
    let double = Double::start().await;
    double.change(|cluster| cluster.ignores_watches = true);
    let work = Work::start(&double, soon, |_| {});
    work.says(Some("watch pods: expected an event, found `{")).await;
}

#[tokio::test]
async fn watches_that_end_at_once_are_none() {
    let double = Double::start().await;
    double.change(|cluster| cluster.ends_at_once = true);
    double.put("pods", pod("a", 1));
    let work = Work::start(&double, PATIENT, |_| {});
    work.has(&["10.0.0.1:1"]).await;
    double.put("pods", pod("b", 2));
    work.has(&["10.0.0.1:1", "10.0.0.1:2"]).await;
}

#[tokio::test]
async fn a_watch_that_says_nothing_is_made_anew() {
    let double = Double::start().await;
    double.put("pods", pod("a", 1));
    let work = Work::start(&double, Times { silence: Duration::from_millis(20), ..PATIENT }, |_| {});
    work.has(&["10.0.0.1:1"]).await;
    eventually("watches", || async { (double.asked(&["watch=1"]).len() > 2).then_some(()) }).await;
    assert_eq!((double.lists(), work.now().error), (1, None));
}

#[tokio::test]
async fn targets_stay_while_there_is_no_answer() {
    let double = Double::start().await;
    double.put("pods", pod("a", 1));
    let work = Work::start(&double, PATIENT, |_| {});
    work.has(&["10.0.0.1:1"]).await;
    double.change(|cluster| {
        (cluster.list_status, cluster.watch_status, cluster.oldest) = (500, 410, u64::MAX);
        cluster.breaks += 1;
    });
    work.says(Some("list pods: expected 200, found 500")).await;
    work.has(&["10.0.0.1:1"]).await;
    double.change(|cluster| (cluster.list_status, cluster.watch_status, cluster.oldest) = (0, 0, 0));
    work.says(None).await;
}

#[tokio::test]
async fn each_namespace_is_followed_on_its_own() {
    let double = Double::start().await;
    ["x/a", "y/b", "z/c"].into_iter().zip(1..).for_each(|(name, port)| double.put("pods", pod(name, port)));
    let work = Work::start(&double, PATIENT, |sd| sd.namespaces = vec!["x".into(), "y".into(), "x".into()]);
    work.has(&["10.0.0.1:1", "10.0.0.1:2"]).await;
    assert_eq!(double.lists(), 2);
    // What is listed anew in one of them says nothing of the other.
    double.change(|cluster| {
        cluster.oldest = cluster.version + 1;
        cluster.ends += 1;
    });
    double.delete("pods", "x/a");
    work.has(&["10.0.0.1:2"]).await;
}

#[tokio::test]
async fn endpoints_follow_their_pods_services_and_nodes() {
    let endpoints = |role: KubernetesRole| match role {
        KubernetesRole::Endpoints => json!({"metadata": {"name": "svc", "namespace": "shop"}, "subsets": [
            {"ports": [{"port": 1}], "addresses": [{"ip": "10.0.0.1", "nodeName": "n1",
                "targetRef": {"kind": "Pod", "name": "a", "namespace": "shop"}}]}]}),
        _ => {
            json!({"metadata": {"name": "svc", "namespace": "shop", "labels": {"kubernetes.io/service-name": "svc"}},
            "ports": [{"port": 1}], "endpoints": [{"addresses": ["10.0.0.1"], "nodeName": "n1",
                "targetRef": {"kind": "Pod", "name": "a", "namespace": "shop"}}]})
        }
    };
    let service =
        |team: &str| json!({"metadata": {"name": "svc", "namespace": "shop", "labels": {"team": team}}});
    let node = |zone: &str| json!({"metadata": {"name": "n1", "labels": {"zone": zone}}});
    for (role, plural) in
        [(KubernetesRole::Endpoints, "endpoints"), (KubernetesRole::EndpointSlice, "endpointslices")]
    {
        let double = Double::start().await;
        double.put(plural, endpoints(role));
        double.put("pods", pod("a", 1));
        let work = Work::start(&double, PATIENT, |sd| (sd.role, sd.attach_nodes) = (role, true));
        work.has(&["10.0.0.1:1"]).await;
        work.label("shop/svc", "pod_label_app", Some("api")).await;
        work.label("shop/svc", "service_label_team", None).await;
        double.put("services", service("red"));
        work.label("shop/svc", "service_label_team", Some("red")).await;
        double.put("nodes", node("west"));
        work.label("shop/svc", "node_label_zone", Some("west")).await;
        double.put("nodes", node("east"));
        work.label("shop/svc", "node_label_zone", Some("east")).await;
        double.delete("services", "shop/svc");
        work.label("shop/svc", "service_name", None).await;
        // A port of the pod that no endpoint has.
        double.put("pods", pod("a", 2));
        work.has(&["10.0.0.1:1", "10.0.0.1:2"]).await;
        double.delete("pods", "shop/a");
        work.has(&["10.0.0.1:1"]).await;
        work.label("shop/svc", "pod_label_app", None).await;
    }
}

#[tokio::test]
async fn nothing_is_told_before_all_kinds_are_known() {
    let double = Double::start().await;
    double.change(|cluster| cluster.list_status = 403);
    let work = Work::start(&double, PATIENT, |sd| sd.role = KubernetesRole::EndpointSlice);
    let error = work.says(Some("expected 200, found 403")).await.unwrap();
    assert!(error.contains("`the list is not for you`"), "{error}");
    assert!(!work.now().is_known);
}
