use std::borrow::Cow;

use super::brackets::{split, without_types};
use demangle::readable;

/// What a function belongs to: the package of Go, Java or Python, the crate of Rust, the outer namespace of C++, a
/// Node module, the kernel; where its name and file do not tell, the binary. Empty if nothing is known.
pub fn package(name: &str, file: &str, binary: &str) -> String {
    if is_kernel(name, binary) {
        return "kernel".to_owned();
    }
    let full = readable(name);
    let by_language = match extension(file) {
        "go" => go(&full),
        "rs" | "cc" | "cpp" | "cxx" | "h" | "hpp" | "hh" => qualified(&full),
        "py" | "pyx" => python(file),
        "js" | "mjs" | "cjs" | "ts" => node(file),
        "java" | "kt" | "scala" | "clj" | "groovy" => java(&full),
        "c" | "S" => None,
        _ => unknown(&full),
    };
    by_language.unwrap_or_else(|| base_name(binary).to_owned())
}

/// Whether a package is part of the system under every program: a runtime, the kernel, the C library.
pub fn is_system(package: &str) -> bool {
    let named = ["runtime", "kernel", "core", "alloc", "std", "internal/runtime", "[vdso]"];
    named.contains(&package)
        || ["runtime/internal", "internal/runtime/", "libc.so", "libc-", "ld-linux", "ld-musl", "libpthread"]
            .iter()
            .any(|start| package.starts_with(start))
}

fn is_kernel(name: &str, binary: &str) -> bool {
    binary.starts_with("[kernel") || binary.starts_with("[guest.kernel") || name.ends_with("_[k]")
}

fn extension(file: &str) -> &str {
    let file = base_name(file);
    file.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Up to the first dot behind the last slash; a dot in the last part of a path is written as `%2e`.
fn go(name: &str) -> Option<String> {
    let last = split(name, "/").pop()?;
    let before = name.len() - last.len();
    let dot = before + last.find('.')?;
    (dot > before).then(|| name[..dot].replace("%2e", "."))
}

fn qualified(name: &str) -> Option<String> {
    let bare = without_types(name);
    let parts = split(&bare, "::");
    let first = parts.first()?.rsplit(' ').next()?.trim_start_matches(['&', '*']);
    (parts.len() > 1 && !first.is_empty()).then(|| first.to_owned())
}

/// The packages before the class, which has a capital.
fn java(name: &str) -> Option<String> {
    let name: Cow<'_, str> = if name.contains('/') { name.replace('/', ".").into() } else { name.into() };
    let name = name.split('(').next().unwrap_or_default();
    let parts: Vec<&str> = name.split('.').collect();
    let class = parts.iter().position(|part| part.starts_with(|letter: char| letter.is_uppercase()));
    let end = class.unwrap_or(parts.len().saturating_sub(1));
    (end > 0).then(|| parts[..end].join("."))
}

/// What stands behind `site-packages`, the standard library, or the folder of the file.
fn python(file: &str) -> Option<String> {
    for folder in ["site-packages/", "dist-packages/"] {
        if let Some((_, rest)) = file.rsplit_once(folder) {
            return Some(rest.split('/').next().unwrap_or(rest).trim_end_matches(".py").to_owned());
        }
    }
    if file.contains("/lib/python") {
        return Some("python".to_owned());
    }
    let mut parts = file.rsplit('/');
    let own = parts.next()?.trim_end_matches(".py");
    Some(parts.next().filter(|folder| !folder.is_empty()).unwrap_or(own).to_owned())
}

/// The innermost module, with its scope.
fn node(file: &str) -> Option<String> {
    if file.starts_with("node:") {
        return Some("node".to_owned());
    }
    let (_, rest) = file.rsplit_once("node_modules/")?;
    let mut parts = rest.split('/');
    let first = parts.next()?;
    Some(match parts.next().filter(|_| first.starts_with('@')) {
        Some(second) => format!("{first}/{second}"),
        None => first.to_owned(),
    })
}

/// A name without a file that tells the language.
fn unknown(name: &str) -> Option<String> {
    if name.contains("::") {
        return qualified(name);
    }
    if name.contains("node:") || name.contains("node_modules/") {
        return node(name.split(' ').next_back().unwrap_or(name).trim_matches(['(', ')']));
    }
    if name.starts_with(['<', '{', '[']) || name.contains(' ') {
        return None;
    }
    let looks_like_java = split(name, ".").len() > 3 && !name.contains('/') && !name.contains("(*");
    if looks_like_java { java(name) } else { go(name) }
}
