//! `profile-query ui`: the page for servers and for files, and as a file.

use std::path::PathBuf;

use test_support::browser::Browser;
use test_support::page::{self, Door, door_of_server};
use test_support::{Process, Pyroscope, address_in, data, unused_address};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::fixture::{Home, PROFILE_QUERY};

/// The program at work, and the address of its page.
async fn ui(args: &[&str]) -> (Process, String) {
    let mut process = Process::start(
        "sh",
        ["-c", "exec \"$0\" ui \"$@\" >&2", PROFILE_QUERY].iter().chain(args),
        [("HOME", "/nonexistent")],
    );
    let line = process.stderr_line("its address", |line| line.starts_with("http://")).await;
    let url = format!("http://{}/", address_in(&line).unwrap());
    (process, url)
}

fn series() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(data("profiles").join("series"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn text(path: PathBuf) -> String {
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn files_have_the_page_of_all_doors() {
    let files = series();
    let (first, last) = (text(files[0].clone()), text(files[9].clone()));
    let (_process, url) = ui(&[&last, &first]).await;
    let door = Door {
        url: format!("{url}?query=inuse_space"),
        compared: Some(format!("{url}?query=inuse_space&compare=1&baseSource=1")),
        function: "runtime.main".to_owned(),
    };
    page::suite(&door).await;
}

#[tokio::test]
async fn a_pyroscope_has_the_page_of_all_doors() {
    if test_support::needs("chromedriver").is_none() {
        return;
    }
    let Some(server) = Pyroscope::start([]).await else { return };
    let home = Home::with(&format!("[pyroscope.deployments.prod]\nurl = \"{}\"\n", server.url()));
    for (at, file) in series().into_iter().enumerate() {
        let time = format!("-{}m", 20 - at);
        let version = if at < 5 { "version=v1" } else { "version=v2" };
        home.ok(&["upload", "prod", &text(file), "--service", "svc", "--label", version, "--time", &time])
            .await;
    }
    let (_process, url) = ui(&["--url", &server.url(), "--backend", "pyroscope"]).await;
    let query = format!("{}%7Bservice_name%3D%22svc%22%7D", page::TYPE);
    // Between two profiles, and fixed: a window that slides shows something else a minute later.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let (first, middle) = (now - 30 * 60, now - 15 * 60 - 30);
    let door = Door {
        url: format!("{url}?query={query}&start=now-1h&end=now"),
        compared: Some(format!(
            "{url}?query={query}&start={middle}&end={now}&compare=1&baseStart={first}&baseEnd={middle}"
        )),
        function: "runtime.main".to_owned(),
    };
    page::suite(&door).await;
}

/// A Parca with profiles at an address, until dropped.
async fn parca(address: &str) -> (String, DropGuard) {
    let stop = CancellationToken::new();
    let mut settings = parca_embedded::Settings::default();
    settings.self_profile_every = None;
    let server = parca_embedded::start(address, settings, stop.clone()).await.unwrap();
    let own = format!("http://{}", server.address());
    let client = parca_client::Client::new(&parca_client::Settings::new(&own)).unwrap();
    let series = page::profiles().into_iter().map(|(labels, file)| parca_client::RawSeries {
        labels,
        samples: vec![parca_client::RawSample::new(file)],
    });
    client.write_raw(&parca_client::WriteRawRequest::new(series.collect())).await.unwrap();
    (own, stop.drop_guard())
}

#[tokio::test]
async fn a_server_that_comes_back_is_asked_again() {
    let Some(browser) = Browser::start().await else { return };
    let address = unused_address().to_string();
    let (_process, url) = ui(&["--url", &format!("http://{address}"), "--backend", "parca"]).await;
    let why = "document.querySelector('#mistakes').textContent.includes('onnection refused')";
    let lost = format!("document.querySelector('#status').dataset.is === 'lost' && {why}");
    // What asks for a type, and what asks for whatever there is.
    for url in [url.clone(), door_of_server(&url, "job").url] {
        browser.open("about:blank").await;
        browser.open(&url).await;
        browser.wait(&lost).await;
    }
    let (_own, _stop) = parca(&address).await;
    page::drawn_at_last(&browser).await;
    browser.close().await;
}

#[tokio::test]
async fn a_parca_has_the_page_of_all_doors() {
    let (own, _stop) = parca("127.0.0.1:0").await;
    let (_process, url) = ui(&["--url", &own, "--backend", "parca"]).await;
    let door = door_of_server(&url, "job");
    page::suite(&door).await;
    // The commands that the page shows are commands that work.
    let Some(browser) = Browser::start().await else { return };
    for url in [&door.url, door.compared.as_ref().unwrap()] {
        page::open(&browser, url).await;
        let script = "[...document.querySelectorAll('#links button')].find((one) => one.textContent === 'Command').click()";
        browser.run(script).await;
        let lines = browser
            .wait("[...document.querySelectorAll('.command pre')].map((one) => one.textContent)")
            .await;
        for line in lines.as_array().unwrap().iter().filter_map(|line| line.as_str()) {
            let line =
                line.replace("profile-query ", &format!("{PROFILE_QUERY} ")).replace(" -o profile.pb.gz", "");
            let line = line.split(" && ").next().unwrap();
            let exit = Process::run("sh", ["-c", line], [("HOME", "/nonexistent")]).await;
            assert_eq!(exit.code, Some(0), "{line}: {}", exit.stderr);
            assert!(exit.stdout.len() > 100, "{line}: {}", exit.stdout);
        }
    }
    browser.close().await;
}

#[tokio::test]
async fn a_file_of_the_page_works_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one.html"), folder.path().join("two.html"));
    let files = series();
    let (first, last) = (text(files[0].clone()), text(files[9].clone()));
    let home = Home::with("");
    let html = home.ok(&["flamegraph", &last, "--output", "html"]).await;
    std::fs::write(&one, html).unwrap();
    home.ok(&["diff", &first, &last, "--save", &format!("html={}", two.display())]).await;
    let door = Door {
        url: format!("file://{}", one.display()),
        compared: Some(format!("file://{}", two.display())),
        function: "runtime.main".to_owned(),
    };
    page::suite(&door).await;
}

#[tokio::test]
async fn names_that_mean_harm_are_text() {
    let Some(browser) = Browser::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.folded");
    let names = "main;<img src=x onerror=alert(1)>;</script><script>alert(1)</script>;a\u{202e}b 5\n__proto__;constructor 3\n";
    std::fs::write(&path, names).unwrap();
    let (_process, url) = ui(&[path.to_str().unwrap()]).await;
    let html = Home::with("").ok(&["flamegraph", path.to_str().unwrap(), "--output", "html"]).await;
    let page_of_file = folder.path().join("hostile.html");
    std::fs::write(&page_of_file, html).unwrap();
    for url in [url, format!("file://{}", page_of_file.display())] {
        page::open(&browser, &url).await;
        let found = browser.run("return [document.querySelectorAll('img, iframe').length, [...document.querySelectorAll('.row')].map((row) => row.textContent).join(), profilePage.graph.drawn.map(([, text]) => text).join()];").await;
        assert_eq!(found[0], 0);
        for shown in [&found[1], &found[2]] {
            let shown = shown.as_str().unwrap();
            assert!(!shown.contains('\u{202e}') && shown.contains("__proto__"), "{shown}");
        }
        assert_eq!(browser.complaints().await, [""; 0]);
    }
    browser.close().await;
}

#[tokio::test]
#[allow(clippy::print_stdout, reason = "figures for whoever looks")]
async fn a_hundred_thousand_frames_can_be_walked_through() {
    let Some(browser) = Browser::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.folded");
    std::fs::write(&path, large(106_000)).unwrap();
    let (_process, url) = ui(&[path.to_str().unwrap()]).await;
    browser.resize(1280, 900, false).await;
    page::open(&browser, &url).await;
    let count = browser.run("return profilePage.page.raw.count;").await;
    assert!(count.as_u64().unwrap() >= 100_000, "{count}");
    // So many ways lead through it that few boxes are wide.
    page::labels_name_functions(&browser, &url, 5.0).await;
    // Figures for docs/benchmarks.md; what must hold is that each gives a picture.
    let mut took = vec![format!(
        "answer to picture {}",
        browser.run("return Math.round(profilePage.page.shownIn);").await
    )];
    for view in ["focus: 'serve'", "invert: true", "collapse: true", "by: 'package'", "hide: 'handle'"] {
        let script = format!(
            "const view = {{ focus: '', ignore: '', hide: '', by: 'function', groups: false, invert: false, sandwich: '',
               collapse: false, order: 'value', divide: [1, 1], share: false, {view} }};
             return profilePage.engine.call('view', view).then(({{ tree }}) => [tree.count, Math.round(profilePage.engine.took.view)]);"
        );
        let answer = browser.run(&script).await;
        assert!(answer[0].as_u64().unwrap() > 10, "{view}: {answer}");
        took.push(format!("{view} {} ms", answer[1]));
    }
    println!("100,000 nodes: {}", took.join(", "));
    page::keep_picture(&browser, "large").await;
    browser.close().await;
}

