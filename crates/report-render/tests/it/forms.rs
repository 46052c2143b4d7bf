//! Every form of a selection by its name.

use std::io;

use profile_model::Profile;
use report_render::{Flame, Selection, dot, folded, html, json, speedscope, svg, terminal, top};

/// What a form of a tree is written by.
type Write = fn(&Flame<'_>, &mut Vec<u8>) -> io::Result<()>;

pub(crate) const OF_TREES: &[(&str, Write)] = &[
    ("flame.json", |flame, out| json::flame_graph(flame, &Default::default(), out).map(|_| ())),
    ("folded", |flame, out| folded::write(flame, out)),
    ("svg", |flame, out| svg::flame_graph(flame, &Default::default(), out).map(|_| ())),
    ("viewer.json", |flame, out| html::viewer_data(flame, &Default::default(), out).map(|_| ())),
    ("html", |flame, out| html::page(flame, &Default::default(), out).map(|_| ())),
    ("flame.txt", |flame, out| terminal::flame_graph(flame, &Default::default(), out).map(|_| ())),
    ("tree.txt", |flame, out| terminal::call_tree(flame, &Default::default(), out).map(|_| ())),
    ("speedscope.json", |flame, out| speedscope::write(flame, "a title", out).map(|_| ())),
    ("dot", |flame, out| dot::call_graph(flame, &Default::default(), out).map(|_| ())),
];

/// The text of every form.
pub(crate) fn all(selection: &Selection<'_>) -> Vec<(&'static str, String)> {
    let graph = selection.flame_graph(Default::default());
    let flame = selection.flame(&graph);
    let mut forms: Vec<(&str, Vec<u8>)> = Vec::new();
    for (name, write) in OF_TREES {
        let mut out = Vec::new();
        write(&flame, &mut out).unwrap();
        forms.push((name, out));
    }
    let mut stacks = Vec::new();
    json::stacks(selection, &mut stacks).unwrap();
    forms.push(("stacks.json", stacks));
    let table = top::Top::of(selection, &Default::default());
    let (mut text, mut csv, mut json) = (Vec::new(), Vec::new(), Vec::new());
    top::text(&table, &Default::default(), &mut text).unwrap();
    top::csv(&table, &mut csv).unwrap();
    top::json(&table, &mut json).unwrap();
    forms.extend([("top.txt", text), ("top.csv", csv), ("top.json", json)]);
    forms.into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect()
}

pub(crate) fn form(selection: &Selection<'_>, name: &str) -> String {
    all(selection).into_iter().find(|(known, _)| *known == name).unwrap().1
}

/// Folded stacks as a profile of CPU time.
pub(crate) fn profile(folded: &str) -> Profile {
    let mut options = folded::ParseOptions::default();
    options.value_type = profile_model::ValueType::new("cpu", "nanoseconds");
    folded::parse(folded.as_bytes(), &options).unwrap()
}

/// What is inside a page: what a server of the page would answer.
pub(crate) fn embedded(page: &str) -> &str {
    let start = page.split_once("id=\"profile\">").unwrap().1;
    start.split_once("</script>").unwrap().0
}
