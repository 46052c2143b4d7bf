//! The store in memory.

use profile_store::{Span, Store, Written};

use crate::fixture::{filter, new, profile, stacks, total, write};
use profile_store::NewWrite;

fn large(time: i64) -> NewWrite {
    let names: Vec<String> = (0..200).map(|at| format!("f{time}_{at}")).collect();
    let names: Vec<[&str; 1]> = names.iter().map(|name| [name.as_str()]).collect();
    let rows: Vec<(&[&str], i64)> = names.iter().map(|name| (name.as_slice(), 1)).collect();
    write(&[], &stacks(time, &rows))
}

#[test]
fn the_oldest_go_and_the_memory_stays_bounded() {
    const LIMIT: u64 = 1 << 20;
    let store = Store::in_memory(LIMIT as usize);
    for time in 1..=250 {
        store.write(large(time)).unwrap();
        assert!(store.stats().bytes <= LIMIT);
    }
    let stats = store.stats();
    assert_eq!(stats.rows + stats.evicted_rows, 250 * 400);
    assert!(stats.evicted_rows > 0 && stats.rows > 0, "{stats:?}");
    let mut times = Vec::new();
    let add = |_: &_, sums: &[profile_store::ProfileSum]| times.extend(sums.iter().map(|sum| sum.time_nanos));
    store.view().sums(&filter(""), Span::ALL, add).unwrap();
    assert_eq!(times.last(), Some(&250));
    assert!(times.windows(2).all(|pair| pair[0] + 1 == pair[1]), "a hole in {times:?}");
}

#[test]
fn what_is_larger_than_the_limit_is_dropped_and_counted() {
    let store = Store::in_memory(10_000);
    store.write(large(1)).unwrap();
    assert_eq!((store.stats().rows, store.stats().evicted_rows), (0, 400));
}

#[test]
fn a_retry_does_not_count_twice() {
    let store = Store::in_memory(64 << 20);
    let outcome = |write: NewWrite| {
        let Written { stored, repeated, .. } = store.write(write).unwrap();
        (stored, repeated)
    };
    assert_eq!(outcome(write(&[("pod", "a")], &profile(1, 5))), (1, 0));
    assert_eq!(outcome(write(&[("pod", "a")], &profile(1, 5))), (0, 1));
    // Another time, another value, other labels: another profile.
    assert_eq!(outcome(write(&[("pod", "a")], &profile(2, 5))), (1, 0));
    assert_eq!(outcome(write(&[("pod", "a")], &profile(1, 6))), (1, 0));
    assert_eq!(outcome(write(&[("pod", "b")], &profile(1, 5))), (1, 0));
    // What is new in a request is stored, what is not is not.
    let both =
        NewWrite::new(vec![new(&[("pod", "b")], &profile(1, 5)), new(&[("pod", "c")], &profile(1, 5))]);
    assert_eq!(outcome(both), (1, 1));
    // A request with a name is itself, whatever its bytes became on the way.
    let keyed = |time| write(&[("pod", "d")], &profile(time, 5)).with_key("r1").unwrap();
    assert_eq!(outcome(keyed(1)), (1, 0));
    assert_eq!(outcome(keyed(2)), (0, 1));
    assert_eq!(total(&store.view(), r#"{pod="d"}"#), 60);
    assert!(NewWrite::default().with_key(&"x".repeat(257)).is_err());
}

#[test]
fn a_profile_on_a_border_counts_once() {
    let store = Store::in_memory(64 << 20);
    for time in [10, 20, 30] {
        store.write(write(&[], &profile(time, time))).unwrap();
    }
    let count = |from, to| {
        let span = Span::half_open(
            profile_model::Timestamp::from_nanos(from),
            profile_model::Timestamp::from_nanos(to),
        );
        let mut profiles = 0;
        store.view().sums(&filter(""), span, |_, sums| profiles += sums.len()).unwrap();
        profiles
    };
    assert_eq!((count(0, 10), count(10, 20), count(20, 30), count(30, 31)), (0, 1, 1, 1));
    assert_eq!(count(10, 10), 0);
}

#[test]
fn labels_find_their_series() {
    let store = Store::in_memory(64 << 20);
    for pod in 0..50 {
        let (job, pod) = (format!("j{}", pod % 5), format!("p{pod}"));
        store.write(write(&[("job", &job), ("pod", &pod)], &profile(1, 1))).unwrap();
    }
    let view = store.view();
    for (matchers, pods) in [
        ("", 50),
        (r#"{pod="p7"}"#, 1),
        (r#"{job="j2"}"#, 10),
        (r#"{job="j2",pod="p7"}"#, 1),
        (r#"{job="j3",pod="p7"}"#, 0),
        (r#"{job="j2",pod!="p7"}"#, 9),
        (r#"{pod=~"p1.*"}"#, 11),
        (r#"{zone=""}"#, 50),
        (r#"{zone="x"}"#, 0),
    ] {
        assert_eq!(total(&view, matchers), pods * 20, "{matchers}");
        assert_eq!(view.label_sets(&filter(matchers), Span::ALL).unwrap().len() as i64, pods, "{matchers}");
    }
}

#[test]
fn who_stops_a_view_has_it_read_no_further() {
    let disk = crate::disk::sim();
    for store in [Store::in_memory(1 << 30), crate::disk::open(&disk)] {
        for pod in 0..20 {
            store.write(write(&[("pod", &pod.to_string())], &profile(pod, 1))).unwrap();
        }
        for _ in 0..2 {
            let stop = profile_store::Stop::default();
            let view = store.view().until(stop.clone());
            let mut series = 0;
            view.sums(&filter(""), Span::ALL, |_, _| {
                series += 1;
                stop.stop();
            })
            .unwrap();
            assert_eq!(series, 1);
            assert_eq!(total(&view, ""), 0);
            assert!(view.label_sets(&filter(""), Span::ALL).unwrap().is_empty());
            assert_eq!(total(&store.view(), ""), 20 * 20);
            store.seal_now().unwrap();
        }
    }
}
