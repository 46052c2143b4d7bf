//! Values below 0: every form shows all of them, with their signs and shares of the sum of sizes.

use report_render::{Selection, compare, compare_by_share, top, transform};
use roxmltree::Document;

use crate::forms;

#[test]
fn no_form_hides_what_is_below_zero() {
    for lines in ["main;a 100\nmain;b -90\n", "main;a 10\nmain;b -10\n", "main;a -5\nmain;b -6\n"] {
        let profile = forms::profile(lines);
        let selection = Selection::new(&profile, 0).unwrap();
        for (name, text) in forms::all(&selection) {
            for function in ["a", "b"] {
                let is_there = match name {
                    "flame.txt" => {
                        text.contains(&format!("|{function}")) || text.contains(&format!("|-{function}"))
                    }
                    "svg" => text.contains(&format!("<title>{function}: ")),
                    "dot" => text.contains(&format!("label=\"{function}\\n")),
                    "tree.txt" | "top.txt" => {
                        text.lines().any(|line| line.ends_with(&format!(" {function}")))
                    }
                    "folded" => text.contains(&format!("main;{function} ")),
                    "top.csv" => text.contains(&format!("\r\n{function},")),
                    _ => text.contains(&format!("\"{function}\"")),
                };
                assert!(is_there, "{function} is not in {name} of {lines}:\n{text}");
            }
        }
    }
}

#[test]
fn shares_are_of_the_sum_of_sizes() {
    let profile = forms::profile("main;a 100\nmain;b -90\n");
    let selection = Selection::new(&profile, 0).unwrap();
    let table = top::Top::of(&selection, &Default::default());
    assert_eq!((table.total, table.whole), (10, 190));
    let rows: Vec<_> =
        table.rows.iter().map(|row| (row.name.to_string(), row.flat, row.cumulative)).collect();
    assert_eq!(rows, [("a".to_owned(), 100, 100), ("b".to_owned(), -90, -90), ("main".to_owned(), 0, 10)]);
    let text = forms::form(&selection, "top.txt");
    for expect in ["10 ns of 190 ns in all (10 of 190 nanoseconds)", "52.6 %", "-47.4 %", "5.3 %"] {
        assert!(text.contains(expect), "{expect} is not in\n{text}");
    }
}

#[test]
fn no_box_is_wider_than_the_picture() {
    for lines in ["main;a 100\nmain;b -90\n", "main;a 10\nmain;b -10\n", "main;a;c 7\nmain;b -1\nx -9\n"] {
        let profile = forms::profile(lines);
        let svg = forms::form(&Selection::new(&profile, 0).unwrap(), "svg");
        let document = Document::parse(&svg).unwrap();
        let boxes =
            document.descendants().filter(|node| node.has_tag_name("rect") && node.has_attribute("x"));
        let number = |node: roxmltree::Node<'_, '_>, name: &str| -> f64 {
            node.attribute(name).unwrap().parse().unwrap()
        };
        for node in boxes {
            let (x, width) = (number(node, "x"), number(node, "width"));
            assert!(x >= 10.0 && x + width <= 1190.1 && width >= 0.0, "{x} {width} in {lines}");
        }
    }
}

#[test]
fn what_a_filter_left_is_a_part_of_the_whole() {
    let profile = forms::profile("main;work 10\nmain;idle 90\n");
    let mut filter = transform::Filter::default();
    filter.focus = Some(re2::Regex::new("work").unwrap());
    let left = filter.apply(profile);
    let selection = Selection::new(&left, 0).unwrap().of_whole(100);
    assert!(selection.is_part());
    for (name, text) in forms::all(&selection) {
        let expect = match name {
            "flame.json" | "folded" | "stacks.json" | "speedscope.json" | "top.csv" => continue,
            "top.json" => "\"whole\":100",
            "viewer.json" | "html" => "\"wholes\":[100,0]",
            _ => "10 ns of 100 ns in all",
        };
        assert!(text.contains(expect), "{expect} is not in {name}:\n{text}");
        assert!(!text.contains("100.0 %"), "{name}:\n{text}");
    }
}

#[test]
fn what_is_gone_has_a_place_and_what_is_scaled_is_called_so() {
    let base = forms::profile("main;old 100\nmain;same 100\n");
    let now = forms::profile("main;same 50\nmain;new 50\n");
    let [base, now] = [&base, &now].map(|profile| Selection::new(profile, 0).unwrap());
    let (plain, scaled) = (compare(&base, &now).unwrap(), compare_by_share(&base, &now).unwrap());
    assert_eq!((plain.scale, scaled.scale, scaled.totals), (None, Some(0.5), [200, 100]));
    for (name, text) in forms::all(&plain.selection()) {
        let said = match name {
            "flame.txt" => text.contains("|-old"),
            "svg" => text.contains("<title>old: 0 ns (0 %), 0 nanoseconds, -100 ns (gone)</title>"),
            "tree.txt" => text.contains("old  -100 ns (gone)"),
            _ => continue,
        };
        assert!(said, "{name}:\n{text}");
    }
    let svg = forms::form(&scaled.selection(), "svg");
    assert!(svg.contains("<title>old: 0 ns (0 %), 0 nanoseconds, -50 ns scaled (gone)</title>"), "{svg}");
    // The page works shares out itself, so it gets both sides in their own measure.
    let data: serde_json::Value =
        serde_json::from_str(&forms::form(&scaled.selection(), "viewer.json")).unwrap();
    let before: i64 = data["nodes"].as_array().unwrap().chunks(4).map(|node| node[3].as_i64().unwrap()).sum();
    assert_eq!(before, 200);
}

#[test]
fn milliseconds_and_nanoseconds_are_compared_in_the_finer_unit() {
    let mut base = forms::profile("main 100\n");
    base.sample_types[0].unit = "milliseconds".to_owned();
    let mut now = forms::profile("main 100000000\n");
    now.sample_types[0].unit = "ns".to_owned();
    let [base, now] = [&base, &now].map(|profile| Selection::new(profile, 0).unwrap());
    let comparison = compare(&base, &now).unwrap();
    assert_eq!(comparison.totals, [100_000_000, 100_000_000]);
    assert_eq!(comparison.profile.sample_types[0].unit, "nanoseconds");
    assert_eq!(comparison.profile.samples.total(1), 0);
}
