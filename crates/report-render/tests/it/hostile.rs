use report_render::Selection;

use crate::forms;

const NAMES: &[&str] = &[
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]><svg onload=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' & &amp; &#60;",
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "line\u{2028}two\u{2029}three",
    "\u{202e}reversed",
    "nul\0 del\u{7f} fffe\u{fffe}",
    "\"quoted\\\"];n0[label=\"",
    "=cmd|' /C calc'!A0",
    "comma,\"quote\"\r\nnew row",
    "深い呼び出し🔥",
    "\\",
];

/// A call for each name, each below the one before it and next to the root.
fn profile() -> profile_model::Profile {
    let mut profile = forms::profile("");
    let locations = NAMES.iter().map(|name| location(&mut profile.symbols, name)).collect::<Vec<_>>();
    for depth in 1..=NAMES.len() {
        let leaf_first: Vec<_> = locations[..depth].iter().rev().copied().collect();
        for stack in [&leaf_first[..], &leaf_first[..1]] {
            let stack = profile.symbols.intern_stack(stack);
            profile.samples.push(profile_model::Sample { stack, values: &[1000], labels: &[] });
        }
    }
    profile
}

fn location(symbols: &mut profile_model::Symbols, name: &str) -> profile_model::LocationId {
    let name = symbols.intern_string(name);
    let function = profile_model::Function { name, system_name: name, filename: name, start_line: 0 };
    let function = Some(symbols.intern_function(function));
    let lines = [profile_model::Line { function, line: 1, column: 0 }];
    symbols.intern_location(profile_model::Location {
        mapping: None,
        address: 0,
        is_folded: false,
        lines: &lines,
    })
}

#[test]
fn names_stay_names_in_every_form() {
    let profile = profile();
    let selection = Selection::new(&profile, 0).unwrap();
    for (name, text) in forms::all(&selection) {
        match name {
            // The one script is the image's own.
            "svg" => assert_eq!((tags(&text, "script"), tags(&text, "svg")), (1, 1)),
            "html" => {
                assert_eq!(text.matches("</script").count(), 2);
                assert_eq!(text.matches("<script").count(), 2);
                let data = forms::embedded(&text);
                assert!(!data.contains(['<', '\u{2028}', '\u{2029}']));
                let data: serde_json::Value = serde_json::from_str(data).unwrap();
                let names = data["data"]["names"].as_array().unwrap().iter();
                let names: Vec<&str> = names.flat_map(|forms| forms[0].as_str()).collect();
                assert!(NAMES.iter().all(|name| names.contains(name)), "{names:?}");
            }
            name if name.ends_with("json") => drop(serde_json::from_str::<serde_json::Value>(&text).unwrap()),
            name if name.ends_with("txt") => {
                assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{name}: {text:?}");
                assert!(!text.contains('\u{202e}'));
            }
            "dot" => assert_quotes_close(&text),
            "top.csv" => assert!(text.contains("\"comma,\"\"quote\"\"\r\nnew row\"")),
            _ => {}
        }
    }
}

/// How many elements of a name an XML text has.
fn tags(xml: &str, name: &str) -> usize {
    let document = roxmltree::Document::parse(xml).unwrap();
    document.descendants().filter(|node| node.tag_name().name() == name).count()
}

/// Each line of a dot file has whole strings, and outside of them no brackets but its own.
fn assert_quotes_close(dot: &str) {
    for line in dot.lines() {
        let mut outside = String::new();
        let (mut is_inside, mut chars) = (false, line.chars());
        while let Some(c) = chars.next() {
            match c {
                '\\' if is_inside => drop(chars.next()),
                '"' => is_inside = !is_inside,
                c if !is_inside => outside.push(c),
                _ => {}
            }
        }
        assert!(!is_inside, "{line}");
        assert!(outside.matches('[').count() <= 1, "{line}");
    }
}

#[test]
fn a_page_asks_for_nothing_from_elsewhere() {
    let profile = forms::profile("main 1\n");
    let page = forms::form(&Selection::new(&profile, 0).unwrap(), "html");
    // The policy in the page forbids all requests; what is the name of a language and no address may stay.
    assert!(
        page.contains(
            "content=\"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'\""
        )
    );
    let page = page.replace("http://www.w3.org/2000/svg", "").replace("curl(", "");
    for word in ["http:", "https:", "src=", "@import", "url(", "XMLHttpRequest", "innerHTML", "eval("] {
        assert!(!page.contains(word), "{word}");
    }
}
