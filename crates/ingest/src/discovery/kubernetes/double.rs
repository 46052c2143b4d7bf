//! An API server that lists, watches, forgets and fails as a real one does.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::watch;

#[derive(Clone, Default)]
pub(super) struct Cluster {
    pub(super) version: u64,
    /// By plural and `namespace/name`.
    objects: BTreeMap<(String, String), Value>,
    log: Vec<Change>,
    /// Versions below this are no longer known.
    pub(super) oldest: u64,
    /// Whether that is said by an event, not by a status.
    pub(super) expires_in_the_stream: bool,
    /// How many objects a page has.
    pub(super) page: usize,
    /// Watches that began before the last of these end, break off, and get a bookmark.
    pub(super) ends: u64,
    pub(super) breaks: u64,
    pub(super) bookmarks: u64,
    /// What lists and watches are answered instead.
    pub(super) list_status: u16,
    pub(super) watch_status: u16,
    /// Whether a watch is answered with a list, as by a proxy that drops parameters.
    pub(super) ignores_watches: bool,
    /// Whether a watch ends as soon as it has begun.
    pub(super) ends_at_once: bool,
}

#[derive(Clone)]
struct Change {
    version: u64,
    plural: String,
    key: String,
    kind: &'static str,
    object: Value,
}

/// A server of a cluster, and what it was asked.
pub(super) struct Double {
    pub(super) url: String,
    cluster: Arc<watch::Sender<Cluster>>,
    asked: Arc<Mutex<Vec<String>>>,
}

type Shared = (Arc<watch::Sender<Cluster>>, Arc<Mutex<Vec<String>>>);

impl Double {
    pub(super) async fn start() -> Self {
        let cluster = Arc::new(watch::Sender::new(Cluster { version: 10, page: 500, ..Cluster::default() }));
        let asked = Arc::default();
        let shared: Shared = (Arc::clone(&cluster), Arc::clone(&asked));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, cluster, asked }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Cluster)) {
        self.cluster.send_modify(change);
    }

    /// Makes or replaces an object.
    pub(super) fn put(&self, plural: &str, mut object: Value) {
        let key = key_of(&object);
        self.cluster.send_modify(|cluster| {
            cluster.version += 1;
            object["metadata"]["resourceVersion"] = json!(cluster.version.to_string());
            let place = (plural.to_owned(), key.clone());
            let is_new = cluster.objects.insert(place, object.clone()).is_none();
            cluster.note(plural, key, if is_new { "ADDED" } else { "MODIFIED" }, object);
        });
    }

    pub(super) fn delete(&self, plural: &str, key: &str) {
        self.cluster.send_modify(|cluster| {
            cluster.version += 1;
            let mut object = cluster.objects.remove(&(plural.to_owned(), key.to_owned())).unwrap();
            object["metadata"]["resourceVersion"] = json!(cluster.version.to_string());
            cluster.note(plural, key.to_owned(), "DELETED", object);
        });
    }

    /// The requests whose URLs have all of these, in order.
    pub(super) fn asked(&self, parts: &[&str]) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|url| parts.iter().all(|part| url.contains(part))).cloned().collect()
    }

    pub(super) fn lists(&self) -> usize {
        self.asked(&["limit=500"]).len()
    }
}

impl Cluster {
    fn note(&mut self, plural: &str, key: String, kind: &'static str, object: Value) {
        let (version, plural) = (self.version, plural.to_owned());
        self.log.push(Change { version, plural, key, kind, object });
    }

    /// The first change after a version that a watch is told of.
    fn after(&self, version: u64, plural: &str, namespace: &str) -> Option<&Change> {
        let is_within = |change: &&Change| change.plural == plural && change.key.starts_with(namespace);
        self.log.iter().filter(is_within).find(|change| change.version > version)
    }
}

fn key_of(object: &Value) -> String {
    let meta = &object["metadata"];
    match meta["namespace"].as_str() {
        Some(namespace) => format!("{namespace}/{}", meta["name"].as_str().unwrap()),
        None => meta["name"].as_str().unwrap().to_owned(),
    }
}

fn status(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": if code == 410 { "Expired" } else { "Forbidden" }, "code": code})
}

