//! The page, as people use it.

mod driver;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use test_support::{Process, address_in, eventually, http_get, http_request};

use crate::fixture::{NONE, PARCA_LOAD};
use driver::{Browser, DOWN, ENTER, ESCAPE, TAB};

const CPU: &str = "process_cpu:cpu:nanoseconds:cpu:nanoseconds:delta";

/// A parca-load with a Parca inside that profiles it, and the span of its first profiles, to which
/// nothing will be added.
struct Load {
    _process: Process,
    address: SocketAddr,
    start: String,
    end: String,
}

impl Load {
    async fn start() -> Self {
        let mut process = Process::start(PARCA_LOAD, ["-embedded", "-addr", "127.0.0.1:0"], NONE);
        let line = process.stderr_line("its address", |line| line.contains("serving /metrics")).await;
        let address = address_in(&line).unwrap();
        let now = || seconds(SystemTime::now());
        let has_data = |start: f64, end: f64| async move {
            let path = format!("/parcaquery?query={CPU}&start={start:.3}&end={end:.3}");
            (http_get(address, &path, &[]).await.unwrap().status == 200).then_some(())
        };
        let start = now() - 60.0;
        eventually("a profile", || has_data(start, now())).await;
        let end = now();
        // Profiles are written in their order: once there is a later one, none comes before it.
        eventually("a later profile", || has_data(end + 0.001, now())).await;
        Self { _process: process, address, start: format!("{start:.3}"), end: format!("{end:.3}") }
    }

    fn url(&self, fragment: &str) -> String {
        format!("http://{}/{fragment}", self.address)
    }

    /// The fragment of a question about what will not change.
    fn fragment(&self, query: &str, more: &str) -> String {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        format!("#query={query}&start={}&end={}{more}", self.start, self.end)
    }
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

/// The address behind one of the links under `open as`.
async fn link(browser: &Browser, form: &str) -> String {
    let href = format!("document.querySelector('a[data-form={form}]')?.getAttribute('href')");
    format!("/{}", browser.wait(&href).await.as_str().unwrap())
}

/// `total` of the JSON behind the page's link, and of its flame graph `diff` and of the widest frame
/// `name` and `cumulative`. Read by the browser: the tree is deeper than serde_json takes.
async fn report(browser: &Browser) -> Value {
    let link = link(browser, "json_flamegraph").await;
    let script = format!(
        "return fetch({}).then((answer) => answer.json()).then(({{ profiles: [{{ total, flamegraph }}] }}) => {{
            const {{ name, cumulative }} = flamegraph.children[0];
            return {{ total, diff: flamegraph.diff, name, cumulative }};
         }});",
        json!(link)
    );
    browser.run(&script).await
}

async fn total(browser: &Browser) -> String {
    let total = browser.wait("document.querySelector('.total')?.dataset.value").await;
    total.as_str().unwrap().replace(',', "")
}

fn save(name: &str, png: &[u8]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join(name), png).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    // A page of one colour takes a tenth of that.
    assert!(png.len() > 40_000, "{name} has {} bytes", png.len());
}

/// How many colours the flame graph has: it is drawn if there are several.
const COLOURS: &str = "(() => {
    const canvas = document.querySelector('.fv-canvas');
    if (!canvas || !canvas.width) return 0;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size > 8;
})()";

/// That the pointer or the cursor is on a frame of this name.
fn tip_is(name: &Value) -> String {
    format!(
        "!document.querySelector('.tip').hidden && document.querySelector('.tip-name').textContent === {}",
        name
    )
}

#[tokio::test]
async fn the_page_is_served_and_may_do_little() {
    let load = crate::fixture::Load::start(
        &format!("http://{}", test_support::unused_address()),
        &["-token", "not-to-be-seen", "-client-timeout", "2s"],
    )
    .await;
    let head = http_request(load.address, "HEAD", "/", &[], &[]).await.unwrap();
    assert_eq!((head.status, head.body.len()), (200, 0));
    let policy = head.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert_eq!(http_request(load.address, "POST", "/", &[], &[]).await.unwrap().status, 405);

    let status = load.get("/api/status").await.text();
    let known: Value = serde_json::from_str(&status).unwrap();
    assert_eq!((&known["ready"], &known["protocol"]), (&false.into(), &"grpc-web".into()));
    assert_eq!((&known["lanes"][0]["name"], &known["lanes"][0]["p50"]), (&"labels".into(), &Value::Null));

    let check = async |path: &str, status: u16, words: &str| {
        let answer = load.get(path).await;
        let said: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, status, "{said}");
        assert!(said["error"]["message"].as_str().unwrap().contains(words), "{said}");
        assert!(!answer.text().contains("not-to-be-seen"));
    };
    check("/api/types", 502, "unavailable").await;
    check("/api/labels?type=memory", 400, "type: ").await;
    check("/api/values", 400, "label: ").await;
    assert!(!status.contains("not-to-be-seen"));
}

