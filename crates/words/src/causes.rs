use std::error::Error;

/// An error with its causes in one line, outermost first. A cause that the line has already is left out, as many an
/// error's own text ends with that of its cause.
pub fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !line.contains(&words) {
            line.push_str(": ");
            line.push_str(&words);
        }
        next = cause.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    fn layers(texts: &[&'static str]) -> Option<Box<Layer>> {
        let (first, rest) = texts.split_first()?;
        Some(Box::new(Layer(first, layers(rest))))
    }

    #[test]
    fn causes_follow_and_are_not_said_twice() {
        let check = |texts: &[&'static str], expect: &str| {
            assert_eq!(layers(texts).map(|error| with_causes(&*error)).as_deref(), Some(expect));
        };
        check(&["alone"], "alone");
        check(&["cannot read `a`", "no such file"], "cannot read `a`: no such file");
        check(&["connection error: reset", "connection error: reset", "reset"], "connection error: reset");
        check(&["a", "b: c", "c", "d"], "a: b: c: d");
    }
}
