//! Names of addresses, from the binaries that a recording names.
//!
//! A binary is believed only if its build id is the recorded one: names of a replaced binary are wrong, not
//! missing. What cannot be named keeps its address and its binary, so that a server can still name it.

mod binary;
mod demangle;
mod elf;
mod kernel;
mod perf_map;
mod table;
mod unwind;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use profile_model::{Location, Mapping, Profile, Symbols};

use crate::mend::{NamedLine, renamed};
use binary::Binary;
use kernel::{Kernel, Recorded};
use perf_map::PerfMap;
pub(crate) use unwind::StackUnwinder;

/// Where names are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SymbolOptions {
    /// Put before the paths of binaries.
    pub root: Option<PathBuf>,
    /// Folders of files by build id: debug information such as `/usr/lib/debug`, and perf's copies of binaries in
    /// `~/.debug`.
    pub folders: Vec<PathBuf>,
}

/// What gave no names, and why.
pub type Unnamed = BTreeMap<String, String>;

enum Source {
    Binary(Box<Binary>),
    Kernel(Kernel),
    PerfMap(PerfMap),
    Nothing,
}

struct Namer<'a> {
    options: &'a SymbolOptions,
    symbols: &'a Symbols,
    os_release: Option<&'a str>,
    /// Where the kernel's text began; 0 if that is not known.
    kernel_text: u64,
    sources: HashMap<(String, String), Source>,
    unnamed: Unnamed,
}

/// The profile with the names that can be found, and the binaries that gave none.
pub fn symbolise(profile: &Profile, options: &SymbolOptions) -> (Profile, Unnamed) {
    let os_release = profile.comments.iter().find_map(|comment| comment.strip_prefix("os-release:"));
    let symbols = &profile.symbols;
    let kernel =
        symbols.mappings().iter().find(|mapping| symbols.string(mapping.file).starts_with("[kernel"));
    let mut namer = Namer {
        options,
        symbols,
        os_release,
        kernel_text: kernel.map_or(0, |kernel| kernel.offset),
        sources: HashMap::new(),
        unnamed: Unnamed::new(),
    };
    let named = renamed(profile, |location| namer.names(location));
    (named, namer.unnamed)
}

impl Namer<'_> {
    fn names(&mut self, location: &Location<'_>) -> Vec<NamedLine> {
        let Some(mapping) = location.mapping.filter(|_| location.lines.is_empty()) else { return Vec::new() };
        let (mapping, address) = (*self.symbols.mapping(mapping), location.address);
        match self.source(&mapping) {
            Source::Binary(binary) => {
                let in_file = address.wrapping_sub(mapping.start).wrapping_add(mapping.offset);
                binary.names(in_file)
            }
            Source::Kernel(kernel) => kernel.names(address),
            Source::PerfMap(map) => map.names(address),
            Source::Nothing => Vec::new(),
        }
    }

    fn source(&mut self, mapping: &Mapping) -> &mut Source {
        let file = self.symbols.string(mapping.file).to_owned();
        let build_id = self.symbols.string(mapping.build_id).to_owned();
        let (options, os_release, unnamed) = (self.options, self.os_release, &mut self.unnamed);
        let kernel_text = self.kernel_text;
        self.sources.entry((file, build_id)).or_insert_with_key(|(file, build_id)| {
            let recorded = match is_module(file) {
                true => Recorded { build_id: "", os_release, text: kernel_text },
                false => Recorded { build_id, os_release, text: mapping.offset },
            };
            open(file, &recorded, options).unwrap_or_else(|reason| {
                unnamed.insert(file.clone(), reason);
                Source::Nothing
            })
        })
    }
}

fn is_module(file: &str) -> bool {
    file.contains("/lib/modules/")
}

fn open(file: &str, recorded: &Recorded<'_>, options: &SymbolOptions) -> Result<Source, String> {
    if file.starts_with("[kernel") || file.starts_with("[guest") {
        return Kernel::open(recorded, &options.folders).map(Source::Kernel);
    }
    // The addresses of modules are in the kernel's table, as long as that boot lasts.
    if is_module(file) {
        return Kernel::of_this_boot(recorded).map(Source::Kernel);
    }
    if file.starts_with("/tmp/perf-") && file.ends_with(".map") {
        return PerfMap::read(&rooted(options, file)).map(Source::PerfMap);
    }
    if !file.starts_with('/') && file != "[vdso]" {
        return Err("it is in no file".to_owned());
    }
    // A file that was replaced while it ran is still told by its build id.
    let path = rooted(options, file.trim_end_matches(" (deleted)"));
    Binary::open(&path, recorded.build_id, &options.folders).map(|binary| Source::Binary(Box::new(binary)))
}

fn rooted(options: &SymbolOptions, file: &str) -> PathBuf {
    match &options.root {
        Some(root) => root.join(file.trim_start_matches('/')),
        None => PathBuf::from(file),
    }
}
