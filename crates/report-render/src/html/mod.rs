//! Flame graphs that people can walk through in a browser, in one file that needs nothing else.
//!
//! The parts are there for other pages, too: put [`VIEWER_CSS`] in a `<style>`, [`VIEWER_JS`] in a
//! `<script>`, and call `flameView(element, data)` with what [`viewer_data`] writes. It fills the
//! element with a graph that mouse and keyboard work in, and gives an object with `find(name)`,
//! `focus(id)`, `zoom(id)`, `back()`, `reset()`, `search(regex)`, `flip()` and `destroy()`; ids are
//! positions of frames, the root's is 0. What is known about the frame in focus or under the pointer
//! is in an element of class `tip`: spans `tip-name`, `tip-value`, `tip-percent`, `tip-exact`,
//! `tip-own`, `tip-diff` and `tip-file`.

mod data;
mod page;

pub use data::{ViewerOptions, viewer_data};
pub use page::{PageOptions, page};

/// The script: defines `flameView` on `window` and nothing else. Has no `</script` in it.
pub const VIEWER_JS: &str = include_str!("viewer.js");

/// The style of what the script makes; touches only classes that start with `fv`, and `tip`.
pub const VIEWER_CSS: &str = include_str!("viewer.css");
