use std::io::{self, Write};

use super::{VIEWER_CSS, VIEWER_JS, ViewerOptions, viewer_data};
use crate::{Cut, Flame, output::buffered, xml::Escaped};

/// How a page looks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PageOptions {
    /// The title of the page.
    pub title: String,
    /// What stands below the title: the window, how many snapshots were added up; nothing if it is empty.
    pub subtitle: String,
    /// What of the tree is shown.
    pub viewer: ViewerOptions,
}

impl Default for PageOptions {
    fn default() -> Self {
        Self { title: "Flame graph".to_owned(), subtitle: String::new(), viewer: ViewerOptions::default() }
    }
}

/// No request leaves the page, whatever a name in the profile may try.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";

const PAGE_CSS: &str = "\
:root { color-scheme: light dark; }
body { margin: 1em; background: #fff; color: #1b1b1b; }
h1 { font: 600 18px system-ui, sans-serif; margin: 0; overflow-wrap: anywhere; }
p { font: 13px system-ui, sans-serif; margin: 2px 0 6px; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { background: #1b1b1b; color: #ececec; } }
";

const START: &str = "\
flameView(document.getElementById('graph'), JSON.parse(document.getElementById('data').textContent));
";

/// Writes a page with a tree: click or Enter zooms, Escape goes back, search is by regular
/// expression, arrow keys move. It is one file that works without a network.
///
/// # Errors
/// If `out` fails.
pub fn page(flame: &Flame<'_>, options: &PageOptions, out: &mut impl Write) -> io::Result<Cut> {
    buffered(out, |out| {
        let title = Escaped(&options.title);
        let subtitle = match options.subtitle.as_str() {
            "" => String::new(),
            text => format!("<p>{}</p>\n", Escaped(text)),
        };
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>\n{PAGE_CSS}{VIEWER_CSS}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{subtitle}\
             <main id=\"graph\"><noscript>This page needs its script to draw.</noscript></main>\n\
             <script type=\"application/json\" id=\"data\">"
        )?;
        let cut = viewer_data(flame, &options.viewer, out)?;
        write!(out, "</script>\n<script>\n{VIEWER_JS}{START}</script>\n</body>\n</html>\n")?;
        Ok(cut)
    })
}
