//! A browser, by WebDriver: <https://www.w3.org/TR/webdriver2/>.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "what goes wrong is a panic with all that was said"
)]

use std::net::{Ipv4Addr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::{PATIENCE, Process, eventually, needs};

/// How WebDriver writes references to elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The key Tab, as WebDriver writes it.
pub const TAB: &str = "\u{e004}";
/// The key Enter.
pub const ENTER: &str = "\u{e007}";
/// The key Escape.
pub const ESCAPE: &str = "\u{e00c}";
/// The key Home.
pub const HOME: &str = "\u{e011}";
/// The arrow down.
pub const DOWN: &str = "\u{e015}";

/// Without a screen, and without what a container does not have. The pipe ends with the driver, so
/// no browser is left over where a test fails.
const ARGS: [&str; 6] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
    "--remote-debugging-pipe",
];

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    _driver: Process,
    _profile: TempDir,
    address: SocketAddr,
    session: String,
}

impl Browser {
    /// A browser in UTC. Nothing where there is no driver, and it says so.
    ///
    /// # Panics
    /// The driver starts no browser.
    pub async fn start() -> Option<Self> {
        Self::start_in("UTC").await
    }

    /// A browser of another time zone.
    ///
    /// # Panics
    /// The driver starts no browser.
    pub async fn start_in(zone: &str) -> Option<Self> {
        needs("chromedriver")?;
        // Its port is said on stdout, and lines are awaited on stderr.
        let mut driver = Process::start("sh", ["-c", "exec chromedriver --port=0 >&2"], [("TZ", zone)]);
        let line = driver.stderr_line("its port", |line| line.contains("started successfully on port")).await;
        let port = line.trim_end_matches('.').rsplit(' ').next().unwrap().parse().unwrap();
        let profile = TempDir::new().unwrap();
        let folder = format!("--user-data-dir={}", profile.path().display());
        let args: Vec<&str> = ARGS.into_iter().chain([folder.as_str()]).collect();
        let mut browser = Self {
            _driver: driver,
            _profile: profile,
            address: (Ipv4Addr::LOCALHOST, port).into(),
            session: String::new(),
        };
        let wanted =
            json!({ "goog:chromeOptions": { "args": args }, "goog:loggingPrefs": { "browser": "ALL" } });
        let session = browser
            .request("POST", "/session", json!({ "capabilities": { "alwaysMatch": wanted } }))
            .await
            .unwrap_or_else(|error| panic!("no session: {error:#}"));
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        Some(browser)
    }

    async fn request(&self, method: &str, path: &str, body: Value) -> Result<Value, Value> {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let answer = tokio::time::timeout(PATIENCE, exchange(self.address, method, path, &body)).await;
        let (status, answer) = answer.unwrap_or_else(|_| panic!("{method} {path}: no answer")).unwrap();
        let mut value: Value =
            serde_json::from_slice(&answer).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        if status == 200 { Ok(value["value"].take()) } else { Err(value["value"].take()) }
    }

    #[track_caller]
    fn post(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        let path = format!("/session/{}{path}", self.session);
        async move {
            self.request("POST", &path, body).await.unwrap_or_else(|error| panic!("POST {path}: {error:#}"))
        }
    }

    /// Goes to an address.
    pub async fn open(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await;
    }

    /// What a function of this body gives.
    pub async fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Waits until an expression is true, and gives its value.
    pub async fn wait(&self, expression: &str) -> Value {
        let script = format!("return {expression};");
        eventually(expression, || async {
            let value = self.run(&script).await;
            (!matches!(value, Value::Null | Value::Bool(false)) && value != "" && value != 0).then_some(value)
        })
        .await
    }

    /// The text of the first element that is so selected, once there is one with text.
    pub async fn text(&self, css: &str) -> String {
        let text = self.wait(&format!("document.querySelector({})?.textContent", json!(css))).await;
        text.as_str().unwrap().to_owned()
    }

