//! Any text is a condition or an error that can be shown; what is printed means the same, and every
//! condition can be checked.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use query::diff::{Condition, Diff, DiffOptions, Side};
use report_render::{Selection, folded};

static DIFF: LazyLock<Diff> = LazyLock::new(|| {
    let side = |text: &str| {
        let profile =
            folded::parse(text.as_bytes(), &folded::ParseOptions::default()).expect("the text is folded");
        Side::of(&Selection::new(&profile, 0).expect("folded has one type"))
    };
    let [base, compared] = ["main;parse 40\nmain;gone 60\n", "main;parse 100\nmain;new 100\n"].map(side);
    Diff::between(&base, &compared, &DiffOptions::default()).expect("the units are the same")
});

fuzz_target!(|text: &str| {
    match text.parse::<Condition>() {
        Ok(condition) => {
            let printed = condition.to_string();
            assert_eq!(printed.parse::<Condition>().as_ref(), Ok(&condition), "{printed}");
            let verdict = condition.check(&DIFF);
            assert_eq!(verdict.condition, printed);
        }
        Err(error) => {
            let shown = error.to_string();
            assert!(shown.len() < 2048, "{shown}");
        }
    }
});
