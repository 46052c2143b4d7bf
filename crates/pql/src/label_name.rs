//! Names of labels as people type them, on command lines and in lists.

/// Why a text is no name of a label that somebody meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the name of a label, found `{found}`{advice}")]
pub struct LabelNameError {
    found: String,
    advice: String,
}

/// The name of one label, without the blanks around it.
///
/// Any text can name a label in a query, where it stands in quotes. On a command line, blanks, quotes, braces and
/// operators in a name are a mistake that would otherwise select nothing for ever.
///
/// # Errors
/// Nothing, and what has such characters.
pub fn typed_label_name(text: &str) -> Result<String, LabelNameError> {
    check(text, None)
}

/// The name of one label out of a list whose names stand between `separator`s.
///
/// # Errors
/// As [`typed_label_name`]; the advice has the list as it was probably meant.
pub fn listed_label_name(text: &str, separator: char) -> Result<String, LabelNameError> {
    check(text, Some(separator))
}

fn check(text: &str, separator: Option<char>) -> Result<String, LabelNameError> {
    let name = text.trim();
    match name.is_empty() || name.contains(is_foreign) {
        false => Ok(name.to_owned()),
        true => Err(LabelNameError { found: shown(text), advice: advice(name, separator) }),
    }
}

/// Whether no label that anything sends has such a character in its name.
fn is_foreign(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "{}()[]<>\"'`=!~,;|&\\".contains(c)
}

/// The text with what cannot be seen spelt out.
fn shown(text: &str) -> String {
    let spell = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    text.chars().map(spell).collect()
}

fn advice(name: &str, separator: Option<char>) -> String {
    let parts: Vec<&str> =
        name.split([',', ';', ' ']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let are_names = parts.len() > 1 && !parts.iter().any(|part| part.contains(is_foreign));
    match (are_names, separator) {
        (true, Some(separator)) => {
            let list = parts.join(&separator.to_string());
            format!(": `{separator}` stands between names, as in `{list}`")
        }
        (true, None) => ": one name, without blanks".to_owned(),
        (false, _) if name.contains(['=', '~']) => ": a name stands alone, without a value".to_owned(),
        (false, _) => String::new(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_that_labels_have_are_taken() {
        for name in ["job", "service.name", "k8s.pod/name", "__meta__", "a-b", "größe", "0", "a:b"] {
            assert_eq!(typed_label_name(name).as_deref(), Ok(name));
            assert_eq!(listed_label_name(&format!(" {name} "), ',').as_deref(), Ok(name));
        }
    }

    #[test]
    fn mistakes_are_refused_with_what_was_probably_meant() {
        let check = |text: &str, separator: Option<char>, expect: &str| {
            assert_eq!(
                check(text, separator).unwrap_err().to_string(),
                format!("expected the name of a label, found {expect}")
            );
        };
        check("", Some(','), "``");
        check(" ", None, "` `");
        check("a b", Some(','), "`a b`: `,` stands between names, as in `a,b`");
        check("a; b", Some(','), "`a; b`: `,` stands between names, as in `a,b`");
        check("a,b", Some(';'), "`a,b`: `;` stands between names, as in `a;b`");
        check("a b", None, "`a b`: one name, without blanks");
        check("job=api", Some(','), "`job=api`: a name stands alone, without a value");
        check("{job}", None, "`{job}`");
        check("a\tb", None, "`a\\tb`");
        check("\"job\"", None, "`\"job\"`");
    }
}
