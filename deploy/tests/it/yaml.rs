//! YAML as JSON's values.

use serde_json::Value;

/// The documents of a text.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap_or_else(|error| panic!("expected YAML: {error}\n{text}"))
}

/// The only document of a text.
pub(crate) fn document(text: &str) -> Value {
    let mut all = documents(text);
    assert_eq!(all.len(), 1, "expected one document:\n{text}");
    all.remove(0)
}

/// Paths of what `more` has and `less` has not, as `spec.replicas`; numbers may be written in two ways.
pub(crate) fn lost(more: &Value, less: &Value) -> Vec<String> {
    match (more, less) {
        (Value::Object(more), Value::Object(less)) => more
            .iter()
            .flat_map(|(key, value)| {
                let inner = lost(value, less.get(key).unwrap_or(&Value::Null));
                inner.into_iter().map(move |path| format!("{key}.{path}").trim_end_matches('.').to_owned())
            })
            .collect(),
        (Value::Array(more), Value::Array(less)) if more.len() == less.len() => {
            let pairs = more.iter().zip(less).enumerate();
            pairs
                .flat_map(|(at, (more, less))| {
                    lost(more, less).into_iter().map(move |path| format!("{at}.{path}"))
                })
                .collect()
        }
        // An empty list or object is the same as none to Kubernetes' types, but for policies, which are checked by hand.
        (Value::Array(more), Value::Null) if more.is_empty() => Vec::new(),
        (more, less) if more == less => Vec::new(),
        _ => vec![String::new()],
    }
}

#[test]
fn what_is_lost_has_a_path() {
    let check = |more: &str, less: &str, expect: &[&str]| {
        assert_eq!(lost(&document(more), &document(less)), expect, "{more} and {less}");
    };
    check("{a: 1, b: {c: [2, {d: 3}]}}", "{a: 1, b: {c: [2, {d: 3}]}, e: 4}", &[]);
    check("{a: 1, b: {c: [2, {d: 3}]}}", "{a: 1, b: {c: [2, {}]}}", &["b.c.1.d"]);
    check("{a: {b: 1}}", "{}", &["a"]);
    check("{a: 1}", "{a: 2}", &["a"]);
}
