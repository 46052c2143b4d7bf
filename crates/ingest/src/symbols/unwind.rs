//! Stacks of `perf record --call-graph dwarf`, unwound by what binaries say of their frames.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use framehop::aarch64::{CacheAarch64, UnwindRegsAarch64, UnwinderAarch64};
use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64, UnwinderX86_64};
use framehop::{ExplicitModuleSectionInfo, FrameAddress, Module, Unwinder};
use object::{Object, ObjectSection, ReadCache};
use profile_codec::perf::{MappedCode, Registers, Unwind, UserStack};

use super::elf::{self, Segment};
use super::{SymbolOptions, rooted};

/// Unwinds the stacks of a recording.
pub(crate) struct StackUnwinder<'a> {
    options: &'a SymbolOptions,
    files: HashMap<(String, String), Option<Arc<Frames>>>,
    processes: HashMap<i32, Process>,
    caches: (CacheX86_64, CacheAarch64),
    max_depth: usize,
    /// Stacks that were looked at.
    pub(crate) stacks: u64,
    /// Stacks whose copy ended before their outermost call.
    pub(crate) cut: u64,
}

/// What a file says of its frames.
struct Frames {
    segments: Vec<Segment>,
    eh_frame: Option<Section>,
    eh_frame_hdr: Option<Section>,
    debug_frame: Option<Section>,
    text: Option<Range<u64>>,
    got: Option<Range<u64>>,
}

#[derive(Clone)]
struct Section {
    place: Range<u64>,
    bytes: Arc<[u8]>,
}

/// Unwinders of a process, made anew when it maps something else.
struct Process {
    version: u64,
    machine: Machine,
}

enum Machine {
    X86_64(UnwinderX86_64<Arc<[u8]>>),
    Aarch64(UnwinderAarch64<Arc<[u8]>>),
}

/// Sections of more bytes are no descriptions of frames.
const MAX_SECTION: u64 = 256 << 20;

impl<'a> StackUnwinder<'a> {
    pub(crate) fn new(options: &'a SymbolOptions, max_depth: usize) -> Self {
        Self {
            options,
            files: HashMap::new(),
            processes: HashMap::new(),
            caches: Default::default(),
            max_depth,
            stacks: 0,
            cut: 0,
        }
    }

    fn refresh(&mut self, stack: &UserStack<'_>) {
        let known = self.processes.get(&stack.pid);
        if known.is_some_and(|process| process.version == stack.version()) {
            return;
        }
        let modules = stack.code().filter_map(|code| self.module(&code)).collect();
        let machine = Machine::new(stack.registers, modules);
        self.processes.insert(stack.pid, Process { version: stack.version(), machine });
    }

    fn module(&mut self, code: &MappedCode<'_>) -> Option<Module<Arc<[u8]>>> {
        let key = (code.file.to_owned(), code.build_id.to_owned());
        let options = self.options;
        let frames = self
            .files
            .entry(key)
            .or_insert_with_key(|(file, build_id)| Frames::read(file, build_id, options).ok().map(Arc::new));
        let frames = frames.as_deref()?;
        let base = elf::base(&frames.segments, code.start..code.end, code.offset)?;
        Some(Module::new(code.file.to_owned(), code.start..code.end, base, frames.sections()))
    }
}

impl Unwind for StackUnwinder<'_> {
    fn unwind(&mut self, stack: &UserStack<'_>) -> Vec<u64> {
        self.refresh(stack);
        let Some(process) = self.processes.get(&stack.pid) else { return Vec::new() };
        let mut read = |address| stack.word(address).ok_or(());
        let (x86_64, aarch64) = &mut self.caches;
        let (found, is_whole) = match (&process.machine, stack.registers) {
            (Machine::X86_64(unwinder), Registers::X86_64 { ip, sp, bp }) => {
                walk(unwinder, ip, UnwindRegsX86_64::new(ip, sp, bp), x86_64, &mut read, self.max_depth)
            }
            (Machine::Aarch64(unwinder), Registers::Aarch64 { pc, lr, sp, fp }) => {
                let registers = UnwindRegsAarch64::new_with_ptr_auth_mask(
                    framehop::aarch64::PtrAuthMask::from_max_known_address(unwinder.max_known_code_address()),
                    lr,
                    sp,
                    fp,
                );
                walk(unwinder, pc, registers, aarch64, &mut read, self.max_depth)
            }
            _ => return Vec::new(),
        };
        self.stacks += 1;
        self.cut += u64::from(!is_whole);
        found
    }
}