fn refused(code: u16, message: &str) -> Response {
    (StatusCode::from_u16(code).unwrap(), axum::Json(status(code, message))).into_response()
}

async fn answer(
    State((cluster, asked)): State<Shared>,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    asked.lock().unwrap().push(uri.to_string());
    let parts: Vec<&str> = uri.path().split('/').collect();
    let plural = (*parts.last().unwrap()).to_owned();
    let place = parts.iter().position(|part| *part == "namespaces");
    let namespace = place.map(|at| format!("{}/", parts[at + 1])).unwrap_or_default();
    let now = cluster.borrow().clone();
    if query.get("watch").is_none_or(|_| now.ignores_watches) {
        return list(&now, &plural, &namespace, &query);
    }
    assert!(query["allowWatchBookmarks"] == "true" && query.contains_key("timeoutSeconds"), "{uri}");
    let version: u64 = query["resourceVersion"].parse().unwrap();
    if now.watch_status != 0 {
        return refused(now.watch_status, "the watch is not for you");
    }
    if version < now.oldest && !now.expires_in_the_stream {
        return refused(410, "too old resource version");
    }
    let watcher = Watcher {
        cluster: cluster.subscribe(),
        begun: now,
        plural,
        namespace,
        version,
        half: None,
        is_over: cluster.borrow().ends_at_once,
    };
    let lines = stream::unfold(watcher, |mut watcher| async move {
        let next = watcher.next().await?;
        Some((next, watcher))
    });
    Body::from_stream(lines).into_response()
}

fn list(now: &Cluster, plural: &str, namespace: &str, query: &HashMap<String, String>) -> Response {
    if now.list_status != 0 {
        return refused(now.list_status, "the list is not for you");
    }
    // A page is of the version at which the first one was read.
    let token = query.get("continue").map(|token| token.split_once('.').unwrap());
    let (version, at) =
        token.map_or((now.version, 0), |(version, at)| (version.parse().unwrap(), at.parse().unwrap()));
    if version < now.oldest {
        return refused(410, "the provided continue parameter is too old");
    }
    let all: Vec<&Value> = now
        .objects
        .iter()
        .filter(|((of, key), _)| of == plural && key.starts_with(namespace))
        .map(|(_, object)| object)
        .collect();
    let end = all.len().min(at + now.page);
    let next = if end < all.len() { format!("{version}.{end}") } else { String::new() };
    axum::Json(json!({"kind": "List", "metadata": {"resourceVersion": version.to_string(), "continue": next},
        "items": &all[at..end]}))
    .into_response()
}

/// A watch at work.
struct Watcher {
    cluster: watch::Receiver<Cluster>,
    begun: Cluster,
    plural: String,
    namespace: String,
    version: u64,
    /// The rest of a line: connections cut lines where they like.
    half: Option<Bytes>,
    is_over: bool,
}

impl Watcher {
    async fn next(&mut self) -> Option<Result<Bytes, std::io::Error>> {
        if let Some(half) = self.half.take() {
            return Some(Ok(half));
        }
        loop {
            let now = self.cluster.borrow_and_update().clone();
            if self.is_over || now.ends > self.begun.ends {
                return None;
            }
            if now.breaks > self.begun.breaks {
                return Some(Err(std::io::ErrorKind::ConnectionReset.into()));
            }
            if self.version < now.oldest {
                self.is_over = true;
                return Some(Ok(self.line("ERROR", &status(410, "too old resource version"))));
            }
            if let Some(change) = now.after(self.version, &self.plural, &self.namespace) {
                self.version = change.version;
                return Some(Ok(self.line(change.kind, &change.object)));
            }
            if now.bookmarks > self.begun.bookmarks {
                (self.begun.bookmarks, self.version) = (now.bookmarks, now.version);
                let object = json!({"metadata": {"resourceVersion": now.version.to_string()}, "spec": {"containers": null}});
                return Some(Ok(self.line("BOOKMARK", &object)));
            }
            self.cluster.changed().await.ok()?;
        }
    }

    /// The first half of the line.
    fn line(&mut self, kind: &str, object: &Value) -> Bytes {
        let mut line = Bytes::from(format!("{}\n", json!({"type": kind, "object": object})));
        let half = line.split_to(line.len() / 2);
        self.half = Some(line);
        half
    }
}
