//! Rules that change labels, or drop what has them.

use std::str::FromStr;

use re2::Regex;

use crate::labels::{Labels, NameRules};

/// One rule as it is written, with Prometheus' keys and defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelabelConfig {
    /// Labels whose values, joined by `separator`, are the rule's input; one that is absent is empty.
    pub source_labels: Vec<String>,
    /// Default `;`.
    pub separator: String,
    /// Default `(.*)`; always matched against the whole input.
    pub regex: String,
    /// For `hashmod`, at least 1.
    pub modulus: u64,
    /// The label to write; `replace` expands `$1` in it.
    pub target_label: String,
    /// Default `$1`.
    pub replacement: String,
    /// Default `replace`.
    pub action: RelabelAction,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RelabelAction {
    /// Writes the expanded replacement into the target where the regex matches.
    #[default]
    Replace,
    /// Keeps only series whose input matches.
    Keep,
    /// Drops series whose input matches.
    Drop,
    /// Keeps only series whose input equals the target label's value.
    KeepEqual,
    /// Drops series whose input equals the target label's value.
    DropEqual,
    /// Writes the input's MD5 modulo `modulus` into the target.
    HashMod,
    /// Copies each label whose name matches to the name that the replacement gives.
    LabelMap,
    /// Drops labels whose name matches.
    LabelDrop,
    /// Keeps only labels whose name matches.
    LabelKeep,
    /// Writes the input in lower case into the target.
    Lowercase,
    /// Writes the input in upper case into the target.
    Uppercase,
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelabelError {
    /// No such action.
    #[error(
        "expected one of replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, \
         lowercase, uppercase, found `{0}`"
    )]
    Action(String),
    /// A key that the action needs is missing.
    #[error("action `{action}` needs `{key}`")]
    Missing {
        /// The action, as written.
        action: &'static str,
        /// The missing key.
        key: &'static str,
    },
    /// A key that the action cannot use is set.
    #[error("action `{action}` cannot use `{key}`")]
    Unused {
        /// The action, as written.
        action: &'static str,
        /// The key that has no meaning there.
        key: &'static str,
    },
    /// The target is not a label name.
    #[error("expected a label name in `target_label`, found `{0}`")]
    Target(String),
    /// The regex does not parse.
    #[error("expected a regular expression, found `{regex}`: {reason}")]
    Regex {
        /// As written.
        regex: String,
        /// The parser's words.
        reason: String,
    },
}

/// A rule that is ready to run.
#[derive(Clone, Debug)]
pub struct RelabelRule {
    config: RelabelConfig,
    regex: Regex,
}

/// Rules that say the same are equal.
impl PartialEq for RelabelRule {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config
    }
}

impl Default for RelabelConfig {
    fn default() -> Self {
        Self {
            source_labels: Vec::new(),
            separator: ";".into(),
            regex: "(.*)".into(),
            modulus: 0,
            target_label: String::new(),
            replacement: "$1".into(),
            action: RelabelAction::Replace,
        }
    }
}

const ACTIONS: [(RelabelAction, &str); 11] = [
    (RelabelAction::Replace, "replace"),
    (RelabelAction::Keep, "keep"),
    (RelabelAction::Drop, "drop"),
    (RelabelAction::KeepEqual, "keepequal"),
    (RelabelAction::DropEqual, "dropequal"),
    (RelabelAction::HashMod, "hashmod"),
    (RelabelAction::LabelMap, "labelmap"),
    (RelabelAction::LabelDrop, "labeldrop"),
    (RelabelAction::LabelKeep, "labelkeep"),
    (RelabelAction::Lowercase, "lowercase"),
    (RelabelAction::Uppercase, "uppercase"),
];

impl RelabelAction {
    /// As the configuration writes it.
    pub fn as_str(self) -> &'static str {
        ACTIONS.iter().find(|(action, _)| *action == self).map_or("", |(_, name)| name)
    }
}

/// Case does not matter, as in Prometheus.
impl FromStr for RelabelAction {
    type Err = RelabelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = ACTIONS.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        found.map(|(action, _)| *action).ok_or_else(|| RelabelError::Action(text.to_owned()))
    }
}

impl RelabelRule {
    /// Compiles the rule, or says what is wrong with it.
    ///
    /// # Errors
    /// Every mistake, never none.
    pub fn new(config: RelabelConfig) -> Result<Self, Vec<RelabelError>> {
        let mut mistakes: Vec<RelabelError> = check(&config).err().into_iter().collect();
        // As Prometheus compiles it; a mistake is told of what was written.
        let regex = re2::check(&config.regex).and_then(|()| Regex::new(&format!("^(?s:{})$", config.regex)));
        match regex {
            Ok(regex) if mistakes.is_empty() => Ok(Self { config, regex }),
            Ok(_) => Err(mistakes),
            Err(error) => {
                let words = error.to_string();
                let reason = words.strip_prefix("error parsing regexp: ").unwrap_or(&words).to_owned();
                mistakes.push(RelabelError::Regex { regex: config.regex.clone(), reason });
                Err(mistakes)
            }
        }
    }

