//! A target each of whose profiles can be told from all others, and what a store has of them.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use parca_client::{Client, QueryRangeRequest, Settings};
use profile_codec::pprof;
use profile_model::{Profile, Sample, StackId, TimeRange, Timestamp, ValueType};

const MILLISECOND: i64 = 1_000_000;

/// Gives a profile of the value 1 at a millisecond of its own to whoever asks.
pub(crate) struct Numbered {
    pub(crate) address: SocketAddr,
    served: Arc<Mutex<Vec<i64>>>,
}

impl Numbered {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = Arc::new(Mutex::new(Vec::new()));
        let times = Arc::clone(&served);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head);
                let body = profile(next(&mut times.lock().unwrap()));
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(&body);
            }
        });
        Self { address, served }
    }

    /// The milliseconds of the profiles that it gave.
    pub(crate) fn served(&self) -> Vec<i64> {
        self.served.lock().unwrap().clone()
    }
}

/// A millisecond that was not there before.
fn next(times: &mut Vec<i64>) -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    let time = times.last().map_or(now, |last| now.max(last + 1));
    times.push(time);
    time
}

fn profile(milliseconds: i64) -> Vec<u8> {
    let of = ValueType::new("cpu", "nanoseconds");
    let mut profile = Profile::new(vec![of.clone()]);
    (profile.period_type, profile.period) = (Some(of), 1);
    (profile.time_nanos, profile.duration_nanos) = (milliseconds * MILLISECOND, MILLISECOND);
    profile.samples.push(Sample { stack: StackId::EMPTY, values: &[1], labels: &[] });
    pprof::encode_gzip(&profile)
}

/// What a store has of the profiles of a job: the sum at each millisecond.
pub(crate) async fn stored(store: SocketAddr, name: &str, job: &str) -> BTreeMap<i64, i64> {
    let client = Client::new(&Settings::new(format!("http://{store}"))).unwrap();
    let query = format!(r#"{name}:cpu:nanoseconds:cpu:nanoseconds:delta{{job="{job}"}}"#);
    let hour = Duration::from_secs(3600);
    let range = TimeRange::new((SystemTime::now() - hour).into(), (SystemTime::now() + hour).into());
    let series = match client
        .query_range(&QueryRangeRequest::new(query.as_str(), range, Duration::from_millis(1)))
        .await
    {
        Ok(series) => series,
        Err(error) if error.is_no_data() => Vec::new(),
        Err(error) => panic!("{error}"),
    };
    let mut sums = BTreeMap::new();
    for sample in series.iter().flat_map(|one| &one.samples) {
        let at: Timestamp = sample.timestamp;
        *sums.entry(at.saturating_millis()).or_default() += sample.value;
    }
    sums
}
