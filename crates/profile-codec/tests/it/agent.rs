//! Batches that parca-agent's own writers made.

use std::collections::BTreeMap;

use profile_codec::arrow::{AgentError, AgentSamples, ArrowLimits, decode_agent_batch};
use profile_model::{ProfileBatch, StackId};

const V2: &[u8] = include_bytes!("../fixtures/agent/write-arrow-v2.arrows");
const SAMPLES: &[u8] = include_bytes!("../fixtures/agent/write-v1-samples.arrows");
const STACKS: &[u8] = include_bytes!("../fixtures/agent/write-v1-locations.arrows");

fn v2() -> ProfileBatch {
    decode_agent_batch(V2, &ArrowLimits::default()).unwrap()
}

fn v1() -> ProfileBatch {
    let limits = ArrowLimits::default();
    AgentSamples::read(SAMPLES, &limits).unwrap().profiles(STACKS, &limits).unwrap()
}

/// A frame with all that is known of it.
fn frames(batch: &ProfileBatch, stack: StackId) -> Vec<String> {
    let symbols = &batch.symbols;
    let frame = |id: &profile_model::LocationId| {
        let location = symbols.location(*id);
        let file = location.mapping.map_or("-", |id| symbols.string(symbols.mapping(id).file));
        let lines: Vec<String> = location
            .lines
            .iter()
            .map(|line| {
                let function = symbols.function(line.function.unwrap());
                let name = symbols.string(function.shown_name().unwrap_or(profile_model::StringId::EMPTY));
                format!("{name} ({}:{})", symbols.string(function.filename), line.line)
            })
            .collect();
        if lines.is_empty() { format!("{file}+{:#x}", location.address) } else { lines.join(" < ") }
    };
    symbols.stack(stack).iter().map(frame).collect()
}

/// Type, labels, time, period and duration, then stack and value of each row.
fn described(batch: &ProfileBatch) -> Vec<String> {
    let mut described = Vec::new();
    for (head, rows) in batch.profiles() {
        let (of_type, labels) = (batch.type_of(head), batch.sets.labels(head.set as usize));
        let head = format!(
            "{}:{}:{} {labels} {} {} {}",
            of_type.name,
            of_type.sample_type,
            of_type.period_type,
            head.time_nanos,
            head.period,
            head.duration_nanos
        );
        described.extend(rows.map(|(stack, value)| format!("{head} {:?} {value}", frames(batch, stack))));
    }
    described.sort_unstable();
    described
}

#[test]
fn all_rows_of_a_batch_are_read() {
    let batch = v2();
    assert_eq!((batch.stacks.len(), batch.values.len()), (712, 712));
    let mut totals: BTreeMap<String, i64> = BTreeMap::new();
    for (head, rows) in batch.profiles() {
        let of_type = batch.type_of(head);
        let total: i64 = rows.map(|(_, value)| value).sum();
        *totals.entry(format!("{}:{}", of_type.name, of_type.sample_type)).or_default() += total;
    }
    let expect = [
        ("memory:inuse_objects/count", 7),
        ("memory:inuse_space/bytes", 4096),
        ("parca_agent:samples/count", 700),
        ("parca_agent:wallclock/nanoseconds", 55_000),
    ];
    assert!(totals.iter().map(|(of, total)| (of.as_str(), *total)).eq(expect), "{totals:?}");
}

