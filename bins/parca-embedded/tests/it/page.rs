//! The page at `/`.

use parca_client::{Client, RawSample, RawSeries, Settings, WriteRawRequest};
use test_support::browser::Browser;
use test_support::page::{self, TIMES, TYPE, door_of_server};
use test_support::{Process, Signal, address_in};

use crate::{NONE, PARCA_EMBEDDED};

async fn filled() -> (Process, String) {
    started(&[]).await
}

async fn started(more: &[&str]) -> (Process, String) {
    let arguments = ["--http-address", "127.0.0.1:0", "--self-profile-interval", "0s"];
    let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
    let mut server = Process::start(PARCA_EMBEDDED, arguments, NONE);
    let line = server.stderr_line("its address", |line| line.contains("serving")).await;
    let url = format!("http://{}", address_in(&line).unwrap());
    let series = page::profiles()
        .into_iter()
        .map(|(labels, file)| RawSeries { labels, samples: vec![RawSample::new(file)] });
    Client::new(&Settings::new(&url))
        .unwrap()
        .write_raw(&WriteRawRequest::new(series.collect()))
        .await
        .unwrap();
    (server, url)
}

#[tokio::test]
async fn the_page_is_the_one_of_all_doors() {
    let (_server, url) = filled().await;
    page::suite(&door_of_server(&format!("{url}/"), "job")).await;
}

#[tokio::test]
async fn a_link_to_a_parca_asks_the_same_here() {
    let Some(browser) = Browser::start().await else { return };
    let (_server, url) = filled().await;
    let millis = |text: &str| {
        timespec::parse_point(text, std::time::SystemTime::now())
            .unwrap()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis()
    };
    let [start, middle, end] = TIMES.map(millis);
    let query = format!("{TYPE}%7Bjob%3D%22svc%22%7D");
    page::open(&browser, &format!("{url}/?expression_a={query}&from_a={start}&to_a={end}&invert_call_stack=true&profile_filters=s%3Afn%3A~%3Aruntime")).await;
    browser
        .wait("profilePage.state().invert === '1' && profilePage.state().focus === 'runtime' && profilePage.page.answer.start === '2022-02-10T16:07:50Z'")
        .await;
    // The left side of Parca's comparison is what was before.
    page::open(&browser, &format!("{url}/?expression_a={query}&from_a={start}&to_a={middle}&expression_b={query}&from_b={middle}&to_b={end}&compare_a=true&compare_b=true")).await;
    browser.wait("profilePage.page.answer.base?.start === '2022-02-10T16:07:50Z' && profilePage.page.answer.end === '2022-02-10T16:08:20Z'").await;
    browser.close().await;
}

#[tokio::test]
async fn the_page_is_there_below_a_prefix_with_and_without_a_slash() {
    let Some(browser) = Browser::start().await else { return };
    let (_server, url) = started(&["--path-prefix", "/tools/profiles"]).await;
    for path in ["/tools/profiles", "/tools/profiles/"] {
        let door = door_of_server(&format!("{url}{path}"), "job");
        page::open(&browser, &door.url).await;
        browser.wait("location.pathname === '/tools/profiles/' && profilePage.page.answer.start === '2022-02-10T16:07:50Z'").await;
    }
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn a_server_that_stands_still_is_seen_by_its_page() {
    let Some(browser) = Browser::start().await else { return };
    let (server, url) = filled().await;
    page::open(&browser, &door_of_server(&format!("{url}/"), "job").url).await;
    let status = "document.querySelector('#status').dataset.is";
    browser.wait(&format!("{status} === 'ready'")).await;
    server.signal(Signal::STOP);
    browser.wait(&format!("{status} === 'lost'")).await;
    // How old the last answer was when the page said so, by the page's own clock.
    let age = browser.run("return profilePage.page.lostAfter;").await.as_f64().unwrap();
    assert!(age > 0.0 && age <= 5000.0, "lost after {age} ms");
    let words = browser.text("#status-words").await;
    assert!(words.contains("the last answer is"), "{words}");
    server.signal(Signal::CONT);
    browser.wait(&format!("{status} === 'ready'")).await;
    browser.close().await;
}

#[tokio::test]
async fn browsers_of_all_zones_ask_for_the_same_window() {
    let (_server, url) = filled().await;
    let mut asked = Vec::new();
    for zone in ["UTC", "Asia/Tokyo"] {
        let Some(browser) = Browser::start_in(zone).await else { return };
        page::open(&browser, &door_of_server(&format!("{url}/"), "job").url).await;
        // Times typed without a zone, and the time before that a comparison proposes.
        browser.fill("#start", "2022-02-10 16:08").await;
        browser.fill("#end", "2022-02-10 16:08:20").await;
        browser.click("#run").await;
        browser
            .wait("profilePage.page.answer.start === '2022-02-10T16:08:00Z' && !profilePage.page.running")
            .await;
        browser.click("#compare").await;
        browser.wait("profilePage.state().compare === '1'").await;
        asked.push(browser.run("const { start, end, baseStart, baseEnd } = profilePage.state(); return [start, end, baseStart, baseEnd];").await);
        browser.close().await;
    }
    assert_eq!(asked[0], asked[1]);
    assert_eq!(asked[0][2], "2022-02-10T16:07:40Z");
}

#[tokio::test]
async fn a_comparison_tells_true_amounts() {
    let Some(browser) = Browser::start().await else { return };
    let (_server, url) = filled().await;
    let compared = door_of_server(&format!("{url}/"), "job").compared.unwrap();
    browser.resize(1280, 900, false).await;
    page::open(&browser, &format!("{compared}&sums=sum")).await;
    let row = |name: &str| {
        format!(
            "(() => {{ const row = [...document.querySelectorAll('.row')].find((row) => row.dataset.label === '{name}');
             return row && [...row.querySelectorAll('.cell:not(.wide)')].slice(0, 4).map((cell) => cell.textContent); }})()"
        )
    };
    assert_eq!(
        browser.wait(&row("runtime.main")).await,
        serde_json::json!(["213 MiB", "392 MiB", "+179 MiB", "+3.3 pp"])
    );
    // What did not change by a byte has no amount, though its share is less.
    let unchanged = browser.wait(&row("github.com/dgraph-io/sroar.init")).await;
    assert_eq!((&unchanged[0], &unchanged[2]), (&unchanged[1], &"0".into()), "{unchanged}");
    page::keep_picture(&browser, "comparison").await;
    browser.close().await;
}

#[tokio::test]
async fn the_page_asks_its_server_also_where_others_need_a_token() {
    use test_support::{http_get, http_request};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access");
    // The SHA-256 of `secret`.
    std::fs::write(&file, "ann both 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b\n")
        .unwrap();
    let arguments = [
        "--http-address",
        "127.0.0.1:0",
        "--self-profile-interval",
        "0s",
        "--auth-file",
        file.to_str().unwrap(),
    ];
    let mut server = Process::start(PARCA_EMBEDDED, arguments, NONE);
    let line = server.stderr_line("its address", |line| line.contains("serving")).await;
    let address = address_in(&line).unwrap();
    for path in ["/", "/api/source", "/api/types"] {
        assert_eq!(http_get(address, path, &[]).await.unwrap().status, 401, "{path}");
        // HTTP Basic, as a browser asks its user for it.
        let ann = [("authorization", "Basic YW5uOnNlY3JldA==")];
        let answer = http_request(address, "GET", path, &ann, &[]).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}
