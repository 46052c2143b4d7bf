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

/// The style.
pub(super) const STYLE: Asset = asset!("page.css", "text/css; charset=utf-8");

/// The modules, each behind those that it needs.
pub(super) const MODULES: [Asset; 20] = [
    asset!("dom.js", JS),
    asset!("numbers.js", JS),
    asset!("selector.js", JS),
    asset!("state.js", JS),
    asset!("profile.js", JS),
    asset!("tree.js", JS),
    asset!("layout.js", JS),
    asset!("stacks.js", JS),
    asset!("acts.js", JS),
    asset!("answers.js", JS),
    asset!("colours.js", JS),
    asset!("graph.js", JS),
    asset!("chart.js", JS),
    asset!("field.js", JS),
    asset!("table.js", JS),
    asset!("menu.js", JS),
    asset!("command.js", JS),
    asset!("details.js", JS),
    asset!("mistakes.js", JS),
    asset!("dialogs.js", JS),
];

pub(super) const MAIN: Asset = asset!("main.js", JS);

/// What the page asks for below `ui/`.
pub fn assets() -> impl Iterator<Item = Asset> {
    let rest = [STYLE, MAIN, asset!("worker.js", JS), asset!("icon.svg", "image/svg+xml")];
    MODULES.into_iter().chain(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

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
