//! What must hold of the profile page, behind whatever door it stands.
//!
//! Each program that serves the page starts it with data and calls [`suite`]. What is looked at is what people see: which
//! labels were drawn, where the graph is, what an address shows in a fresh tab.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "what goes wrong is a panic with all that was said"
)]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::browser::{Browser, DOWN, ENTER, ESCAPE, HOME, TAB};

/// The largest distance of the graph from the top of a window of 1280 x 900 pixels.
const GRAPH_TOP: f64 = 280.0;
/// The least share of labels that say which function a box is.
const NAMED: f64 = 0.9;

/// A page with something to see.
#[derive(Clone, Debug)]
pub struct Door {
    /// Where the page is, with the question in the address: `http://127.0.0.1:1/?query=...`.
    pub url: String,
    /// The address of a comparison, if the door has one.
    pub compared: Option<String>,
    /// A function that is in the profile.
    pub function: String,
}

impl Door {
    /// The address with more parameters.
    fn with(&self, more: &str) -> String {
        let separator = match self.url.contains(['?', '#']) {
            true => "&",
            false if self.url.starts_with("file:") => "#",
            false => "?",
        };
        format!("{}{separator}{more}", self.url)
    }
}

/// All that holds behind every door. Does nothing where there is no browser, and says so.
pub async fn suite(door: &Door) {
    let Some(browser) = Browser::start().await else { return };
    first_sight(&browser, door).await;
    labels_name_functions(&browser, &door.url, 1.0).await;
    addresses_show_the_same_again(&browser, door).await;
    a_keyboard_is_enough(&browser, door).await;
    a_finger_is_enough(&browser, door).await;
    transforms_add_up(&browser, door).await;
    if let Some(compared) = &door.compared {
        a_comparison_is_honest(&browser, compared).await;
    }
    let chosen = door.with(&format!("selected={}", encoded(&door.function)));
    accessible(&browser, &chosen, "document.querySelector('#details h2') !== null").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

/// Goes to an address in a fresh page and waits until all of its parts are drawn.
pub async fn open(browser: &Browser, url: &str) {
    browser.open("about:blank").await;
    browser.open(url).await;
    drawn(browser).await;
}

/// Whether there is a picture.
const DRAWN: &str =
    "document.body.dataset.drawn && !profilePage.page.running && profilePage.graph.drawn?.length > 0";

/// Waits until the picture is there.
pub async fn drawn(browser: &Browser) {
    // Why there is none is worth more than that the time is up.
    let found = browser.wait(&format!("{DRAWN} || profilePage.page.refused?.message")).await;
    assert_eq!(found, true, "the page has no picture");
}

/// Waits until the picture is there, whatever was refused before.
pub async fn drawn_at_last(browser: &Browser) {
    browser.wait(DRAWN).await;
}

async fn first_sight(browser: &Browser, door: &Door) {
    browser.resize(1280, 900, false).await;
    open(browser, &door.url).await;
    let top = browser.run("return document.querySelector('#graph').getBoundingClientRect().top;").await;
    assert!(top.as_f64().unwrap() <= GRAPH_TOP, "the graph begins at {top}");
    let width = browser
        .run("return document.documentElement.scrollWidth - document.documentElement.clientWidth;")
        .await;
    assert_eq!(width, 0, "the page is wider than the window");
    browser.resize(390, 844, true).await;
    open(browser, &door.url).await;
    let box_ = browser.run("const box = document.querySelector('#graph').getBoundingClientRect(); return [box.top, box.right];").await;
    assert!(box_[0].as_f64().unwrap() < 600.0, "on a phone the graph begins at {}", box_[0]);
    assert!(box_[1].as_f64().unwrap() <= 390.0, "on a phone the graph ends at {}", box_[1]);
    browser.resize(1280, 900, false).await;
}

/// Of the boxes with room for three letters, those whose label shows at least four letters of the function's own name, or
/// all of it.
pub const NAMED_LABELS: &str = "(() => {
    const { graph, page } = profilePage, { raw } = page, ROOM = 32;
    const own = (id) => raw.names[raw.f_name[page.result.tree.frame[id]]].at(-1);
    const calls = graph.drawn.filter(([id, , width]) => page.result.tree.frame[id] >= 0 && width >= ROOM);
    const says = ([id, text]) => {
        const name = own(id), shown = text.replace(/^[+−] /, '').replace(/^⋯\\d+ /, '').replace(/…$/, '');
        return shown.endsWith(name) || shown.length >= Math.min(3, name.length) && name.startsWith(shown) || shown.includes(name.slice(0, 4));
    };
    return [calls.filter(says).length, calls.length, calls.filter((one) => !says(one)).slice(0, 5).map(([id, text]) => [own(id), text])];
})()";