    /// The groups that `replacement` or `target_label` name and `regex` does not have, so that they are always empty:
    /// Prometheus takes such a rule, which is rarely meant.
    pub fn missing_groups(&self) -> Vec<&str> {
        match self.config.action {
            RelabelAction::Replace => [&self.config.target_label, &self.config.replacement]
                .into_iter()
                .flat_map(|template| self.regex.missing_groups(template))
                .collect(),
            RelabelAction::LabelMap => self.regex.missing_groups(&self.config.replacement),
            _ => Vec::new(),
        }
    }

    /// Changes the labels; false drops the series.
    #[must_use]
    pub fn apply(&self, labels: &mut Labels) -> bool {
        use RelabelAction as Action;
        let target = &self.config.target_label;
        match self.config.action {
            Action::Keep => return self.regex.is_match(&self.input(labels)),
            Action::Drop => return !self.regex.is_match(&self.input(labels)),
            Action::KeepEqual => return self.input(labels) == labels.get(target).unwrap_or_default(),
            Action::DropEqual => return self.input(labels) != labels.get(target).unwrap_or_default(),
            Action::Replace => self.replace(labels),
            Action::HashMod => {
                let hash = md5_tail(&self.input(labels)) % self.config.modulus;
                labels.set(target.as_str(), hash.to_string());
            }
            Action::Lowercase => labels.set(target.as_str(), self.input(labels).to_lowercase()),
            Action::Uppercase => labels.set(target.as_str(), self.input(labels).to_uppercase()),
            Action::LabelDrop => labels.retain(|name, _| !self.regex.is_match(name)),
            Action::LabelKeep => labels.retain(|name, _| self.regex.is_match(name)),
            Action::LabelMap => self.map_names(labels),
        }
        true
    }

    fn input(&self, labels: &Labels) -> String {
        let values: Vec<&str> =
            self.config.source_labels.iter().map(|name| labels.get(name).unwrap_or_default()).collect();
        values.join(&self.config.separator)
    }

    fn replace(&self, labels: &mut Labels) {
        let input = self.input(labels);
        let Some(captures) = self.regex.captures(&input) else { return };
        let (mut target, mut value) = (String::new(), String::new());
        self.regex.expand(&captures, &self.config.target_label, &mut target);
        self.regex.expand(&captures, &self.config.replacement, &mut value);
        labels.set(target, value);
    }

    fn map_names(&self, labels: &mut Labels) {
        let mapped = |(name, value): (&str, &str)| {
            let captures = self.regex.captures(name)?;
            let mut to = String::new();
            self.regex.expand(&captures, &self.config.replacement, &mut to);
            Some((to, value.to_owned()))
        };
        let mapped: Vec<(String, String)> = labels.iter().filter_map(mapped).collect();
        mapped.into_iter().for_each(|(name, value)| labels.set(name, value));
    }
}

fn check(config: &RelabelConfig) -> Result<(), RelabelError> {
    use RelabelAction as Action;
    let action = config.action.as_str();
    let missing = |key| Err(RelabelError::Missing { action, key });
    match config.action {
        Action::Keep | Action::Drop | Action::LabelMap => {}
        Action::LabelDrop | Action::LabelKeep => check_names_only(config, action)?,
        Action::HashMod if config.modulus == 0 => return missing("modulus"),
        _ if config.target_label.is_empty() => return missing("target_label"),
        // It may hold `$1`, so only the expanded name can be judged, and is when the series is checked.
        Action::Replace => {}
        _ if !NameRules::Utf8.is_label_name(&config.target_label) || config.target_label.contains('$') => {
            return Err(RelabelError::Target(config.target_label.clone()));
        }
        _ => {}
    }
    let needs_source = matches!(config.action, Action::KeepEqual | Action::DropEqual);
    if needs_source && config.source_labels.is_empty() {
        return missing("source_labels");
    }
    Ok(())
}

/// Prometheus refuses these keys beside `labeldrop` and `labelkeep`: they suggest an effect on values.
fn check_names_only(config: &RelabelConfig, action: &'static str) -> Result<(), RelabelError> {
    let default = RelabelConfig::default();
    let unused = [
        ("source_labels", !config.source_labels.is_empty()),
        ("target_label", !config.target_label.is_empty()),
        ("modulus", config.modulus != 0),
        ("separator", config.separator != default.separator),
        ("replacement", config.replacement != default.replacement),
    ];
    match unused.iter().find(|(_, set)| *set) {
        Some((key, _)) => Err(RelabelError::Unused { action, key }),
        None => Ok(()),
    }
}

