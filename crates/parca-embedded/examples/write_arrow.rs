//! What a batch of parca-agent costs a server: sends one again and again, each time under another key, and reads the
//! CPU time of the server's process.
//!
//! `cargo run --release -p parca-embedded --example write_arrow -- [http://127.0.0.1:7070 PID [BATCHES]]`; without words a
//! server in the same process, whose CPU time is then the sender's, too.

use std::time::Instant;

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use parca_proto::profilestore::WriteArrowRequest;
use parca_proto::profilestore::profile_store_service_client::ProfileStoreServiceClient;

/// 712 rows of 5 seconds, nearly all with a label set of their own.
const BATCH: &[u8] = include_bytes!("../../profile-codec/tests/fixtures/agent/write-arrow-v2.arrows");
const ROWS: u32 = 712;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (url, pid) = match (args.next(), args.next()) {
        (Some(url), Some(pid)) => (url, pid),
        _ => (own_server().await?, std::process::id().to_string()),
    };
    let batches: u32 = args.next().map_or(Ok(1000), |count| count.parse())?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let channel = Client::builder(TokioExecutor::new()).http2_only(true).build(connector);
    let mut client = ProfileStoreServiceClient::with_origin(channel, url.parse()?);
    let (before, begun) = (cpu_ticks(&pid)?, Instant::now());
    for batch in 0..batches {
        let mut request = tonic::Request::new(WriteArrowRequest { ipc_buffer: BATCH.into() });
        request.metadata_mut().insert("idempotency-key", format!("{pid}-{batch}-{:?}", begun).parse()?);
        client.write_arrow(request).await?;
    }
    // A hundred a second, on every Linux.
    let cpu_micros = f64::from(cpu_ticks(&pid)? - before) * 10_000.0;
    let rows = f64::from(batches) * f64::from(ROWS);
    let seconds = begun.elapsed().as_secs_f64();
    let words = format!("{rows} rows in {seconds:.1} s: {:.2} us of CPU a row\n", cpu_micros / rows);
    std::io::Write::write_all(&mut std::io::stdout(), words.as_bytes())?;
    Ok(())
}

async fn own_server() -> Result<String, Box<dyn std::error::Error>> {
    let mut settings = parca_embedded::Settings::default();
    settings.self_profile_every = None;
    let stop = tokio_util::sync::CancellationToken::new();
    let server = parca_embedded::start("127.0.0.1:0", settings, stop).await?;
    Ok(format!("http://{}", server.address()))
}

/// User and system time of a process.
fn cpu_ticks(pid: &str) -> Result<u32, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let rest = stat.rsplit_once(')').ok_or("expected a line of /proc/PID/stat")?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Ok(fields.get(11).ok_or("no user time")?.parse::<u32>()?
        + fields.get(12).ok_or("no system time")?.parse::<u32>()?)
}
