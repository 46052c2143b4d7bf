/// Words longer than this are not compared: the cost is quadratic.
const MAX_COMPARED: usize = 128;

/// How many letters have to change until one word is the other, swapped neighbours being one change; nothing
/// where that is too much for one to be meant by the other.
///
/// Case, `_` and `-` do not count: `bearerTokenFile` is `bearer_token_file` written by another habit.
pub fn distance(typed: &str, candidate: &str) -> Option<usize> {
    let (typed, candidate) = (plain(typed)?, plain(candidate)?);
    let shorter = typed.chars().count().min(candidate.chars().count());
    let distance = strsim::osa_distance(&typed, &candidate);
    let most = shorter.div_ceil(3).max(1);
    (distance <= most && shorter > 0).then_some(distance)
}

/// The candidate that is spelled most like a word, if it is near enough to be meant; of equally near ones the
/// first by name.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    all_near(word, candidates).next()
}

/// The candidates that may be meant by a word, the nearest first.
pub fn all_near<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> impl Iterator<Item = &'a str> {
    let near = candidates.into_iter().filter_map(|candidate| Some((distance(word, candidate)?, candidate)));
    let mut near: Vec<(usize, &str)> = near.collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().map(|(_, candidate)| candidate)
}

/// The first `most` items with commas between them, and how many more there are: `a, b and 3 more`.
pub fn listed(items: impl IntoIterator<Item = impl ToString>, most: usize) -> String {
    let mut items = items.into_iter();
    let first: Vec<String> = items.by_ref().take(most).map(|item| item.to_string()).collect();
    match items.count() {
        0 => first.join(", "),
        more if first.is_empty() => more.to_string(),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn plain(word: &str) -> Option<String> {
    let is_short = word.char_indices().nth(MAX_COMPARED).is_none();
    let letters = word.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase);
    is_short.then(|| letters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        let known = ["contains", "equals", "bearer_token", "bearer_token_file", "url", "on"];
        let check = |typed: &str, expect| assert_eq!(nearest(typed, known), expect, "{typed}");
        check("contain", Some("contains"));
        check("cotnains", Some("contains"));
        check("bearerTokenFile", Some("bearer_token_file"));
        check("Bearer-Token", Some("bearer_token"));
        check("ulr", Some("url"));
        check("banana", None);
        check("", None);
        check(&"url".repeat(1000), None);
        assert_eq!(nearest("a", []), None);
    }

    #[test]
    fn lists_have_an_end() {
        let check = |items: &[&str], most, expect: &str| assert_eq!(listed(items, most), expect);
        check(&[], 2, "");
        check(&["a"], 2, "a");
        check(&["a", "b"], 2, "a, b");
        check(&["a", "b", "c"], 2, "a, b and 1 more");
        check(&["a", "b"], 0, "2");
    }
}
