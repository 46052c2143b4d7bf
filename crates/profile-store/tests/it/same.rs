//! The store in memory, the one on disk and a reopened one give the same answers.

use profile_model::Profile;
use profile_store::{Keep, NewProfile, NewWrite, Store};
use proptest::prelude::*;

use crate::disk::{DAY, open, sim};
use crate::fixture::{answers, batch, named, stacks, write};

/// What happens to a store.
#[derive(Clone, Debug)]
enum Step {
    Write(Written),
    /// In memory one after the other, on disk with symbols in common.
    Batch(Vec<Written>),
    Seal,
    Compact,
    Reopen,
}

#[derive(Clone, Debug)]
struct Written {
    pod: u8,
    x: bool,
    time: i64,
    duration: i64,
    period: i64,
    rows: Vec<(u8, u8, i64)>,
}

fn written() -> impl Strategy<Value = Written> {
    let time = prop_oneof![8 => 0..60_i64, 2 => 900..1_100_i64, 1 => DAY..DAY + 9, 1 => Just(-1), 1 => Just(i64::MAX)];
    let value = prop_oneof![6 => 1..9_i64, 1 => Just(0), 1 => Just(-3), 1 => Just(i64::MAX)];
    let rows = prop::collection::vec((0..4_u8, 0..3_u8, value), 0..5);
    (0..3_u8, any::<bool>(), time, -1..2_i64, 0..3_i64, rows)
        .prop_map(|(pod, x, time, duration, period, rows)| Written { pod, x, time, duration, period, rows })
}

fn step() -> impl Strategy<Value = Step> {
    let batch = prop::collection::vec(written(), 0..6);
    prop_oneof![
        12 => written().prop_map(Step::Write),
        3 => batch.prop_map(Step::Batch),
        3 => Just(Step::Seal),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
    ]
}

impl Written {
    fn pod(&self) -> &'static str {
        ["p0", "p1", "p2"][usize::from(self.pod)]
    }

    fn labels(&self) -> Vec<(&'static str, &'static str)> {
        vec![("pod", self.pod()), ("x", if self.x { "y" } else { "" })]
    }

    fn profile(&self) -> Profile {
        let names: Vec<[String; 2]> =
            self.rows.iter().map(|(leaf, root, _)| [format!("f{leaf}"), format!("f{root}")]).collect();
        let names: Vec<[&str; 2]> = names.iter().map(|[leaf, root]| [leaf.as_str(), root.as_str()]).collect();
        let rows: Vec<(&[&str], i64)> =
            names.iter().zip(&self.rows).map(|(names, (.., value))| (names.as_slice(), *value)).collect();
        let mut profile = stacks(self.time, &rows);
        (profile.duration_nanos, profile.period) = (self.duration, self.period);
        profile
    }

    /// A profile that is stored again where it came before, as one of a batch is.
    fn always_new(&self) -> NewWrite {
        let of = named(&self.labels());
        NewWrite::new(vec![NewProfile::new(&of, self.profile(), Keep::default(), None).unwrap()])
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("PARCA_STORE_LONG").is_some() { 2_000 } else { 24 }, ..ProptestConfig::default() })]

    #[test]
    fn all_stores_answer_the_same(steps in prop::collection::vec(step(), 1..50)) {
        let disk = sim();
        let (memory, mut durable) = (Store::in_memory(1 << 30), open(&disk));
        for step in &steps {
            match step {
                Step::Write(written) => {
                    for store in [&memory, &durable] {
                        store.write(write(&written.labels(), &written.profile())).unwrap();
                    }
                }
                Step::Batch(all) => {
                    for one in all {
                        memory.write(one.always_new()).unwrap();
                    }
                    let all: Vec<_> = all.iter().map(|one| (one.labels(), one.profile())).collect();
                    durable.write(batch(&all)).unwrap();
                }
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
