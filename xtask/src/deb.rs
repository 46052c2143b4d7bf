//! A .deb of each program, by cargo-deb: what the programs say of themselves (man pages, completions) is written down
//! first, then packed with units and settings as each `[package.metadata.deb]` lists them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::programs::{PROGRAMS, Program, release};

/// Files of completions by the shells that Debian has.
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// Packs all programs, or those that are named. With `--built`, the programs are taken from `target/release` as they are.
pub(crate) fn run(root: &Path, args: &[&str]) -> Result<()> {
    let (flags, names): (Vec<&str>, Vec<&str>) = args.iter().partition(|arg| arg.starts_with('-'));
    let is_known = |flag: &str| ["--built", "--fast"].contains(&flag) || flag.starts_with("--deb-version=");
    if let Some(flag) = flags.iter().find(|flag| !is_known(flag)) {
        bail!("expected --built, --fast or --deb-version=VERSION, found `{flag}`");
    }
    let chosen = chosen(&names)?;
    if !flags.contains(&"--built") {
        release(root, &chosen)?;
    }
    let packages = root.join("target/packages");
    // cargo-deb has the same flags.
    let passed: Vec<&str> = flags.into_iter().filter(|flag| *flag != "--built").collect();
    for program in chosen {
        describe(root, &packages, program)?;
        pack(root, &packages, program, &passed)?;
    }
    Ok(())
}

fn chosen(names: &[&str]) -> Result<Vec<&'static Program>> {
    if names.is_empty() {
        return Ok(PROGRAMS.iter().collect());
    }
    let find = |name: &&str| {
        let known = PROGRAMS.iter().find(|program| program.name == *name);
        known.with_context(|| format!("expected a program of this workspace, found `{name}`"))
    };
    names.iter().map(find).collect()
}

/// Writes man pages and completions to where the metadata looks for them.
fn describe(root: &Path, packages: &Path, program: &Program) -> Result<()> {
    let folder = packages.join(program.name);
    let _old = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let binary = root.join("target/release").join(program.name);
    output(&binary, &["man", "--into", &folder.join("man").display().to_string()])?;
    for shell in SHELLS {
        let script = output(&binary, &["completions", shell])?;
        let file = folder.join(format!("completions.{shell}"));
        std::fs::write(&file, script).with_context(|| format!("write {}", file.display()))?;
    }
    Ok(())
}

fn output(binary: &Path, args: &[&str]) -> Result<Vec<u8>> {
    // Without the settings of whoever packs: a page shows the values of variables otherwise.
    let output = Command::new(binary).args(args).env_clear().output();
    let output = output.with_context(|| format!("start {}: without --built it is made", binary.display()))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{} {}` failed: {words}", binary.display(), args.join(" "));
    Ok(output.stdout)
}

fn pack(root: &Path, packages: &Path, program: &Program, flags: &[&str]) -> Result<()> {
    let mut command = Command::new(cargo_deb());
    // cargo-deb is a cargo subcommand: its first word is its own name.
    command
        .args(["deb", "--no-build", "--no-strip", "--quiet", "-p", program.package, "--output"])
        .arg(packages);
    command.args(flags);
    let status = command
        .current_dir(root)
        .status()
        .context("start cargo-deb; `cargo install cargo-deb` installs it")?;
    ensure!(status.success(), "cargo-deb could not pack {}", program.name);
    Ok(())
}

/// `CARGO_DEB`, or what is on the PATH.
fn cargo_deb() -> PathBuf {
    std::env::var_os("CARGO_DEB").map_or_else(|| PathBuf::from("cargo-deb"), PathBuf::from)
}