#[test]
fn rows_have_their_labels_times_and_stacks() {
    let rows = described(&v2());
    let check = |expect: &str| assert!(rows.iter().any(|row| row == expect), "{expect}\n{:#?}", &rows[..8]);
    let head = |i: i64| {
        format!(
            r#"parca_agent:samples/count:cpu/nanoseconds {{comm="worker-{}", cpu="{}", node="node-1", region="eu", thread_id="{}"}} {} 52631578 1000000000"#,
            i % 3,
            i % 16,
            1000 + i % 40,
            1_795_860_000_000_000_000 + i * 7_000_000
        )
    };
    check(&format!(r#"{} ["/usr/bin/app+0x1010", "/usr/bin/app+0x2020", "/usr/bin/app+0x3030"] 1"#, head(0)));
    check(&format!(
        r#"{} ["do_syscall_64 (vmlinux:0)", "entry_SYSCALL_64 (vmlinux:0)", "/usr/bin/app+0x2020", "/usr/bin/app+0x3030"] 1"#,
        head(1)
    ));
    check(&format!(
        r#"{} ["leaf (app/work.py:11)", "middle (app/work.py:22)", "<module> (app/main.py:3)"] 1"#,
        head(2)
    ));
    check(&format!("{} [] 1", head(6)));
}

#[test]
fn both_schemas_say_the_same() {
    // The older schema has no off-CPU period of zero, and names abort frames and mappings alike.
    let times = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter().filter(|row| row.contains("samples/count:cpu")).collect()
    };
    assert_eq!(times(described(&v1())), times(described(&v2())));
}

#[test]
fn what_rows_share_is_there_once() {
    let batch = v2();
    assert_eq!((batch.types.len(), batch.symbols.stacks().len()), (4, 7));
    let stacks: std::collections::BTreeSet<StackId> = batch.stacks.iter().copied().collect();
    assert_eq!(stacks.len(), batch.symbols.stacks().len());
}

#[test]
fn every_stack_is_asked_for_once() {
    let samples = AgentSamples::read(SAMPLES, &ArrowLimits::default()).unwrap();
    assert_eq!(samples.ids().len(), 7);
    let answer = samples.wanted().unwrap();
    let reader = arrow_ipc::reader::StreamReader::try_new(&answer[..], None).unwrap();
    let schema = reader.schema();
    assert_eq!(schema.fields().len(), 1);
    assert_eq!(schema.field(0).name(), "stacktrace_id");
    assert_eq!(schema.metadata().get("parca_write_schema_version").map(String::as_str), Some("v1"));
    assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 7);
}

#[test]
fn what_is_no_batch_says_why() {
    let check = |bytes: &[u8], expect: &str| {
        let error = decode_agent_batch(bytes, &ArrowLimits::default()).unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
    };
    check(b"", "expected a schema");
    check(b"ARROW1\0\0", "expected a message");
    check(&V2[..V2.len() - 2000], "expected");
    check(SAMPLES, "missing column \"locations\"");
    let error = AgentSamples::read(V2, &ArrowLimits::default()).unwrap_err();
    assert!(matches!(error, AgentError::Schema), "{error}");
    let mut samples = AgentSamples::read(SAMPLES, &ArrowLimits::default()).unwrap();
    let error = samples.profiles(SAMPLES, &ArrowLimits::default()).unwrap_err();
    assert!(matches!(error, AgentError::Missing("locations")), "{error}");
}

#[test]
fn limits_hold() {
    let mut limits = ArrowLimits::default();
    limits.max_rows = 100;
    assert!(decode_agent_batch(V2, &limits).unwrap_err().to_string().contains("expected at most 100"));
    let mut limits = ArrowLimits::default();
    limits.max_decoded_bytes = 64 << 10;
    assert!(decode_agent_batch(V2, &limits).unwrap_err().to_string().contains("decoded bytes"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]

    /// Bytes changed anywhere are profiles or an error, never a panic.
    #[test]
    fn damaged_batches_are_batches_or_errors(
        changes in proptest::collection::vec((0..V2.len(), 0..=255_u8), 1..6),
        end in 0..V2.len(),
        cut: bool,
    ) {
        let limits = ArrowLimits::default();
        let mut bytes = V2.to_vec();
        for (at, byte) in &changes {
            bytes[*at] = *byte;
        }
        let end = if cut { end } else { bytes.len() };
        let _ = decode_agent_batch(&bytes[..end], &limits);

        let (mut samples, mut stacks) = (SAMPLES.to_vec(), STACKS.to_vec());
        for (at, byte) in changes {
            let (sample, stack) = (at % samples.len(), at % stacks.len());
            samples[sample] = byte;
            stacks[stack] = byte;
        }
        if let Ok(mut samples) = AgentSamples::read(&samples, &limits) {
            let _ = samples.wanted();
            let _ = samples.profiles(STACKS, &limits);
        }
        if let Ok(mut samples) = AgentSamples::read(SAMPLES, &limits) {
            let _ = samples.profiles(&stacks, &limits);
        }
    }
}
