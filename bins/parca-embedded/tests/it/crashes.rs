//! Requests that end a real Parca (parca-dev/parca at 3b5647cd), each sent to the program: it answers and goes on, and what is
//! stored then can be asked for. Those of agents' Arrow come from `pkg/normalizer/arrow*.go`, those of OTLP from `pkg/normalizer/otel.go`,
//! where an assertion of a type, a pointer or an index is not checked; the others were seen.

mod otlp;
mod pprofs;
mod questions;

use std::net::SocketAddr;

use parca_proto::profilestore::{WriteArrowRequest, WriteRequest};
use prost::Message;
use test_support::{PATIENCE, Process, Scrape, Signal, Value, http_get};

use crate::agent_batch::Batch;
use crate::grpc_web::{call, everything_is_found};
use crate::program;

/// A call that ends a real Parca, and the codes that it may have here.
struct Case {
    what: String,
    path: &'static str,
    messages: Vec<Vec<u8>>,
    codes: &'static [u32],
}

const OK: u32 = 0;
const INVALID_ARGUMENT: u32 = 3;
/// Taken, or refused: what it says, its type, which no query can name, or its size.
const REFUSED: &[u32] = &[OK, INVALID_ARGUMENT, UNKNOWN, RESOURCE_EXHAUSTED];
const UNKNOWN: u32 = 2;
const RESOURCE_EXHAUSTED: u32 = 8;
const FAILED_PRECONDITION: u32 = 9;
const UNIMPLEMENTED: u32 = 12;

fn case(what: impl Into<String>, path: &'static str, message: &impl Message, codes: &'static [u32]) -> Case {
    Case { what: what.into(), path, messages: vec![message.encode_to_vec()], codes }
}

impl Case {
    async fn check(&self, address: SocketAddr) {
        let ended = call(address, self.path, &self.messages).await;
        assert!(self.codes.contains(&ended.status), "{}: {} {}", self.what, ended.status, ended.words);
        assert!(ended.status == OK || !ended.words.is_empty(), "{}: no reason", self.what);
    }
}

fn write_arrow(what: String, ipc: Vec<u8>, codes: &'static [u32]) -> Case {
    let path = "/parca.profilestore.v1alpha1.ProfileStoreService/WriteArrow";
    case(what, path, &WriteArrowRequest { ipc_buffer: ipc.into() }, codes)
}

/// Batches without what nobody checks for, with ends of runs of other widths, and with every number another one.
fn arrow() -> Vec<Case> {
    let without =
        ["line", "column", "function", "start_line", "lines", "stacktrace", "timestamp"].map(|name| {
            let ipc = Batch { without: &[name], ..Batch::default() }.ipc();
            write_arrow(format!("WriteArrow without {name}"), ipc, &[INVALID_ARGUMENT])
        });
    let ends = [16, 64].map(|ends| {
        let ipc = Batch { ends, ..Batch::default() }.ipc();
        write_arrow(format!("WriteArrow with ends of {ends} bits"), ipc, &[OK, INVALID_ARGUMENT])
    });
    let good = Batch::default().ipc();
    // Lengths, ends of runs, offsets, sizes and indices are words of the stream.
    let words = (0..good.len() - 3).step_by(4).map(|at| {
        let mut ipc = good.clone();
        let other = [-1_i32, i32::MAX, 0, 1, i32::MIN, 3][at / 4 % 6];
        ipc[at..at + 4].copy_from_slice(&other.to_le_bytes());
        write_arrow(format!("WriteArrow with {other} at {at}"), ipc, REFUSED)
    });
    without.into_iter().chain(ends).chain(words).collect()
}

/// The two messages of the older schema, with every number of the second another one.
fn write() -> Vec<Case> {
    const SAMPLES: &[u8] =
        include_bytes!("../../../../crates/profile-codec/tests/fixtures/agent/write-v1-samples.arrows");
    const STACKS: &[u8] =
        include_bytes!("../../../../crates/profile-codec/tests/fixtures/agent/write-v1-locations.arrows");
    let exchange = |what: String, stacks: &[u8]| {
        let messages =
            [SAMPLES, stacks].map(|record| WriteRequest { record: record.to_vec().into() }.encode_to_vec());
        let path = "/parca.profilestore.v1alpha1.ProfileStoreService/Write";
        Case { what, path, messages: messages.to_vec(), codes: REFUSED }
    };
    // What says which fields there are stands first: so a structure comes to lack one of them.
    (0..STACKS.len().min(6000))
        .step_by(20)
        .map(|at| {
            let mut stacks = STACKS.to_vec();
            stacks[at] ^= 0x5a;
            exchange(format!("Write with byte {at} of stacks turned"), &stacks)
        })
        .collect()
}

/// The memory that the program has, in bytes.
pub(crate) async fn memory(address: SocketAddr) -> f64 {
    let metrics = Scrape::parse_text(&http_get(address, "/metrics", &[]).await.unwrap().text()).unwrap();
    match metrics.family("process_resident_memory_bytes").samples[0].value {
        Value::Number(bytes) => bytes,
        Value::Histogram(_) => panic!("a number of bytes"),
    }
}

pub(crate) async fn ended(mut process: Process) {
    assert!(process.is_running());
    process.signal(Signal::TERM);
    let exit = process.exit(PATIENCE).await;
    assert!(exit.code == Some(0) && !exit.stderr.contains("panic"), "{exit:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_a_real_parca_is_answered_and_stored_types_are_found() {
    let (process, address) = program(&[]).await;
    pprofs::good().check(address).await;
    let cases = [pprofs::cases(), questions::cases(), otlp::cases(), arrow(), write()];
    for case in cases.iter().flatten() {
        case.check(address).await;
    }
    assert!(everything_is_found(address).await > 1);
    let memory = memory(address).await;
    assert!(memory < f64::from(1 << 30), "{memory} bytes");
    ended(process).await;
}

/// The tenth of the list is no request: a job that is nothing.
#[tokio::test]
async fn a_job_that_is_nothing_is_a_mistake_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parca.yaml");
    std::fs::write(&path, "scrape_configs:\n  - null\n").unwrap();
    let arguments = ["--http-address", "127.0.0.1:0", "--config-path", path.to_str().unwrap()];
    let exit = Process::run(crate::PARCA_EMBEDDED, arguments, crate::NONE).await;
    assert!(exit.code == Some(2) && exit.stderr.contains("parca.yaml:2"), "{exit:#?}");
}
