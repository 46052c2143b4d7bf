//! What the schema of speedscope asks for, from <https://www.speedscope.app/file-format-schema.json>.

use profile_model::ValueType;
use report_render::{Selection, folded};
use serde_json::Value;

use crate::forms;

const UNITS: &[&str] = &["bytes", "microseconds", "milliseconds", "nanoseconds", "none", "seconds"];

fn written(unit: &str) -> Value {
    let mut options = folded::ParseOptions::default();
    options.value_type = ValueType::new("a type", unit);
    let lines = "main;parse;read 3\nmain;parse 2\nmain;render 5\nmain;undo -1\n";
    let profile = folded::parse(lines.as_bytes(), &options).unwrap();
    serde_json::from_str(&forms::form(&Selection::new(&profile, 0).unwrap(), "speedscope.json")).unwrap()
}

/// Checks that an object has all of these keys, and no others but those that may be there.
fn check_keys(object: &Value, required: &[&str], optional: &[&str]) {
    let object = object.as_object().unwrap();
    for key in required {
        assert!(object.contains_key(*key), "no `{key}` in {object:?}");
    }
    for key in object.keys() {
        assert!(required.contains(&key.as_str()) || optional.contains(&key.as_str()), "`{key}`");
    }
}

#[test]
fn a_file_has_what_its_schema_requires() {
    let file = written("nanoseconds");
    check_keys(&file, &["$schema", "shared", "profiles"], &["name", "activeProfileIndex", "exporter"]);
    assert_eq!(file["$schema"], "https://www.speedscope.app/file-format-schema.json");
    check_keys(&file["shared"], &["frames"], &[]);
    let frames = file["shared"]["frames"].as_array().unwrap();
    for frame in frames {
        check_keys(frame, &["name"], &["file", "line", "col"]);
        assert!(frame["name"].is_string());
    }
    let profile = &file["profiles"][0];
    let required = ["type", "name", "unit", "startValue", "endValue", "samples", "weights"];
    check_keys(profile, &required, &[]);
    assert_eq!(profile["type"], "sampled");
    assert!(profile["name"].is_string());
    let (samples, weights) = (profile["samples"].as_array().unwrap(), profile["weights"].as_array().unwrap());
    assert_eq!(samples.len(), weights.len());
    for frame in samples.iter().flat_map(|stack| stack.as_array().unwrap()) {
        assert!((frame.as_u64().unwrap() as usize) < frames.len());
    }
    let sum: i64 = weights.iter().map(|weight| weight.as_i64().unwrap()).sum();
    let (start, end) = (profile["startValue"].as_i64().unwrap(), profile["endValue"].as_i64().unwrap());
    assert_eq!((start, end), (0, sum));
}

#[test]
fn units_are_those_of_the_schema() {
    for unit in ["nanoseconds", "microseconds", "milliseconds", "seconds", "bytes", "count", "", "\"\u{0}"] {
        let file = written(unit);
        let shown = file["profiles"][0]["unit"].as_str().unwrap();
        assert!(UNITS.contains(&shown) && (shown == unit || shown == "none"), "{shown}");
    }
}
