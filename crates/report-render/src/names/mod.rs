//! What functions are called in front of people: demangled, and as short as there is room for.
//!
//! A name in full starts with where the function is from, which is what a narrow box would show of it. So each name has
//! a ladder of forms, each shorter than the one before; the last is the function's own name.
//!
//! ```
//! use report_render::names;
//!
//! let forms = names::forms("google.golang.org/grpc.(*Server).serveStreams.func1.2");
//! assert_eq!(forms[1..], [
//!     "grpc.(*Server).serveStreams.func1.2",
//!     "(*Server).serveStreams.func1.2",
//!     "serveStreams.func1.2",
//! ]);
//! assert_eq!(names::fitting("net/http.(*conn).serve", 8), "serve");
//! assert_eq!(names::package("net/http.(*conn).serve", "", ""), "net/http");
//! ```

mod brackets;
mod ladder;
mod package;
#[cfg(test)]
mod tests;

pub use demangle::readable;
pub use ladder::forms;
pub use package::{is_system, package};

/// The longest form that fits into so many columns; where none does, the beginning of the shortest. What could move the
/// cursor or change the order of text is replaced.
pub fn fitting(name: &str, columns: usize) -> String {
    let mut text = String::new();
    push_fitting(&mut text, name, columns);
    text
}

/// As [`fitting`], written behind what stands in `line`; gives how many columns were taken.
pub fn push_fitting(line: &mut String, name: &str, columns: usize) -> usize {
    let full = words::columns(name);
    if full <= columns && !demangle::is_mangled(name) {
        return words::push_fitting(line, name, columns);
    }
    let forms = forms(name);
    let fits = forms.iter().find(|form| words::columns(form) <= columns);
    let form = fits.or(forms.last()).map_or(name, String::as_str);
    words::push_fitting(line, form, columns)
}