/// The last eight bytes of the MD5, most significant first, as Prometheus takes them.
fn md5_tail(text: &str) -> u64 {
    let digest = md5::compute(text.as_bytes()).0;
    digest[8..].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Result<RelabelRule, Vec<RelabelError>> {
        let mut config = RelabelConfig::default();
        for part in text.split_whitespace() {
            let (key, value) = part.split_once('=').unwrap();
            let value = value.to_owned();
            match key {
                "source" => config.source_labels = value.split(',').map(str::to_owned).collect(),
                "separator" => config.separator = value,
                "regex" => config.regex = value,
                "modulus" => config.modulus = value.parse().unwrap(),
                "target" => config.target_label = value,
                "replacement" => config.replacement = value,
                "action" => config.action = value.parse().map_err(|error| vec![error])?,
                other => panic!("no key {other}"),
            }
        }
        RelabelRule::new(config)
    }

    /// On `m{a="foo",b="bar",c="baz"}`; `-` says that the series is dropped.
    #[track_caller]
    fn check(text: &str, expect: &str) {
        let mut labels = Labels::new([("__name__", "m"), ("a", "foo"), ("b", "bar"), ("c", "baz")]).unwrap();
        let kept = rule(text).unwrap().apply(&mut labels);
        let found = if kept { format!("{labels:?}").replace('"', "") } else { "-".into() };
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn each_action_does_what_prometheus_does() {
        check("source=a regex=f(.*) target=d replacement=ch${1}-ch${1}", "m{a=foo,b=bar,c=baz,d=choo-choo}");
        check(
            "source=a,b regex=f(.*);(.*)r target=a replacement=b${1}${2}m",
            "m{a=booba m,b=bar,c=baz}".replace(' ', "").as_str(),
        );
        check("source=a regex=oo target=d", "m{a=foo,b=bar,c=baz}");
        check("source=a regex=(f).* target=x_$1", "m{a=foo,b=bar,c=baz,x_f=f}");
        check("source=a target=a replacement=", "m{b=bar,c=baz}");
        check("source=a,b separator=- target=d", "m{a=foo,b=bar,c=baz,d=foo-bar}");
        check("source=missing target=c", "m{a=foo,b=bar}");
        check("source=a regex=foo action=drop", "-");
        check("source=a regex=fo action=drop", "m{a=foo,b=bar,c=baz}");
        check("source=a regex=foo action=keep", "m{a=foo,b=bar,c=baz}");
        check("source=a regex=oo action=KEEP", "-");
        check("source=a target=b action=keepequal", "-");
        check("source=a target=a action=keepequal", "m{a=foo,b=bar,c=baz}");
        check("source=a target=a action=dropequal", "-");
        check("source=a target=b action=dropequal", "m{a=foo,b=bar,c=baz}");
        check("source=c target=d modulus=1000 action=hashmod", "m{a=foo,b=bar,c=baz,d=976}");
        check("regex=(b|c) replacement=x_$1 action=labelmap", "m{a=foo,b=bar,c=baz,x_b=bar,x_c=baz}");
        check("regex=b|c action=labeldrop", "m{a=foo}");
        check("regex=__name__|a action=labelkeep", "m{a=foo}");
        check("source=a target=a action=uppercase", "m{a=FOO,b=bar,c=baz}");
        check("source=a,b target=d action=lowercase", "m{a=foo,b=bar,c=baz,d=foo;bar}");
    }

    #[test]
    fn a_useless_rule_is_refused() {
        let check = |text: &str, expect: &str| {
            let mistakes = rule(text).unwrap_err();
            assert_eq!(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>(), [expect], "{text}");
        };
        check("source=a", "action `replace` needs `target_label`");
        check("source=a target=b action=hashmod", "action `hashmod` needs `modulus`");
        check("target=b action=keepequal", "action `keepequal` needs `source_labels`");
        check("target=$1 source=a action=lowercase", "expected a label name in `target_label`, found `$1`");
        check("source=a action=labeldrop", "action `labeldrop` cannot use `source_labels`");
        assert!(rule("action=remove").unwrap_err()[0].to_string().ends_with("found `remove`"));
        assert!(matches!(rule("regex=( action=keep").unwrap_err()[..], [RelabelError::Regex { .. }]));
        let both = rule("regex=( action=hashmod target=a").unwrap_err();
        assert!(
            matches!(both[..], [RelabelError::Missing { key: "modulus", .. }, RelabelError::Regex { .. }]),
            "{both:?}"
        );
    }

    #[test]
    fn groups_that_are_not_there_are_known() {
        let check = |text: &str, expect: &[&str]| {
            assert_eq!(rule(text).unwrap().missing_groups(), expect, "{text}");
        };
        check("source=a target=b", &[]);
        check("regex=x action=labelmap", &["1"]);
        check("regex=(x) replacement=$2 source=a target=b", &["2"]);
        check("regex=x replacement=plain source=a target=b", &[]);
        check("regex=x action=drop source=a", &[]);
    }
}
