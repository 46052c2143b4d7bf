//! What may have been meant.

/// Words longer than this are not compared: the cost is quadratic.
const MAX_COMPARED: usize = 128;

/// The candidate that is spelled most like a word, if it is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let compared = |text: &str| -> String { text.to_lowercase().chars().take(MAX_COMPARED).collect() };
    let typed = compared(word);
    let near = |candidate: &'a str| {
        let spelling = compared(candidate);
        let distance = strsim::levenshtein(&typed, &spelling);
        let most = spelling.chars().count().min(typed.chars().count()).div_ceil(3).max(1);
        (distance <= most && !typed.is_empty()).then_some((distance, candidate))
    };
    candidates.into_iter().filter_map(near).min().map(|(_, candidate)| candidate)
}