impl Machine {
    fn new(registers: Registers, modules: Vec<Module<Arc<[u8]>>>) -> Self {
        match registers {
            Registers::Aarch64 { .. } => {
                let mut unwinder = UnwinderAarch64::new();
                modules.into_iter().for_each(|module| unwinder.add_module(module));
                Self::Aarch64(unwinder)
            }
            _ => {
                let mut unwinder = UnwinderX86_64::new();
                modules.into_iter().for_each(|module| unwinder.add_module(module));
                Self::X86_64(unwinder)
            }
        }
    }
}

/// The addresses, and whether the outermost is among them.
fn walk<U: Unwinder>(
    unwinder: &U,
    pc: u64,
    registers: U::UnwindRegs,
    cache: &mut U::Cache,
    read: &mut impl FnMut(u64) -> Result<u64, ()>,
    most: usize,
) -> (Vec<u64>, bool) {
    let mut frames = unwinder.iter_frames(pc, registers, cache, read);
    let mut found = Vec::new();
    while found.len() < most {
        match frames.next() {
            Ok(Some(FrameAddress::InstructionPointer(address))) => found.push(address),
            Ok(Some(FrameAddress::ReturnAddress(address))) => found.push(address.get()),
            Ok(None) => return (found, true),
            Err(_) => break,
        }
    }
    (found, false)
}

impl Frames {
    fn read(file: &str, build_id: &str, options: &SymbolOptions) -> Result<Self, String> {
        let path = rooted(options, file.trim_end_matches(" (deleted)"));
        let files = elf::of_build(&path, build_id, &options.folders)?;
        let code = files.iter().find(|file| file.has_code).ok_or("it has no code")?;
        let mut frames = Self::of(&code.path, code.segments.clone())?;
        // Programs that are built without tables for exceptions may still have them beside their debug information.
        if frames.eh_frame.is_none() && frames.debug_frame.is_none() {
            let others = files.iter().filter_map(|other| Self::of(&other.path, Vec::new()).ok());
            frames.debug_frame = others.into_iter().find_map(|other| other.debug_frame);
        }
        Ok(frames)
    }

    fn of(path: &Path, segments: Vec<Segment>) -> Result<Self, String> {
        let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
        let cache = ReadCache::new(file);
        let object = object::File::parse(&cache).map_err(|error| error.to_string())?;
        let place = |name: &str| {
            let section = object.section_by_name(name)?;
            Some(section.address()..section.address().checked_add(section.size())?)
        };
        let section = |name: &str| {
            let found = object.section_by_name(name).filter(|section| section.size() <= MAX_SECTION)?;
            let bytes = found.uncompressed_data().ok().filter(|bytes| !bytes.is_empty())?;
            Some(Section { place: place(name)?, bytes: bytes.into() })
        };
        Ok(Self {
            segments,
            eh_frame: section(".eh_frame"),
            eh_frame_hdr: section(".eh_frame_hdr"),
            debug_frame: section(".debug_frame"),
            text: place(".text"),
            got: place(".got"),
        })
    }

    fn sections(&self) -> ExplicitModuleSectionInfo<Arc<[u8]>> {
        let bytes = |section: &Option<Section>| section.as_ref().map(|section| Arc::clone(&section.bytes));
        let place = |section: &Option<Section>| section.as_ref().map(|section| section.place.clone());
        ExplicitModuleSectionInfo {
            text_svma: self.text.clone(),
            got_svma: self.got.clone(),
            eh_frame_svma: place(&self.eh_frame),
            eh_frame: bytes(&self.eh_frame),
            eh_frame_hdr_svma: place(&self.eh_frame_hdr),
            eh_frame_hdr: bytes(&self.eh_frame_hdr),
            debug_frame: bytes(&self.debug_frame),
            ..Default::default()
        }
    }
}
