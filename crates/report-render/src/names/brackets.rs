//! Text with brackets in it.

/// The parts of a text between separators that stand in no bracket.
pub(super) fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut depth, mut from, mut at) = (0_i32, 0, 0);
    while let Some(letter) = text[at..].chars().next() {
        match letter {
            '(' | '[' | '<' | '{' => depth += 1,
            // The arrow of a function's type closes nothing.
            '>' if text[..at].ends_with('-') => {}
            ')' | ']' | '>' | '}' => depth = (depth - 1).max(0),
            _ => {}
        }
        if depth == 0 && text[at..].starts_with(separator) {
            parts.push(&text[from..at]);
            at += separator.len();
            from = at;
        } else {
            at += letter.len_utf8();
        }
    }
    parts.push(&text[from..]);
    parts
}

/// A text without what stands in angle brackets, which are types that a name is made for. A bracket at the very start
/// is a type that has the function: `<Vec<T> as Deref>::deref` is `Vec::deref`.
pub(super) fn without_types(text: &str) -> String {
    let text = text.trim();
    if text.starts_with('<')
        && let Some(end) = closing(text, 0)
    {
        let inner = &text[1..end];
        let own = split(inner, " as ")[0];
        let own = own.strip_prefix("impl ").map_or(own, |of| split(of, " for ")[0]);
        let own = own.trim_start_matches(['&', '*']).trim_start_matches("mut ").trim_start_matches("dyn ");
        // Never deeper than the text is long, as each call drops a bracket.
        return tidy(format!("{}{}", without_types_inside(own), without_types_inside(&text[end + 1..])));
    }
    tidy(without_types_inside(text))
}

/// A name without the separators that types stood between.
fn tidy(mut name: String) -> String {
    while let Some(at) = name.find("::::") {
        name.replace_range(at..at + 2, "");
    }
    name.trim_end_matches("::").trim_start_matches("::").to_owned()
}

fn without_types_inside(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        let is_operator = text[..at].ends_with("operator")
            || text[..at].ends_with("operator<")
            || text[..at].ends_with('-');
        match letter {
            '<' if !is_operator => depth += 1,
            '>' if depth > 0 && !text[..at].ends_with('-') => depth -= 1,
            _ if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    kept
}

/// Where the bracket that opens at `from` closes.
fn closing(text: &str, from: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, letter) in text[from..].char_indices() {
        match letter {
            '<' => depth += 1,
            '>' if text[..from + at].ends_with('-') => {}
            '>' => {
                depth -= 1;
                if depth == 0 {
                    return Some(from + at);
                }
            }
            _ => {}
        }
    }
    None
}
