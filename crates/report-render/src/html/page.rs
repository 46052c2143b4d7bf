use std::io::{self, Write};

use super::assets::{INDEX, STYLES};
use super::bundle::bundle;
use super::{ViewerOptions, viewer_data};
use crate::output::{buffered, script_string};
use crate::{Cut, Flame, xml::Escaped};

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
    /// For a sum of snapshots, of how many moments and in words: the page shows the mean.
    pub snapshots: Option<(f64, String)>,
}

impl Default for PageOptions {
    fn default() -> Self {
        Self {
            title: "Flame graph".to_owned(),
            subtitle: String::new(),
            viewer: ViewerOptions::default(),
            snapshots: None,
        }
    }
}

/// No request leaves the page, whatever a name in the profile may try.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";

/// Writes a page with a tree: the same that servers of this house have, with the stacks inside. It is one file that
/// works without a network.
///
/// # Errors
/// If `out` fails.
pub fn page(flame: &Flame<'_>, options: &PageOptions, out: &mut impl Write) -> io::Result<Cut> {
    buffered(out, |out| {
        let (_, body) = INDEX.text.split_once("</head>").unwrap_or_default();
        let body = body.trim_end().trim_end_matches("</html>").trim_end().trim_end_matches("</body>");
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n\
             <style>\n{}</style>\n</head>{body}<script type=\"application/json\" id=\"profile\">",
            Escaped(&options.title),
            STYLES.map(|style| style.text).concat(),
        )?;
        let cut = answer(flame, options, out)?;
        write!(out, "</script>\n<script>\n{}</script>\n</body>\n</html>\n", bundle())?;
        Ok(cut)
    })
}

/// What a server of the page would answer.
fn answer(flame: &Flame<'_>, options: &PageOptions, out: &mut impl Write) -> io::Result<Cut> {
    out.write_all(b"{\"title\":")?;
    script_string(out, &options.title)?;
    out.write_all(b",\"facts\":[")?;
    if !options.subtitle.is_empty() {
        script_string(out, &options.subtitle)?;
    }
    out.write_all(b"],\"sides\":[")?;
    if let Some((moments, words)) = &options.snapshots {
        write!(out, "{{\"snapshots\":{{\"moments\":{moments},\"words\":")?;
        script_string(out, words)?;
        out.write_all(b"}}")?;
    }
    out.write_all(b"],\"data\":")?;
    let cut = viewer_data(flame, &options.viewer, out)?;
    out.write_all(b"}")?;
    Ok(cut)
}
