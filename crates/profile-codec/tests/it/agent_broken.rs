//! Batches for `WriteArrow` that end a real Parca (parca-dev/parca at 3b5647cd, `pkg/normalizer/arrow_v2.go`: assertions of
//! types and indices that nobody checks): profiles or an error here.

use profile_codec::arrow::{ArrowLimits, decode_agent_batch};
use profile_model::ProfileBatch;

use crate::agent_batch::Batch;

fn decoded(ipc: &[u8]) -> Result<ProfileBatch, String> {
    decode_agent_batch(ipc, &ArrowLimits::default()).map_err(|error| error.to_string())
}

#[test]
fn ends_of_runs_may_have_any_width() {
    for ends in [16, 32, 64] {
        let batch = decoded(&Batch { ends, ..Batch::default() }.ipc()).unwrap();
        let stacks: Vec<usize> = batch.stacks.iter().map(|stack| batch.symbols.stack(*stack).len()).collect();
        assert_eq!((batch.values.as_slice(), stacks.as_slice()), (&[5, 6][..], &[2, 2][..]), "{ends}");
        assert_eq!(batch.sets.labels(0).to_string(), r#"{comm="worker"}"#);
    }
}

#[test]
fn what_is_missing_is_named() {
    for name in [
        "line",
        "column",
        "function",
        "start_line",
        "system_name",
        "filename",
        "address",
        "mapping_file",
        "mapping_build_id",
        "lines",
        "value",
        "producer",
        "sample_type",
        "period_unit",
        "period",
        "duration",
        "timestamp",
        "labels",
        "stacktrace",
        "stacktrace_id",
    ] {
        let error = decoded(&Batch { without: &[name], ..Batch::default() }.ipc()).unwrap_err();
        assert!(error.contains(&format!("{name:?}")), "{name}: {error}");
    }
}

/// Lengths, ends of runs, offsets, sizes, indices of dictionaries: each of them is a word of the stream.
#[test]
fn every_number_may_be_another() {
    let good = Batch::default().ipc();
    let mut refused = 0;
    for at in (0..good.len() - 3).step_by(4) {
        let word = i32::from_le_bytes(*good[at..].first_chunk().unwrap());
        for other in [0, 1, 3, -1, i32::MAX, i32::MIN, word.wrapping_add(1), word.wrapping_sub(1)] {
            let mut bad = good.clone();
            bad[at..at + 4].copy_from_slice(&other.to_le_bytes());
            match decoded(&bad) {
                Ok(batch) => assert!(batch.profiles().count() <= 2 && batch.stacks.len() <= 3),
                Err(words) => refused += usize::from(!words.is_empty()),
            }
        }
    }
    assert!(refused > 500, "{refused}");
}
