//! Labels that are written in the config.

use config_file::Field;
use relabel::{Labels, NameRules};

/// Labels that series have anyway.
const OURS: [&str; 4] = ["query", "query_name", "function_name", "offset"];

/// Names with values, for every series of a receiver. What a series has itself wins.
pub(super) fn external(field: &Field<'_>) -> Option<Labels> {
    read(field, |_| Ok(()))
}

/// Names with values, for every series of a query. They must leave those alone that series have anyway.
pub(super) fn own(field: &Field<'_>) -> Option<Labels> {
    read(field, |name| match OURS.contains(&name) {
        true => Err("expected a label of your own, found one that series have anyway"),
        false => Ok(()),
    })
}

/// Whether a label of this name can be added to series that have ours already.
pub(super) fn check(name: &str) -> Result<(), String> {
    if OURS.contains(&name) {
        return Err(format!("expected a label of your own, found `{name}`, which series have anyway"));
    }
    check_name(name)
}

fn check_name(name: &str) -> Result<(), String> {
    let reserved = name.starts_with("__") && name != "__replica__";
    if reserved || !NameRules::Legacy.is_label_name(name) {
        return Err(format!(
            "expected letters, digits and `_`, and no `__` in front, found `{}`",
            words::short(name, 64)
        ));
    }
    Ok(())
}

fn read(field: &Field<'_>, allowed: impl Fn(&str) -> Result<(), &'static str>) -> Option<Labels> {
    let mut labels = Labels::default();
    for (key, value) in field.entries()? {
        let checked = check_name(&key.text).and_then(|()| Ok(allowed(&key.text)?));
        match (checked, value.text()) {
            (Ok(()), Some(text)) => labels.set(key.text.as_str(), text),
            (Err(message), _) => field.report().add(config_file::Mistake::new(key.at, value.path(), message)),
            (Ok(()), None) => {}
        }
    }
    Some(labels)
}
