//! The page's own files, as they are in the folder `page`.

/// A file of the page.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Asset {
    /// What the page calls it: `main.js`.
    pub name: &'static str,
    /// The asset's media type.
    pub media_type: &'static str,
    /// What is in it.
    pub text: &'static str,
}

const JS: &str = "text/javascript; charset=utf-8";

macro_rules! asset {
    ($name:literal, $media_type:expr) => {
        Asset { name: $name, media_type: $media_type, text: include_str!(concat!("page/", $name)) }
    };
}

/// The page itself, which asks for the others below `ui/`.
pub const INDEX: Asset = asset!("index.html", "text/html; charset=utf-8");

const CSS: &str = "text/css; charset=utf-8";

/// What all pages of the house look alike by: colours in light and dark, letters, the first line.
pub const BASE_STYLE: Asset = asset!("base.css", CSS);

/// The styles, in order.
pub(super) const STYLES: [Asset; 2] = [BASE_STYLE, asset!("page.css", CSS)];

/// The modules, each behind those that it needs.
pub(super) const MODULES: [Asset; 39] = [
    asset!("dom.js", JS),
    asset!("numbers.js", JS),
    asset!("selector.js", JS),
    asset!("state.js", JS),
    asset!("profile.js", JS),
    asset!("tree.js", JS),
    asset!("layout.js", JS),
    asset!("sums.js", JS),
    asset!("stacks.js", JS),
    asset!("acts.js", JS),
    asset!("answers.js", JS),
    asset!("page.js", JS),
    asset!("view.js", JS),
    asset!("names.js", JS),
    asset!("colours.js", JS),
    asset!("lettering.js", JS),
    asset!("painting.js", JS),
    asset!("told.js", JS),
    asset!("walk.js", JS),
    asset!("graph.js", JS),
    asset!("chart.js", JS),
    asset!("columns.js", JS),
    asset!("table.js", JS),
    asset!("menu.js", JS),
    asset!("command.js", JS),
    asset!("functions.js", JS),
    asset!("details.js", JS),
    asset!("mistakes.js", JS),
    asset!("dialogs.js", JS),
    asset!("over-time.js", JS),
    asset!("facts.js", JS),
    asset!("tools.js", JS),
    asset!("field.js", JS),
    asset!("question.js", JS),
    asset!("status.js", JS),
    asset!("asking.js", JS),
    asset!("keys.js", JS),
    asset!("links.js", JS),
    asset!("picture.js", JS),
];

pub(super) const MAIN: Asset = asset!("main.js", JS);

/// What the page asks for below `ui/`.
pub fn assets() -> impl Iterator<Item = Asset> {
    let rest = [MAIN, asset!("worker.js", JS), asset!("warm.js", JS), asset!("icon.svg", "image/svg+xml")];
    MODULES.into_iter().chain(STYLES).chain(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_needs_is_asked_for_at_once_and_is_small() {
        for Asset { name, .. } in MODULES {
            assert!(
                INDEX.text.contains(&format!("<link rel=\"modulepreload\" href=\"ui/{name}\">")),
                "{name}"
            );
        }
        // Compressed they are about a third of that.
        let bytes: usize = assets().chain([INDEX]).map(|asset| asset.text.len()).sum();
        assert!(bytes < 240_000, "{bytes} bytes");
    }

    #[test]
    fn every_file_that_the_page_names_is_there_and_nothing_is_elsewhere() {
        let names: Vec<&str> = assets().map(|asset| asset.name).collect();
        for Asset { name, text, .. } in assets().chain([INDEX]) {
            let paths =
                text.split(['"', '\'']).filter(|word| word.starts_with("ui/") || word.starts_with("./"));
            for path in paths {
                let wanted = path.trim_start_matches("ui/").trim_start_matches("./");
                assert!(names.contains(&wanted), "{name} names {wanted}");
            }
            let external = text.matches("://").count() - text.matches("http://www.w3.org/").count();
            assert_eq!(external, 0, "{name} has an address of another server");
            for made_of_text in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!text.contains(made_of_text), "{name} has {made_of_text}");
            }
        }
    }
}