#[tokio::test]
async fn labels_say_which_function_a_box_is_whatever_was_measured() {
    let Some(browser) = Browser::start().await else { return };
    let cpu = text(data("profiles").join("profile1.pb.gz"));
    let memory = text(series()[9].clone());
    let (_process, url) = ui(&[&cpu, &memory]).await;
    browser.resize(1280, 900, false).await;
    for (source, of) in
        [(0, "cpu"), (1, "inuse_space"), (1, "inuse_objects"), (1, "alloc_space"), (1, "alloc_objects")]
    {
        page::labels_name_functions(&browser, &format!("{url}?source={source}&query={of}"), 10.0).await;
    }
    browser.close().await;
}

/// The stacks of the page's picture and their own values, as folded lines.
const FOLDED: &str = "(() => {
    const { page } = profilePage, { raw, result: { tree } } = page, path = [], lines = [];
    for (let id = 1; id < tree.count; id++) {
        path.length = tree.depth[id] - 1;
        path.push(raw.names[raw.f_name[tree.frame[id]]][0]);
        if (tree.own[id] !== 0) lines.push(path.join(';') + ' ' + tree.own[id]);
    }
    return lines.join('\\n');
})()";

/// Folded lines, each stack once, in order.
fn stacks(folded: &str) -> std::collections::BTreeMap<String, i64> {
    let mut sums = std::collections::BTreeMap::new();
    for line in folded.lines() {
        let (stack, value) = line.rsplit_once(' ').unwrap();
        *sums.entry(stack.to_owned()).or_default() += value.parse::<i64>().unwrap();
    }
    sums
}