    async fn element(&self, css: &str) -> String {
        let found = self.post("/element", json!({ "using": "css selector", "value": css })).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Clicks the first element that is so selected.
    pub async fn click(&self, css: &str) {
        let element = self.element(css).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Replaces what is in an input.
    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.element(css).await;
        self.post(&format!("/element/{element}/clear"), json!({})).await;
        self.post(&format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    /// To whatever has the focus.
    pub async fn press(&self, keys: &str) {
        let pressed: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let actions = json!([{ "type": "key", "id": "keyboard", "actions": pressed }]);
        self.post("/actions", json!({ "actions": actions })).await;
    }

    /// Scrolls to an element and moves the pointer to a place in it, counted from its upper left corner, and clicks
    /// if wanted.
    pub async fn point(&self, css: &str, (x, y): (i64, i64), clicks: bool) {
        let script = format!(
            "const at = document.querySelector({});
             at.scrollIntoView({{ block: 'start' }});
             const box = at.getBoundingClientRect();
             return [box.left, box.top];",
            json!(css)
        );
        let corner = self.run(&script).await;
        let at = |axis: usize, offset: i64| corner[axis].as_f64().unwrap().round() as i64 + offset;
        let mut acts = vec![json!({ "type": "pointerMove", "x": at(0, x), "y": at(1, y), "duration": 0 })];
        if clicks {
            acts.extend(["pointerDown", "pointerUp"].map(|kind| json!({ "type": kind, "button": 0 })));
        }
        let actions = json!([{ "type": "pointer", "id": "mouse", "actions": acts }]);
        self.post("/actions", json!({ "actions": actions })).await;
    }

    /// As if the window had this size; a phone's has touch, too.
    pub async fn resize(&self, width: u32, height: u32, is_phone: bool) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone });
        let command = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": metrics });
        self.post("/goog/cdp/execute", command).await;
        let touch = json!({ "enabled": is_phone, "maxTouchPoints": 1 });
        let command = json!({ "cmd": "Emulation.setTouchEmulationEnabled", "params": touch });
        self.post("/goog/cdp/execute", command).await;
    }

    /// Touches a place of the window.
    pub async fn touch(&self, x: f64, y: f64) {
        let act = |kind: &str| json!({ "type": kind, "button": 0 });
        let place = json!({ "type": "pointerMove", "x": x.round(), "y": y.round(), "duration": 0 });
        let acts = json!([place, act("pointerDown"), act("pointerUp")]);
        let finger = json!({ "type": "pointer", "id": "finger", "parameters": { "pointerType": "touch" }, "actions": acts });
        self.post("/actions", json!({ "actions": [finger] })).await;
    }

    /// Clicks a place of the window so many times.
    pub async fn click_at(&self, x: f64, y: f64, times: usize) {
        let mut acts = vec![json!({ "type": "pointerMove", "x": x.round(), "y": y.round(), "duration": 0 })];
        for kind in ["pointerDown", "pointerUp"].iter().cycle().take(2 * times) {
            acts.push(json!({ "type": kind, "button": 0 }));
        }
        let actions = json!([{ "type": "pointer", "id": "mouse", "actions": acts }]);
        self.post("/actions", json!({ "actions": actions })).await;
    }

    /// A PNG of what the window shows.
    ///
    /// # Panics
    /// The browser sends something else.
    pub async fn window(&self) -> Vec<u8> {
        let answer =
            self.post("/goog/cdp/execute", json!({ "cmd": "Page.captureScreenshot", "params": {} })).await;
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    /// As if the system were set to `light` or `dark`.
    pub async fn prefer(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let command = json!({ "cmd": "Emulation.setEmulatedMedia", "params": { "features": features } });
        self.post("/goog/cdp/execute", command).await;
    }

    /// A PNG of all of the page, however long.
    pub async fn picture(&self) -> Vec<u8> {
        let command = json!({ "cmd": "Page.captureScreenshot", "params": { "captureBeyondViewport": true } });
        let answer = self.post("/goog/cdp/execute", command).await;
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    /// What the page complained about since the last call; answers with an error status are said
    /// there, too, and left out.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().unwrap().iter();
        let severe = entries.filter(|entry| entry["level"] == "SEVERE" && entry["source"] != "network");
        severe.map(ToString::to_string).collect()
    }

    /// Ends it.
    pub async fn close(self) {
        let ended = self.request("DELETE", &format!("/session/{}", self.session), Value::Null).await;
        assert!(ended.is_ok(), "{ended:?}");
    }
}

/// The driver takes HTTP/1.1 only, and leaves the connection open whatever it is asked.
async fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).await?;
    let (mut status, mut length) = (0, 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest[..3].parse().unwrap();
        } else if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        } else if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok((status, body))
}
