use regex::Captures;

use crate::Regex;

impl Regex {
    /// Appends a template with its `$1`, `${1}`, `$name` and `${name}` replaced by groups of a match, as Go's
    /// `Regexp.Expand` does: a name is as long as it can be (`$1x` is the group `1x`), a group that is not there or
    /// did not take part is empty, `$$` is a dollar sign, and so is a `$` without a name.
    pub fn expand(&self, captures: &Captures<'_>, template: &str, to: &mut String) {
        for piece in (Pieces { rest: template }) {
            to.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Group(name) => self.value(captures, name),
            });
        }
    }

    /// The groups that a template names and the pattern does not have: they are always empty.
    pub fn missing_groups<'t>(&self, template: &'t str) -> Vec<&'t str> {
        let is_missing = |name: &str| match name.parse::<usize>() {
            Ok(number) => number >= self.groups(),
            Err(_) => self.group(name).is_none(),
        };
        let groups = Pieces { rest: template }.filter_map(|piece| match piece {
            Piece::Group(name) => Some(name),
            Piece::Text(_) => None,
        });
        groups.filter(|name| is_missing(name)).collect()
    }

    fn value<'t>(&self, captures: &Captures<'t>, name: &str) -> &'t str {
        let of = |group: usize| captures.get(group).map(|found| found.as_str());
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            return name.parse().ok().and_then(of).unwrap_or_default();
        }
        let named = self.names().enumerate().filter(|(_, known)| *known == Some(name));
        named.filter_map(|(group, _)| of(group)).next().unwrap_or_default()
    }
}

enum Piece<'t> {
    Text(&'t str),
    Group(&'t str),
}

/// A template, piece by piece.
struct Pieces<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Pieces<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(after) = self.rest.strip_prefix('$') else {
            let (text, rest) = self.rest.split_at(self.rest.find('$').unwrap_or(self.rest.len()));
            self.rest = rest;
            return Some(Piece::Text(text));
        };
        if let Some((name, rest)) = name(after) {
            self.rest = rest;
            return Some(Piece::Group(name));
        }
        self.rest = after.strip_prefix('$').unwrap_or(after);
        Some(Piece::Text("$"))
    }
}

/// The name at the start of a text, in braces or not, and what is behind it.
fn name(text: &str) -> Option<(&str, &str)> {
    let (inner, in_braces) = text.strip_prefix('{').map_or((text, false), |inner| (inner, true));
    let end = inner.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(inner.len());
    let (name, after) = inner.split_at(end);
    if name.is_empty() {
        return None;
    }
    if in_braces { Some((name, after.strip_prefix('}')?)) } else { Some((name, after)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_gos() {
        let regex = Regex::new("(?P<first>a)(b)?(?P<third>c)").unwrap();
        let captures = regex.captures("ac").unwrap();
        let check = |template: &str, expect: &str| {
            let mut to = String::new();
            regex.expand(&captures, template, &mut to);
            assert_eq!(to, expect, "{template}");
        };
        check("$1-$3", "a-c");
        check("${1}x", "ax");
        check("$1x", "");
        check("$first.$third", "a.c");
        check("[$2][$9][$nope]", "[][][]");
        check("$$1", "$1");
        check("$", "$");
        check("${1", "${1");
        check("${}", "${}");
        check("a$-b", "a$-b");
        check("$0", "ac");
        check("", "");
        let missing = |template| regex.missing_groups(template);
        assert_eq!(missing("$0 $1 $3 $first ${third} $$9 text"), [""; 0]);
        assert_eq!(missing("$4 ${nope} $1x"), ["4", "nope", "1x"]);
    }
}
