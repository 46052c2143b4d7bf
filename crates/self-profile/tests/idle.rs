//! An idle process with its profile taken all the time: alone in its process, as the sampler is one for all.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use self_profile::{Profiler, resident_memory};

fn resident_bytes() -> i128 {
    resident_memory().unwrap().samples.total(0)
}

/// Files in the folder for temporary ones that this process has open.
fn temporary_files() -> Vec<PathBuf> {
    let links = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let files = links.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let is_temporary = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.parent() == Some(&std::env::temp_dir()) && name.starts_with(".tmp") && path.exists()
    };
    files.filter(is_temporary).collect()
}

/// 184 MiB were held by a process that did nothing, and each start left an empty file.
#[tokio::test]
async fn an_idle_process_holds_no_table_and_leaves_no_file() {
    let before = resident_bytes();
    let profiler = Profiler::start_when_busy(99);
    let profile = profiler.take(Duration::from_secs(2)).await.unwrap();
    assert!(profile.duration_nanos > 0);
    assert!(resident_bytes() - before < 20 << 20, "{} bytes more", resident_bytes() - before);

    // One that becomes busy is seen, and tidied up after.
    let work = std::thread::spawn(|| {
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until {
            std::hint::black_box(0_u64);
        }
    });
    let profile = profiler.take(Duration::from_secs(3)).await.unwrap();
    assert!(profile.samples.total(0) > 0, "no sample of a busy process");
    work.join().unwrap();
    drop(profiler);
    assert_eq!(temporary_files(), Vec::<PathBuf>::new());
}