/// Whether the labels on show say what their boxes are. At least so many have to be there.
pub async fn labels_name_functions(browser: &Browser, url: &str, least: f64) {
    open(browser, url).await;
    let found = browser.wait(NAMED_LABELS).await;
    let (named, all) = (found[0].as_f64().unwrap(), found[1].as_f64().unwrap());
    assert!(
        all >= least && named / all >= NAMED,
        "{named} of {all} labels of {url} say their function: {}",
        found[2]
    );
}

/// What a view shows: the pixels of the graph, the labels, the rows of the table, what is in the fields.
const SEEN: &str = "(() => {
    const { graph, page } = profilePage, { canvas } = graph;
    const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    const picture = pixels.reduce((sum, pixel) => Math.imul(sum ^ pixel, 16777619), 0);
    const rows = [...document.querySelectorAll('.row')].slice(0, 12).map((row) => row.textContent);
    const tools = [...document.querySelectorAll('#tools select, #tools input, #question select, #question input')].map((one) => one.value);
    const pressed = [...document.querySelectorAll('[aria-pressed=true]')].map((one) => one.textContent);
    return JSON.stringify([page.raw.comparison, picture, (graph.drawn || []).map(([id, text, width]) => [id, text, Math.round(width)]), rows, tools, pressed, document.querySelector('#details h2')?.textContent]);
})()";

async fn addresses_show_the_same_again(browser: &Browser, door: &Door) {
    let function = encoded(&door.function);
    let selected = format!("selected={function}");
    let words = [
        "",
        "invert=1",
        "invert=1&collapse=1&zoom=0.0",
        "collapse=1",
        "by=package",
        "by=package&invert=1",
        "by=file&table=all",
        "by=binary&table=name",
        "by=line&zoom=0.0",
        "colour=file&below=1",
        "colour=binary&order=name",
        "colour=function&ignore=gc",
        "zoom=0",
        "show=graph&below=1",
        "hide=runtime&order=change",
        "sums=sum&search=a",
        "zone=local&show=table",
    ];
    let views: Vec<String> = words
        .map(str::to_owned)
        .into_iter()
        .chain([
            selected.clone(),
            format!("{selected}&sandwich={function}"),
            format!("sandwich={function}&collapse=1&zoom=0"),
            format!("focus={function}&search=a"),
        ])
        .collect();
    let compared = door.compared.iter().flat_map(|url| {
        let of = Door { url: url.clone(), ..door.clone() };
        ["", "diff=value&table=points", "order=change&invert=1", "by=package&collapse=1"]
            .map(|view| (of.with(view), view.to_owned()))
    });
    let plain = views.iter().map(|view| (door.with(view), view.clone()));
    for (url, view) in plain.chain(compared) {
        // Nothing is drawn of a graph that is not shown.
        let shown = |text: &Value| text.as_str().unwrap_or_default().to_owned();
        let there = async |url: &str| {
            browser.open("about:blank").await;
            browser.open(url).await;
            browser.wait("document.body.dataset.drawn && !profilePage.page.running").await;
            browser.wait("document.querySelectorAll('.row').length > 0").await;
            if view.contains("selected") {
                browser.wait("document.querySelector('#details h2') !== null").await;
            }
        };
        there(&url).await;
        let (seen, address) = settled(browser).await;
        there(shown(&address).as_str()).await;
        let (again, _) = settled(browser).await;
        assert_eq!(shown(&seen), shown(&again), "{view} at {address}");
    }
}

