//! The key that was meant.

/// The known key that is nearest to what was typed, if any is near.
pub(crate) fn nearest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // No key is that long, and the distance takes time with the square of it.
    if typed.len() > 64 {
        return None;
    }
    let wanted = plain(typed);
    let distance = |key: &&'k str| strsim::osa_distance(&wanted, &plain(key));
    let best = known.into_iter().min_by_key(distance)?;
    let most = (wanted.chars().count().max(best.len()) / 3).max(1);
    (distance(&best) <= most).then_some(best)
}

/// `bearerTokenFile` and `bearer-token-file` are `bearer_token_file` written by another habit.
fn plain(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_keys_are_found() {
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
}
