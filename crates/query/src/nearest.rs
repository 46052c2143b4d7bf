//! What may have been meant.

/// Words longer than this are not compared: the cost is quadratic.
const MAX_COMPARED: usize = 128;

/// The candidate that is spelled most like a word, if it is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = word.to_lowercase().chars().take(MAX_COMPARED).collect();
    let near = |candidate: &'a str| {
        let spelling: Vec<char> = candidate.to_lowercase().chars().take(MAX_COMPARED).collect();
        let distance = distance(&typed, &spelling);
        let most = spelling.len().min(typed.len()).div_ceil(3).max(1);
        (distance <= most && !typed.is_empty()).then_some((distance, candidate))
    };
    candidates.into_iter().filter_map(near).min().map(|(_, candidate)| candidate)
}

/// Levenshtein's, one row at a time.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
