//! Lists of rules in config files: `relabel_configs`, `write_relabel_configs`.

use config_file::{Field, Mistake, Reader};

use crate::{RelabelConfig, RelabelError, RelabelRule};

/// Reads a list of rules. What cannot be used is left out and put into the field's report, at its line.
pub fn from_config(field: &Field<'_>) -> Option<Vec<RelabelRule>> {
    Some(field.list()?.iter().filter_map(rule).collect())
}

fn rule(field: &Field<'_>) -> Option<RelabelRule> {
    let mut reader = field.reader()?;
    let mut config = RelabelConfig::default();
    let text = |field: &Field<'_>| field.text().map(str::to_owned);
    let labels = |field: &Field<'_>| Some(field.list()?.iter().filter_map(text).collect());
    let understood = [
        reader.set("source_labels", &mut config.source_labels, labels),
        reader.set("separator", &mut config.separator, text),
        reader.set("regex", &mut config.regex, text),
        reader.set("modulus", &mut config.modulus, |field| field.integer(1..=u64::MAX)),
        reader.set("target_label", &mut config.target_label, text),
        reader.set("replacement", &mut config.replacement, text),
        reader.set("action", &mut config.action, |field| field.parse(str::parse)),
    ];
    let rule = match understood.contains(&false) {
        true => None,
        false => made(&reader, config),
    };
    reader.finish();
    rule
}

fn made(reader: &Reader<'_>, config: RelabelConfig) -> Option<RelabelRule> {
    match RelabelRule::new(config) {
        Ok(rule) => {
            for group in rule.missing_groups() {
                let message = format!("`${group}` is always empty: there is no such group in `regex`");
                reader.report().add(reader.mistake_at("regex", message).as_warning());
            }
            Some(rule)
        }
        Err(mistakes) => {
            mistakes.iter().for_each(|error| reader.report().add(mistake(reader, error)));
            None
        }
    }
}

/// At the key that is wrong.
fn mistake(reader: &Reader<'_>, error: &RelabelError) -> Mistake {
    let key = match error {
        RelabelError::Action(_) => "action",
        RelabelError::Unused { key, .. } | RelabelError::Missing { key, .. } => key,
        RelabelError::Target(_) => "target_label",
        RelabelError::Regex { .. } => "regex",
    };
    // The regex parser draws the expression over several lines; the last says what is wrong.
    let message = match error {
        RelabelError::Regex { regex, reason } => {
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("expected a regular expression, found `{regex}`: {reason}")
        }
        other => other.to_string(),
    };
    reader.mistake_at(key, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use config_file::Report;

    use super::*;
    use crate::Labels;

    fn read(text: &str) -> (Vec<RelabelRule>, String) {
        let report = Report::new(|_| false);
        let root = config_file::parse(text, &report).unwrap();
        let mut top = Reader::new(&root, &report).unwrap();
        let rules = top.optional("rules").and_then(|field| from_config(&field)).unwrap_or_default();
        (rules, report.finish("f").to_string())
    }

    #[test]
    fn a_good_list_becomes_rules_in_order() {
        let (rules, mistakes) = read(
            "rules:\n- {source_labels: [a], target_label: b}\n- {action: drop, source_labels: [b], regex: x}\n",
        );
        assert_eq!((rules.len(), mistakes.as_str()), (2, ""));
        let mut labels = Labels::new([("a", "x")]).unwrap();
        assert!(!rules.iter().all(|rule| rule.apply(&mut labels)), "{labels:?}");
    }

    #[test]
    fn all_mistakes_of_a_list_are_told_at_their_keys() {
        let (rules, mistakes) = read(
            "rules:\n- {action: drop, regex: '('}\n- {action: hashmod}\n- {sourcelabels: [a], action: keep}\n",
        );
        assert_eq!(rules.len(), 1, "{mistakes}");
        let lines: Vec<&str> = mistakes.lines().map(|line| line.split(':').nth(1).unwrap()).collect();
        assert_eq!(lines, ["2", "3", "4", " did you mean `source_labels`?"], "{mistakes}");
    }

    #[test]
    fn two_mistakes_of_one_rule_are_two_and_an_empty_group_is_a_warning() {
        let (_, mistakes) = read("rules:\n- {action: hashmod, target_label: a, regex: '('}\n");
        assert!(mistakes.contains("`modulus`") && mistakes.contains("regular expression"), "{mistakes}");
        let (rules, mistakes) = read("rules:\n- {action: labelmap, regex: __meta_x}\n");
        assert_eq!(rules.len(), 1);
        assert!(mistakes.contains("warning: ") && mistakes.contains("`$1` is always empty"), "{mistakes}");
    }
}