/// What is seen once it no longer changes, and the address.
async fn settled(browser: &Browser) -> (Value, Value) {
    let script = format!(
        "(() => {{ const seen = {SEEN}; const was = window.seenBefore; window.seenBefore = seen; \
         return was === seen && [seen, location.href]; }})()"
    );
    let mut found = browser.wait(&script).await;
    (found[0].take(), found[1].take())
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

async fn a_keyboard_is_enough(browser: &Browser, door: &Door) {
    open(browser, &door.url).await;
    tab_to(browser, ".graph-scroll").await;
    let cursor = "document.querySelector('.graph-cursor').getAttribute('aria-label')";
    let root = browser.run(&format!("return {cursor};")).await;
    browser.press(DOWN).await;
    browser.wait(&format!("{cursor} !== {root}")).await;
    browser.press(ENTER).await;
    browser.wait("profilePage.state().zoom !== ''").await;
    browser.press(" ").await;
    browser.wait("document.querySelector('#details h2') !== null").await;
    browser.press("m").await;
    browser.wait("document.activeElement.getAttribute('role') === 'menuitem'").await;
    browser.press(ESCAPE).await;
    browser.wait("document.querySelector('.menu') === null").await;
    browser.press(ESCAPE).await;
    browser.wait("profilePage.state().zoom === ''").await;
    browser.press("i").await;
    browser.wait("profilePage.state().invert === '1'").await;
    browser.press("i").await;
    browser.press("/").await;
    browser.wait("document.activeElement.id === 'search'").await;
    browser.press("(*Server)").await;
    browser.wait("/frames, /.test(document.querySelector('#matched').textContent)").await;
    browser.press(ESCAPE).await;
    browser.wait("profilePage.state().search === ''").await;
    // The table is walked through by itself, row by row.
    tab_to(browser, ".table-scroll").await;
    for (key, row) in [(HOME, 1), (DOWN, 2), (DOWN, 3)] {
        browser.press(key).await;
        browser
            .wait(&format!(
                "document.querySelector('.row[aria-rowindex=\"{row}\"]')?.getAttribute('aria-selected') === 'true' \
                 && profilePage.state().selected !== ''"
            ))
            .await;
    }
    browser.press(ENTER).await;
    browser.wait("profilePage.state().sandwich === profilePage.state().selected").await;
    browser.press("0").await;
    browser.wait("profilePage.state().sandwich === ''").await;
    browser.press("?").await;
    browser.wait("document.querySelector('#dialog').open").await;
    browser.press(ESCAPE).await;
    browser.wait("!document.querySelector('#dialog').open").await;
}

/// Presses Tab until an element that matches has the focus.
async fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..80 {
        browser.press(TAB).await;
        if browser.run(&format!("return document.activeElement.matches({});", json!(css))).await == true {
            return;
        }
    }
    panic!("Tab does not lead to {css}");
}

async fn a_finger_is_enough(browser: &Browser, door: &Door) {
    browser.resize(390, 844, true).await;
    open(browser, &door.url).await;
    let script = "return (() => { document.querySelector('#graph').scrollIntoView({ block: 'start' });
        const box = document.querySelector('.graph-scroll').getBoundingClientRect(); return [box.left, box.top]; })()";
    let corner = browser.run(script).await;
    browser.touch(corner[0].as_f64().unwrap() + 20.0, corner[1].as_f64().unwrap() + 28.0).await;
    browser.wait("profilePage.state().selected !== ''").await;
    browser.wait("document.querySelector('#details h2') !== null").await;
    touch_button(browser, "#details", "Callers and callees").await;
    browser.wait("profilePage.state().sandwich === profilePage.state().selected").await;
    touch_button(browser, "#filters", "around").await;
    browser.wait("profilePage.state().sandwich === ''").await;
    touch_button(browser, "#tools", "Invert").await;
    browser.wait("profilePage.state().invert === '1' && profilePage.page.result.tree.count > 1").await;
    browser.resize(1280, 900, false).await;
}

