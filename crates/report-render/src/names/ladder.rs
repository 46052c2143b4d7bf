use super::brackets::{split, without_types};
use super::readable;

/// The forms of a name: as people write it in full first, the function's own name last, each shorter than the one
/// before.
pub fn forms(name: &str) -> Vec<String> {
    let full = readable(name).into_owned();
    let mut forms = vec![full];
    for form in shorter(&forms[0].clone()) {
        let is_shorter = forms.last().is_some_and(|last| form.len() < last.len());
        if is_shorter && !form.is_empty() {
            forms.push(form);
        }
    }
    forms
}

fn shorter(full: &str) -> Vec<String> {
    let plain = without_noise(full);
    // `<module>`, `<lambda>` and labels in braces are names themselves.
    if plain.starts_with(['{', '[']) || plain.starts_with('<') && !plain.contains("::") {
        return vec![plain];
    }
    if plain.contains("::") { qualified(&plain) } else { dotted(&plain) }
}

/// What stands before and behind a name: marks of engines, the place in a file, arguments, what kernels and compilers
/// add.
fn without_noise(full: &str) -> String {
    let mut text = full.trim();
    text = text.strip_prefix("LazyCompile:").unwrap_or(text).trim_start_matches(['~', '*', '^']);
    text = text.strip_suffix("_[k]").unwrap_or(text);
    // `func (file.py:12)`, `func /path/file.js:12:3`, `func node:internal/x:12`.
    let place = text.char_indices().find(|(at, letter)| {
        *letter == ' ' && {
            let rest = &text[at + 1..];
            let is_place =
                rest.starts_with(['(', '/']) || rest.starts_with("node:") || rest.starts_with("file:");
            is_place && (rest.contains('/') || rest.contains(':')) && !rest.contains("::")
        }
    });
    let text = place.map_or(text, |(at, _)| &text[..at]);
    text.replace("(anonymous namespace)::", "")
}

/// Names of Rust and C++: `a::b::C<T>::d(int)`.
fn qualified(plain: &str) -> Vec<String> {
    let bare = without_arguments(&without_types(plain));
    let parts = split(&bare, "::");
    let own = parts.iter().rposition(|part| !is_closure(part)).unwrap_or(0);
    let mut forms = vec![bare.clone()];
    forms.extend((1..=own).map(|from| parts[from..].join("::")));
    forms
}

/// A name without its arguments and what stands before it, such as the type that it returns.
fn without_arguments(bare: &str) -> String {
    let is_operator = bare.contains("operator");
    let end = match bare.find('(') {
        Some(at) if at > 0 && !is_operator => at,
        _ => bare.len(),
    };
    let text = bare[..end].trim_end();
    match text.rfind(' ') {
        Some(at) if !is_operator && !text.contains('{') => text[at + 1..].to_owned(),
        _ => text.to_owned(),
    }
}

/// Names of Go, Java and Python: `host/path/pkg.(*T).method.func1`, `org.pkg.Class.method`, `pkg.module.function`.
fn dotted(plain: &str) -> Vec<String> {
    let text = without_signature(plain);
    let mut forms = vec![text.to_owned()];
    let paths = split(text, "/");
    forms.extend((1..paths.len()).map(|from| paths[from..].join("/")));
    let tail = *paths.last().unwrap_or(&text);
    let parts = split(tail, ".");
    let own = parts.iter().rposition(|part| !part.is_empty() && !is_closure(part)).unwrap_or(0);
    // Not more than the package before a method, where the path had dots of its own.
    forms.extend((1..=own).map(|from| parts[from..].join(".")));
    forms
}

/// Java writes arguments as `(ILjava/lang/String;)V`.
fn without_signature(text: &str) -> &str {
    match text.rfind('(') {
        Some(at) if at > 0 && text[at..].contains(')') && !text[..at].ends_with(['.', '/']) => &text[..at],
        _ => text,
    }
}

/// A part that says nothing without what is before it: a function in a function.
fn is_closure(part: &str) -> bool {
    let numbered = |prefix: &str| {
        part.strip_prefix(prefix)
            .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()) && !rest.is_empty())
    };
    part.starts_with('{')
        || part.starts_with("<lambda")
        || part.starts_with("<locals")
        || part.ends_with("-fm")
        || !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
        || ["func", "gowrap", "deferwrap", "glob", "lambda$"].iter().any(|prefix| numbered(prefix))
}