#[tokio::test]
async fn a_question_by_mouse_agrees_with_the_json() {
    let Some(browser) = Browser::start().await else { return };
    let load = Load::start().await;
    browser.open(&load.url("")).await;
    browser.wait("document.querySelector('#readiness').dataset.is === 'ready'").await;
    browser.wait("document.querySelectorAll('#lanes tbody tr').length === 6").await;
    browser.wait("document.querySelector('#lanes svg rect') !== null").await;
    assert_eq!(browser.text("#lanes tbody th").await, "labels");

    // The type and a label from the pickers, the times by hand.
    browser.wait(&format!("document.querySelector('#type option[value=\"{CPU}\"]') !== null")).await;
    browser.click(&format!("#type option[value=\"{CPU}\"]")).await;
    browser.wait("document.querySelector('#label option[value=job]') !== null").await;
    browser.click("#label option[value=job]").await;
    browser.wait("document.querySelector('#values option[value=parca-load]') !== null").await;
    browser.fill("#value", "parca-load").await;
    browser.click("#add").await;
    let query = browser.run("return document.querySelector('#query').value;").await;
    assert_eq!(query, format!("{CPU}{{job=\"parca-load\"}}"));
    browser.click("#range option[value='']").await;
    browser.fill("#start", &load.start).await;
    browser.fill("#end", &load.end).await;
    browser.click("#run").await;
    browser.wait(COLOURS).await;

    let report = report(&browser).await;
    assert_eq!(total(&browser).await, report["total"].to_string());
    browser.point(".fv-scroll", (20, 30), false).await;
    browser.wait(&tip_is(&report["name"])).await;
    assert_eq!(browser.text(".tip-exact").await, format!("{} nanoseconds", report["cumulative"]));

    // Zoom, and what leads back.
    browser.wait("document.querySelectorAll('.fv-button')[0].disabled").await;
    browser.point(".fv-scroll", (20, 50), true).await;
    browser.wait("!document.querySelectorAll('.fv-button')[0].disabled").await;
    browser.click(".fv-button").await;
    browser.wait("document.querySelectorAll('.fv-button')[0].disabled").await;
    browser.fill(".fv-search input", ".").await;
    assert!(browser.text(".fv-matched").await.starts_with("matched 100.0 %"));
    browser.fill(".fv-search input", "thread").await;
    browser.wait("document.querySelector('.fv-matched').textContent.startsWith('matched')").await;

    for form in ["svg", "html", "folded", "top", "speedscope", "pprof_raw"] {
        let link = link(&browser, form).await;
        assert_eq!(http_get(load.address, &link, &[]).await.unwrap().status, 200, "{link}");
    }
    browser.point("h1", (1, 1), false).await;
    save("parca-load-page.png", &browser.picture().await);
    browser.prefer("dark").await;
    browser.wait("getComputedStyle(document.body).backgroundColor === 'rgb(27, 27, 27)'").await;
    save("parca-load-page-dark.png", &browser.picture().await);
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn a_link_shows_the_same_again_and_a_comparison() {
    let Some(browser) = Browser::start().await else { return };
    let load = Load::start().await;
    browser.open(&load.url(&load.fragment(CPU, "&focus=."))).await;
    browser.wait(COLOURS).await;
    let first = total(&browser).await;
    let address = browser.wait("location.href.includes('T') && location.href").await;
    browser.open("about:blank").await;
    browser.open(address.as_str().unwrap()).await;
    browser.wait(COLOURS).await;
    assert_eq!(total(&browser).await, first);
    assert_eq!(browser.run("return document.querySelector('#focus').value;").await, ".");
    // A focus cannot be taken to the server's own pprof.
    browser.wait("document.querySelector('a[data-form=pprof_raw]') === null").await;

    browser.click("#compare").await;
    browser.fill("#baseStart", &load.start).await;
    browser.fill("#baseEnd", &load.end).await;
    browser.click("#run").await;
    browser.wait("document.querySelector('#outcome').textContent.includes('compared with')").await;
    browser.wait("document.querySelector('.fv-canvas') !== null").await;
    browser.point(".fv-scroll", (20, 30), false).await;
    browser.wait("document.querySelector('.tip-diff')?.textContent === 'change unchanged'").await;
    assert_eq!(report(&browser).await["diff"], 0);
    browser.click("#range option[value='1h']").await;
    browser.click("#run").await;
    browser.wait("document.querySelector('#profiles').ariaBusy !== 'true' && document.querySelector('.fv-canvas') !== null").await;
    browser.point("h1", (1, 1), false).await;
    save("parca-load-compare.png", &browser.picture().await);
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn mistakes_are_shown_where_they_were_made() {
    let Some(browser) = Browser::start().await else { return };
    let load = Load::start().await;
    browser.open(&load.url(&load.fragment("memory{job=}", ""))).await;
    let caret = browser.text("#mistakes pre").await;
    assert!(caret.contains("memory{job=}\n") && caret.ends_with('^'), "{caret}");
    browser.wait("document.querySelector('#query').ariaInvalid === 'true'").await;

    // A candidate goes into the form, and the labels stay.
    browser.fill("#query", "memroy{job=\"parca-load\"}").await;
    browser.click("#run").await;
    browser.wait("document.querySelector('.candidates button') !== null").await;
    save("parca-load-mistake.png", &browser.picture().await);
    browser.click(".candidates button").await;
    let query = browser.run("return document.querySelector('#query').value;").await;
    assert_eq!(query, "memory:resident_space:bytes:space:bytes{job=\"parca-load\"}");
    browser.press(ENTER).await;
    browser.wait("document.querySelector('.fv-canvas') !== null").await;
    browser.wait("document.querySelector('#mistakes').textContent === ''").await;

    // Where there is nothing, it says when there is something.
    browser.open("about:blank").await;
    browser.open(&load.url(&format!("#query={CPU}&start=2001-01-01&end=2001-01-02"))).await;
    browser.wait("document.querySelector('#mistakes').textContent.includes('there is data from')").await;
    browser.click(".candidates button").await;
    browser.click("#run").await;
    browser.wait(COLOURS).await;

    // Whatever a value holds, it is quoted so that it is read as it is.
    browser.fill("#query", "process_cpu{job=~\".+\"}").await;
    browser.wait("document.querySelector('#label option[value=job]') !== null").await;
    browser.click("#label option[value=job]").await;
    browser.click("#operator option[value='!=']").await;
    browser.fill("#value", "a\"}\\").await;
    browser.click("#add").await;
    let query = browser.run("return document.querySelector('#query').value;").await;
    assert_eq!(query, r#"process_cpu{job=~".+", job!="a\"}\\"}"#);
    browser.click("#run").await;
    browser.wait("document.querySelector('#outcome').textContent.startsWith('2 profile types')").await;

    // A name in a query stays text.
    browser.fill("#query", "<img src=x onerror=alert(1)>").await;
    browser.click("#run").await;
    browser.wait("document.querySelector('#mistakes').textContent.includes('<img')").await;
    assert_eq!(browser.run("return document.querySelector('img');").await, Value::Null);
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

/// Presses Tab until an element that matches has the focus, which must be seen.
async fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..60 {
        browser.press(TAB).await;
        let script = format!(
            "const at = document.activeElement, style = getComputedStyle(at);
             return at.matches({}) && (style.outlineStyle !== 'none' || at.matches('.fv-scroll'));",
            json!(css)
        );
        if browser.run(&script).await == true {
            return;
        }
    }
    panic!("Tab does not lead to {css}");
}

#[tokio::test]
async fn a_keyboard_is_enough() {
    let Some(browser) = Browser::start().await else { return };
    let load = Load::start().await;
    browser.open(&load.url("")).await;
    browser.wait("document.querySelector('#readiness').dataset.is === 'ready'").await;
    tab_to(&browser, "#query").await;
    browser.press(CPU).await;
    browser.press(ENTER).await;
    browser.wait(COLOURS).await;
    browser.wait("document.querySelector('#outcome').textContent.startsWith('1 profile type')").await;

    tab_to(&browser, ".fv-scroll").await;
    browser.wait(&tip_is(&json!("root"))).await;
    browser.press(DOWN).await;
    let report = report(&browser).await;
    browser.wait(&tip_is(&report["name"])).await;
    browser.press(&[DOWN, ENTER].concat()).await;
    browser.wait("!document.querySelectorAll('.fv-button')[0].disabled").await;
    browser.press(ESCAPE).await;
    browser.wait("document.querySelectorAll('.fv-button')[0].disabled").await;
    browser.press("/thread").await;
    assert_eq!(browser.run("return document.querySelector('.fv-search input').value;").await, "thread");
    browser.wait("document.querySelector('.fv-matched').textContent.startsWith('matched')").await;
    browser.close().await;
}
