use regex::Captures;

use crate::Regex;

impl Regex {
    /// Appends a template with its `$1`, `${1}`, `$name` and `${name}` replaced by groups of a match, as Go's
    /// `Regexp.Expand` does: a name is as long as it can be (`$1x` is the group `1x`), a group that is not there or
    /// did not take part is empty, `$$` is a dollar sign, and so is a `$` without a name.
    pub fn expand(&self, captures: &Captures<'_>, template: &str, to: &mut String) {
        let mut rest = template;
        while let Some(dollar) = rest.find('$') {
            to.push_str(&rest[..dollar]);
            rest = &rest[dollar + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                to.push('$');
                rest = after;
                continue;
            }
            match name(rest) {
                None => to.push('$'),
                Some((name, after)) => {
                    to.push_str(self.value(captures, name));
                    rest = after;
                }
            }
        }
        to.push_str(rest);
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
    }
}
