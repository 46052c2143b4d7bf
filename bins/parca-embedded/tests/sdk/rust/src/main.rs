//! Pushes CPU profiles of itself with Pyroscope's SDK for Rust to the address in its argument.

use std::time::{Duration, Instant};

use pyroscope::backend::{BackendConfig, PprofConfig, pprof_backend};
use pyroscope::pyroscope::PyroscopeAgentBuilder;

#[inline(never)]
fn burn(until: Instant) -> u64 {
    let mut total = 0_u64;
    while Instant::now() < until {
        total = (0..1000).fold(total, |sum, n| std::hint::black_box(sum.wrapping_add(n * n)));
    }
    total
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("expected an address")?;
    let backend = pprof_backend(PprofConfig::default(), BackendConfig::default());
    let agent = PyroscopeAgentBuilder::new(url, "rust.sdk", 100, "pyroscope-rs", "1", backend)
        .tags(vec![("region", "eu")])
        .upload_interval(Duration::from_secs(2))
        .build()?
        .start()?;
    let (add, remove) = agent.tag_wrapper();
    add("controller".to_owned(), "slow".to_owned())?;
    burn(Instant::now() + Duration::from_secs(5));
    remove("controller".to_owned(), "slow".to_owned())?;
    agent.stop()?.shutdown();
    Ok(())
}
