//! The store in memory, the one on disk and a reopened one give the same answers.

use profile_store::Store;
use proptest::prelude::*;

use crate::disk::{DAY, open, sim};
use crate::fixture::{answers, stacks, write};

/// What happens to a store.
#[derive(Clone, Debug)]
enum Step {
    Write { pod: u8, x: bool, time: i64, duration: i64, period: i64, rows: Vec<(u8, u8, i64)> },
    Seal,
    Compact,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let time = prop_oneof![8 => 0..60_i64, 2 => 900..1_100_i64, 1 => DAY..DAY + 9, 1 => Just(-1), 1 => Just(i64::MAX)];
    let value = prop_oneof![6 => 1..9_i64, 1 => Just(0), 1 => Just(-3), 1 => Just(i64::MAX)];
    let rows = prop::collection::vec((0..4_u8, 0..3_u8, value), 0..5);
    let write = (0..3_u8, any::<bool>(), time, -1..2_i64, 0..3_i64, rows).prop_map(
        |(pod, x, time, duration, period, rows)| Step::Write { pod, x, time, duration, period, rows },
    );
    prop_oneof![12 => write, 3 => Just(Step::Seal), 1 => Just(Step::Compact), 1 => Just(Step::Reopen)]
}

fn apply(store: &Store, step: &Step) {
    let Step::Write { pod, x, time, duration, period, rows } = step else { return };
    let names: Vec<[String; 2]> =
        rows.iter().map(|(leaf, root, _)| [format!("f{leaf}"), format!("f{root}")]).collect();
    let names: Vec<[&str; 2]> = names.iter().map(|[leaf, root]| [leaf.as_str(), root.as_str()]).collect();
    let rows: Vec<(&[&str], i64)> =
        names.iter().zip(rows).map(|(names, (.., value))| (names.as_slice(), *value)).collect();
    let mut profile = stacks(*time, &rows);
    (profile.duration_nanos, profile.period) = (*duration, *period);
    let pod = format!("p{pod}");
    let labels = [("pod", pod.as_str()), ("x", if *x { "y" } else { "" })];
    store.write(write(&labels, &profile)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("PARCA_STORE_LONG").is_some() { 2_000 } else { 24 }, ..ProptestConfig::default() })]

    #[test]
    fn all_stores_answer_the_same(steps in prop::collection::vec(step(), 1..50)) {
        let disk = sim();
        let (memory, mut durable) = (Store::in_memory(1 << 30), open(&disk));
        for step in &steps {
            apply(&memory, step);
            match step {
                Step::Write { .. } => apply(&durable, step),
                Step::Seal => drop(durable.seal_now().unwrap()),
                Step::Compact => drop(durable.compact_now().unwrap()),
                Step::Reopen => {
                    drop(durable);
                    durable = open(&disk);
                }
            }
        }
        let expect = answers(&memory.view());
        prop_assert_eq!(answers(&durable.view()), expect.clone());
        drop(durable);
        let durable = open(&disk);
        prop_assert_eq!(answers(&durable.view()), expect.clone());
        durable.seal_now().unwrap();
        prop_assert_eq!(answers(&durable.view()), expect);
    }
}
