//! Names of functions as people write them: what linkers make of names of Rust and C++ is undone.
//!
//! ```
//! use demangle::{is_mangled, readable};
//!
//! assert_eq!(readable("_ZN3app4workEi"), "app::work");
//! assert_eq!(readable("_RNvCskwGfYPst2Cb_3foo3bar"), "foo::bar");
//! // Other names are as they were.
//! assert_eq!(readable("net/http.(*conn).serve"), "net/http.(*conn).serve");
//! assert!(!is_mangled("main"));
//! ```
//!
//! What it does not know: how long a name may be where it is shown, and from which package it is.

use std::borrow::Cow;

/// The longest name that is demangled, in bytes; and the longest that may come of it.
const MAX_MANGLED: usize = 4096;
const MAX_READABLE: usize = 8192;

/// Whether a name is as a linker of Rust or C++ writes it.
pub fn is_mangled(name: &str) -> bool {
    name.starts_with("_Z") || name.starts_with("__Z") || name.starts_with("_R") && name.len() > 2
}

/// A name as people write it: what linkers made of names of Rust and C++ is undone, as far as it can be. Other names
/// are as they were.
pub fn readable(name: &str) -> Cow<'_, str> {
    if !is_mangled(name) || name.len() > MAX_MANGLED {
        return Cow::Borrowed(name);
    }
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        let text = format!("{rust:#}");
        return if text.len() > MAX_READABLE { Cow::Borrowed(name) } else { Cow::Owned(text) };
    }
    cpp(name).map_or(Cow::Borrowed(name), Cow::Owned)
}

fn cpp(name: &str) -> Option<String> {
    let symbol = cpp_demangle::Symbol::new(name.as_bytes()).ok()?;
    let options = cpp_demangle::DemangleOptions::new().no_params().no_return_type().recursion_limit(96);
    let text = symbol.demangle_with_options(&options).ok()?;
    (text.len() <= MAX_READABLE).then_some(text)
}