/// Scrolls to a button that begins with these words and touches it.
async fn touch_button(browser: &Browser, within: &str, words: &str) {
    let script = format!(
        "(() => {{ const found = [...document.querySelectorAll({})].find((one) => one.textContent.startsWith({}));
         if (!found) return null;
         found.scrollIntoView({{ block: 'center', inline: 'center' }});
         const box = found.getBoundingClientRect();
         return [box.left + box.width / 2, box.top + box.height / 2]; }})()",
        json!(format!("{within} button")),
        json!(words)
    );
    let place = browser.wait(&script).await;
    browser.touch(place[0].as_f64().unwrap(), place[1].as_f64().unwrap()).await;
}

/// However stacks are turned, their sum is the same, and each part is no more than what it is a part of.
async fn transforms_add_up(browser: &Browser, door: &Door) {
    let sums = "(() => {
        const { tree } = profilePage.page.result;
        for (let id = 1; id < tree.count; id++) {
            const parent = tree.parent[id];
            if (tree.start[id] < tree.start[parent] - 1e-6 && tree.depth[id] > 0) return `${id} begins before its parent`;
            if (tree.width[id] > tree.width[parent] * (1 + 1e-9) && tree.depth[id] > 0) return `${id} is wider than its parent`;
        }
        return String(Math.round(tree.value[0]));
    })()";
    open(browser, &door.url).await;
    let total = browser.wait(sums).await;
    for view in ["invert=1", "collapse=1", "by=package", "by=file", "by=binary", "by=line", "order=name"] {
        open(browser, &door.with(view)).await;
        assert_eq!(browser.wait(sums).await, total, "{view}");
    }
    // A function's callers and callees have its own sum.
    open(browser, &door.with(&format!("sandwich={}", encoded(&door.function)))).await;
    let same = "(() => {
        const { page } = profilePage, { tree, table } = page.result;
        const row = table.key.indexOf(tree.key[0]);
        return Math.round(table.all[row]) === Math.round(tree.value[0]) && tree.count > 1;
    })()";
    browser.wait(same).await;
}

async fn a_comparison_is_honest(browser: &Browser, url: &str) {
    open(browser, url).await;
    let sums = browser
        .run(
            "const { raw, result } = profilePage.page, { table, sums } = result;
             let gone = 0, fresh = 0;
             for (let row = 0; row < table.key.length; row++) {
                 if (table.all[row] === 0 && table.allBefore[row] !== 0) gone++;
                 if (table.all[row] !== 0 && table.allBefore[row] === 0) fresh++;
             }
             const { names, f_name } = raw, at = [...table.key.keys()].find((row) => table.all[row] === 0 && table.allBefore[row] !== 0);
             const name = at === undefined ? '' : names[f_name[table.frame[at]]][0];
             return [raw.comparison, sums.all, sums.allBefore, gone, fresh, document.querySelector('#when').textContent, name];",
        )
        .await;
    assert_eq!(sums[0], true);
    // Both totals are said.
    let words = sums[5].as_str().unwrap();
    assert!(words.contains(" before, ") && words.contains(" after"), "{words}");
    // What is gone is in the table, and called so.
    if let Some(name) = sums[6].as_str().filter(|name| !name.is_empty()) {
        open(
            browser,
            &format!("{url}{}search={}", if url.contains(['?', '#']) { "&" } else { "#" }, encoded(name)),
        )
        .await;
        browser
            .wait(&format!(
                "[...document.querySelectorAll('.row')].some((row) => row.dataset.label === {} && row.querySelector('.fate')?.textContent === 'gone')",
                json!(name)
            ))
            .await;
        open(browser, url).await;
    }
    // The switch changes widths and colours, and no amount.
    browser.click("#tools select[aria-label='What changes are measured in'] option[value=value]").await;
    browser.wait("profilePage.state().diff === 'value' && profilePage.page.scale === 1").await;
    let again =
        browser.run("const { sums } = profilePage.page.result; return [sums.all, sums.allBefore];").await;
    assert_eq!([&again[0], &again[1]], [&sums[1], &sums[2]]);
}

