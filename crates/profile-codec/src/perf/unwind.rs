use super::maps::{Map, ProcessMaps};
use profile_model::Symbols;

/// Stacks of programs, unwound from the copies of them that `perf record --call-graph dwarf` keeps.
pub trait Unwind {
    /// The addresses of a stack, leaf first: where the thread was, then where each call returns to. As many as can be
    /// found; none if the stack cannot be unwound at all.
    fn unwind(&mut self, stack: &UserStack<'_>) -> Vec<u64>;
}

/// Unwinds nothing: of programs, only the leaf is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeafOnly;

impl Unwind for LeafOnly {
    fn unwind(&mut self, _: &UserStack<'_>) -> Vec<u64> {
        Vec::new()
    }
}

/// Registers and stack of a thread at a sample, and what its process has mapped.
#[non_exhaustive]
pub struct UserStack<'a> {
    /// The process.
    pub pid: i32,
    /// The registers that unwinding begins with.
    pub registers: Registers,
    /// The stack, from the stack pointer upwards, as much of it as was recorded.
    pub bytes: &'a [u8],
    pub(super) maps: Option<&'a ProcessMaps>,
    pub(super) symbols: &'a Symbols,
}

/// The registers of a machine that unwinding begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Registers {
    /// Of x86-64.
    X86_64 {
        /// Where the thread was.
        ip: u64,
        /// Where its stack begins.
        sp: u64,
        /// The frame pointer, if the program has one.
        bp: u64,
    },
    /// Of 64-bit ARM.
    Aarch64 {
        /// Where the thread was.
        pc: u64,
        /// Where the function returns to, if that is not on the stack.
        lr: u64,
        /// Where its stack begins.
        sp: u64,
        /// The frame pointer.
        fp: u64,
    },
}

/// A part of a file that a process can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MappedCode<'a> {
    /// The range's first address.
    pub start: u64,
    /// The first address behind it.
    pub end: u64,
    /// Where it begins in the file.
    pub offset: u64,
    /// The file.
    pub file: &'a str,
    /// The file's build id in hex; empty if it was not recorded.
    pub build_id: &'a str,
}

impl UserStack<'_> {
    /// A number that changes when the process maps something else; each is used once in a recording.
    pub fn version(&self) -> u64 {
        self.maps.map_or(0, |maps| maps.version)
    }

    /// What the process can run, by address.
    pub fn code(&self) -> impl Iterator<Item = MappedCode<'_>> {
        let text = |id| self.symbols.string(id);
        let code = move |map: &Map| {
            let Map { start, end, offset, file, build_id } = *map;
            MappedCode { start, end, offset, file: text(file), build_id: text(build_id) }
        };
        self.maps.into_iter().flat_map(|maps| maps.by_start.values()).map(code)
    }

    /// The word of the stack at an address, if it was recorded.
    pub fn word(&self, address: u64) -> Option<u64> {
        let (Registers::X86_64 { sp, .. } | Registers::Aarch64 { sp, .. }) = self.registers;
        let at = usize::try_from(address.checked_sub(sp)?).ok()?;
        self.bytes.get(at..)?.first_chunk::<8>().map(|word| u64::from_le_bytes(*word))
    }
}

/// The machine that a recording is of, by the name that `uname -m` has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    X86_64,
    Aarch64,
}

impl Machine {
    pub(super) fn named(name: Option<&str>) -> Option<Self> {
        match name {
            Some("x86_64") => Some(Self::X86_64),
            Some("aarch64" | "arm64") => Some(Self::Aarch64),
            _ => None,
        }
    }

    /// Numbers as in the kernel's `asm/perf_regs.h` of the machine.
    pub(super) fn registers(self, get: impl Fn(u64) -> Option<u64>) -> Option<Registers> {
        Some(match self {
            Self::X86_64 => Registers::X86_64 { ip: get(8)?, sp: get(7)?, bp: get(6).unwrap_or_default() },
            Self::Aarch64 => Registers::Aarch64 {
                pc: get(32)?,
                lr: get(30).unwrap_or_default(),
                sp: get(31)?,
                fp: get(29).unwrap_or_default(),
            },
        })
    }
}
