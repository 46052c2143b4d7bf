//! What a call costs the client: CPU time per call, against `canned_server` in a process of its own.
//!
//! ```sh
//! cargo build --release -p parca-client --examples
//! target/release/examples/call_cost [CALLS] [URL]
//! ```
//!
//! Without a URL the canned server beside this program is started. 64 calls are in flight: over
//! native gRPC and gRPC-Web over HTTP/2 on one connection, over HTTP/1.1 on 64 connections. The
//! clock is that of the one thread on which all of the client runs.

#![allow(clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use parca_client::{Client, HasProfileDataRequest, HttpVersion, Keep, Prepared, Protocol, Settings};
use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinSet;

const IN_FLIGHT: usize = 64;

/// The canned server, stopped with this value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start() -> Result<(Server, String), Box<dyn Error>> {
    let program = std::env::current_exe()?.with_file_name("canned_server");
    let child = Command::new(&program).stdout(Stdio::piped()).spawn();
    let mut server = Server(child.map_err(|error| format!("`{}`: {error}", program.display()))?);
    let mut line = String::new();
    let stdout = server.0.stdout.take().ok_or("no stdout")?;
    BufReader::new(stdout).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening on ").ok_or("expected an address")?;
    Ok((server, format!("http://{address}")))
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

async fn calls(client: &Client, prepared: &Prepared, count: usize) -> Result<(), Box<dyn Error>> {
    let mut lanes = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (client, prepared) = (client.clone(), prepared.clone());
        lanes.spawn(async move {
            for _ in 0..count / IN_FLIGHT {
                let deadline = Instant::now() + Duration::from_secs(10);
                client.timed(&prepared, deadline, Keep::Nothing).await.result?;
            }
            Ok::<_, parca_client::Error>(())
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    Ok(())
}

async fn measure(url: &str, protocol: Protocol, count: usize) -> Result<(), Box<dyn Error>> {
    let mut settings = Settings::new(url);
    settings.protocol = protocol;
    let client = Client::new(&settings)?;
    let prepared = client.prepare(&HasProfileDataRequest)?;
    calls(&client, &prepared, count / 10).await?;
    let (wall, cpu) = (Instant::now(), thread_cpu());
    calls(&client, &prepared, count).await?;
    let (wall, cpu) = (wall.elapsed(), thread_cpu() - cpu);
    let each = cpu.as_secs_f64() * 1e6 / count as f64;
    println!("{protocol:?}: {each:.2} us CPU per call, {:.0} calls/s", count as f64 / wall.as_secs_f64());
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().map_or(Ok(192_000), |count| count.parse())?;
    let (_server, url) = match arguments.next() {
        Some(url) => (None, url),
        None => start().map(|(server, url)| (Some(server), url))?,
    };
    for _ in 0..3 {
        measure(&url, Protocol::Grpc, count).await?;
        measure(&url, Protocol::GrpcWeb(HttpVersion::Http2), count).await?;
        measure(&url, Protocol::GrpcWeb(HttpVersion::Http1), count).await?;
    }
    Ok(())
}