#[tokio::test]
async fn the_page_does_to_stacks_what_the_commands_do() {
    let Some(browser) = Browser::start().await else { return };
    let home = Home::with("");
    let file = text(data("profiles").join("profile1.pb.gz"));
    let (_process, url) = ui(&[&file]).await;
    let views: [(&str, &[&str]); 7] = [
        ("", &[]),
        ("invert=1", &["--invert"]),
        ("collapse=1", &["--collapse"]),
        ("focus=grpc", &["--focus", "grpc"]),
        ("ignore=runtime", &["--ignore", "runtime"]),
        ("hide=grpc", &["--hide", "grpc"]),
        ("focus=grpc&hide=net&invert=1", &["--focus", "grpc", "--hide", "net", "--invert"]),
    ];
    for (view, flags) in views {
        page::open(&browser, &format!("{url}?query=cpu&{view}")).await;
        let shown = browser.run(&format!("return {FOLDED};")).await;
        let mut args = vec!["flamegraph", &file, "--type", "cpu", "--output", "folded"];
        args.extend(flags);
        assert_eq!(stacks(shown.as_str().unwrap()), stacks(&home.ok(&args).await), "{view}");
    }
    browser.close().await;
}

/// Folded stacks with so many nodes: packages and functions as programs have them, some levels deep.
fn large(nodes: usize) -> String {
    let mut state = 42_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let verbs =
        ["serve", "handle", "parse", "encode", "flush", "lookup", "merge", "append", "compact", "scan"];
    let names: Vec<String> = (0..4000)
        .map(|at| {
            format!("github.com/example/p{}/store.(*Reader{}).{}{at}", at % 37, at % 11, verbs[at % 10])
        })
        .collect();
    let mut stacks: Vec<Vec<usize>> = vec![Vec::new()];
    let mut lines = String::new();
    for _ in 0..nodes {
        // Most calls are below recent ones, so that some stacks get deep.
        let from = stacks.len().saturating_sub(1 + random(stacks.len().min(4000)));
        let mut stack = stacks[from].clone();
        stack.push(random(names.len()));
        if stack.len() > 24 {
            stack.truncate(1);
        }
        let text: Vec<&str> = stack.iter().map(|at| names[*at].as_str()).collect();
        lines.push_str(&format!("{} {}\n", text.join(";"), 1 + random(1000)));
        stacks.push(stack);
    }
    lines
}
