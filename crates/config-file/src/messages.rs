//! What is said of keys and values, wherever they are read.

use crate::build::below;
use crate::report::shown;
use crate::{Grade, Key, Kind, Mistake, Node};

/// What is there, as a message may say it.
pub(crate) fn found(node: &Node, secret: bool) -> String {
    match &node.kind {
        Kind::Scalar { .. } if secret => "another text, which is not shown".to_owned(),
        Kind::Scalar { text, .. } => format!("`{}`", shown(text, 64)),
        other => other.noun().to_owned(),
    }
}

/// The mistake of a key that is not known, with the one that may have been meant.
pub(crate) fn unknown_key<'k>(key: &Key, path: &str, known: impl IntoIterator<Item = &'k str>) -> Mistake {
    let mistake = Mistake::new(key.at, below(path, &shown(&key.text, 64)), "unknown key");
    let mistake = Mistake { grade: Grade::UnknownKey, ..mistake };
    match words::nearest(&key.text, known) {
        Some(meant) => mistake.with_hint(format!("did you mean `{meant}`?")),
        None => mistake,
    }
}
