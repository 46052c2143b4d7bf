//! Parca's Arrow flame graph of a pprof file, and how long it takes to read one:
//!
//! ```sh
//! arrow_decode write profile.pb.gz > flame.arrow
//! arrow_decode time flame.arrow 20    # seconds for one of 20 decodings, and bytes of the record
//! ```

use std::{
    error::Error,
    fs,
    io::{self, Write},
    time::Instant,
};

use profile_codec::{
    arrow::{ArrowLimits, decode_flame_graph, encode_flame_graph},
    pprof::{self, Limits},
};
use report_render::Selection;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut out = io::stdout().lock();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", file] => out.write_all(&record(&fs::read(file)?)?)?,
        ["time", file, times] => {
            let record = fs::read(file)?;
            writeln!(out, "{} {}", seconds(&record, times.parse()?)?, record.len())?;
        }
        _ => return Err("expected write FILE, or time FILE TIMES".into()),
    }
    Ok(())
}

fn record(file: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let profile = pprof::decode(file, &Limits::default())?;
    let selection = Selection::preferred(&profile).ok_or("expected a sample type, found none")?;
    let graph = selection.flame_graph(Default::default());
    Ok(encode_flame_graph(&graph, &profile.symbols, 0.0)?.record.to_vec())
}

fn seconds(record: &[u8], times: u32) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    for _ in 0..times {
        std::hint::black_box(decode_flame_graph(record, &ArrowLimits::default())?);
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(times))
}
