//! Makes `proto/src/gen/` from `proto/proto/` without a `protoc` on the machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use prost::Message;

/// Writes the generated files, or with `check` only says whether they are up to date.
pub fn run(root: &Path, check: bool) -> Result<()> {
    let proto_dir = root.join("proto/proto");
    let target = root.join("proto/src/gen");
    let scratch = root.join("target/codegen");
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch)?;
    }
    std::fs::create_dir_all(&scratch)?;

    // Pyroscope apart: a Parca's reflection must not list its services, and nobody calls them by gRPC.
    let (pyroscope, others) =
        proto_files(&proto_dir)?.into_iter().partition(|file| file.starts_with(proto_dir.join("pyroscope")));
    generate(&proto_dir, pyroscope, &scratch, "pyroscope.descriptors.bin", false)?;
    generate(&proto_dir, others, &scratch, "descriptors.bin", true)?;

    let fresh = read_all(&scratch)?;
    let committed = read_all(&target)?;
    if fresh == committed {
        return Ok(());
    }
    if check {
        bail!("proto/src/gen is not what proto/proto gives; run `cargo xtask codegen`");
    }
    std::fs::create_dir_all(&target)?;
    for name in committed.keys() {
        std::fs::remove_file(target.join(name))?;
    }
    for (name, bytes) in fresh {
        std::fs::write(target.join(name), bytes)?;
    }
    Ok(())
}

/// Rust and the descriptors of these files and of those that they import.
fn generate(dir: &Path, files: Vec<PathBuf>, out: &Path, descriptors: &str, services: bool) -> Result<()> {
    let set = protox::compile(files, [dir]).context("compile .proto files")?;
    std::fs::write(out.join(descriptors), set.encode_to_vec())?;
    let mut config = tonic_prost_build::Config::new();
    config.bytes(["."]).out_dir(out);
    tonic_prost_build::configure()
        .build_transport(false)
        .build_client(services)
        .build_server(services)
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"server\")]")
        .out_dir(out)
        .compile_fds_with_config(set, config)
        .context("generate Rust")
}

fn proto_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "proto") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn read_all(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if !dir.exists() {
        return Ok(files);
    }
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Packages that only hold imported well-known types come out empty.
        if !name.starts_with("google.protobuf") {
            files.insert(name, std::fs::read(entry.path())?);
        }
    }
    Ok(files)
}