/// Runs axe-core, where there is one, on a page, light and dark, once an expression is true: `AXE_JS` names the file of it.
pub async fn accessible(browser: &Browser, url: &str, until: &str) {
    let Some(path) = crate::needs("AXE_JS") else { return };
    let axe = std::fs::read_to_string(path).unwrap();
    for scheme in ["light", "dark"] {
        browser.prefer(scheme).await;
        browser.open("about:blank").await;
        browser.open(url).await;
        browser.wait(until).await;
        browser.run(&axe).await;
        browser.run("window.axeFound = null; axe.run({ resultTypes: ['violations'] }).then((found) => { window.axeFound = found; });").await;
        let found = browser.wait("window.axeFound && JSON.stringify(window.axeFound.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200))]))").await;
        assert_eq!(found, "[]", "{url} in {scheme}");
    }
    browser.prefer("light").await;
}

/// Whether a page of words reads at this width: it is no wider than the window, and no word goes on in the next line unless
/// it is as long as a line.
pub async fn reads_at(browser: &Browser, width: u32) {
    browser.resize(width, 900, width < 500).await;
    let script = "(() => {
        const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
        if (wide > 0) return `${wide} pixels wider than the window`;
        const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT), range = document.createRange();
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            for (const { 0: word, index } of node.textContent.matchAll(/[^\\s-]+/g)) {
                range.setStart(node, index);
                range.setEnd(node, index + word.length);
                const tops = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
                if (tops.size > 1 && word.length < 30) return `${word} is broken`;
            }
        }
        return 'reads';
    })()";
    assert_eq!(browser.wait(script).await, "reads", "at {width}");
}

/// Keeps a picture of the window for people to look at: below `PICTURES` if that is set, else beside the test.
pub async fn keep_picture(browser: &Browser, name: &str) {
    let png = browser.window().await;
    assert!(png.starts_with(b"\x89PNG"));
    // A page of one colour takes a fraction of that.
    assert!(png.len() > 15_000, "{name} has {} bytes", png.len());
    let folder = std::env::var_os("PICTURES").map_or_else(std::env::temp_dir, PathBuf::from);
    std::fs::write(Path::new(&folder).join(format!("{name}.png")), png).unwrap();
}

/// A profile to write into a server: the labels of its series, and the file.
pub type Written = (Vec<(String, String)>, Vec<u8>);

/// Real profiles, as a door of a server is to have them: ten of one program, three seconds apart, and one of CPU time.
/// Their own times are kept.
pub fn profiles() -> Vec<Written> {
    let labels = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let folder = crate::data("profiles");
    let read =
        |path: PathBuf| std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut series: Vec<PathBuf> =
        std::fs::read_dir(folder.join("series")).unwrap().map(|entry| entry.unwrap().path()).collect();
    series.sort();
    let of_series = series.into_iter().enumerate().map(|(at, path)| {
        let (version, pod) = (if at < 5 { "v1" } else { "v2" }, format!("pod-{}", at % 3));
        (labels(&[("__name__", "memory"), ("job", "svc"), ("version", version), ("pod", &pod)]), read(path))
    });
    let cpu = (labels(&[("__name__", "process_cpu"), ("job", "grpc")]), read(folder.join("profile1.pb.gz")));
    of_series.chain([cpu]).collect()
}

/// When the [`profiles`] are from: before the first one, between the fifth and the sixth, after the last one.
pub const TIMES: [&str; 3] = ["2022-02-10T16:07:50Z", "2022-02-10T16:08:06Z", "2022-02-10T16:08:20Z"];
/// The type that is looked at.
pub const TYPE: &str = "memory:inuse_space:bytes:space:bytes";

/// The door of a server that has the [`profiles`], at `http://host:port/`; `label` is that of services.
pub fn door_of_server(base: &str, label: &str) -> Door {
    let [start, middle, end] = TIMES;
    let query = encoded(&format!("{TYPE}{{{label}=\"svc\"}}"));
    Door {
        url: format!("{base}?query={query}&start={start}&end={end}"),
        compared: Some(format!(
            "{base}?query={query}&start={middle}&end={end}&compare=1&baseStart={start}&baseEnd={middle}"
        )),
        function: "runtime.main".to_owned(),
    }
}
