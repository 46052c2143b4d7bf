//! `perf.data`: a file, or what `perf record -o -` writes into a pipe.

use std::collections::HashMap;
use std::io::Cursor;
use std::panic::AssertUnwindSafe;

use linux_perf_data::linux_perf_event_reader as reader;
use linux_perf_data::{
    DsoInfo, DsoKey, PerfFile, PerfFileReader, PerfFileRecord, PerfRecordIter, UserRecordType,
};
use profile_model::{Location, LocationId};
use reader::{CpuMode, EventRecord, Mmap2FileId, RawData, RecordType, SampleRecord};

use super::events::{Draft, Seen};
use super::maps::{KERNEL, Map, Maps};
use super::unwind::{LeafOnly, Machine, Unwind, UserStack};
use super::{PerfError, Recording, bounds, chain};
use crate::pprof::Limits;

/// Reads a recording: compressed (`-z`) or not, of one or several events, of one or all processes. Stacks of
/// programs that are to be unwound afterwards (`--call-graph dwarf`) have their leaf only.
///
/// # Errors
/// If it is broken, has no samples, or exceeds the limits.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Recording, PerfError> {
    decode_unwinding(bytes, limits, &mut LeafOnly)
}

/// Reads a recording as [`decode`] does, and unwinds stacks of programs that were recorded as copies
/// (`--call-graph dwarf`).
///
/// # Errors
/// If it is broken, has no samples, or exceeds the limits.
pub fn decode_unwinding(
    bytes: &[u8],
    limits: &Limits,
    unwind: &mut dyn Unwind,
) -> Result<Recording, PerfError> {
    let is_file = bounds::is_file(bytes)?;
    // The reading crates multiply and divide by what damaged records say; where overflow is checked, that is a
    // panic of theirs, which must not become one of ours.
    let read = std::panic::catch_unwind(AssertUnwindSafe(|| read(bytes, is_file, limits, unwind)));
    read.unwrap_or_else(|_| Err(PerfError::Broken("a record of it makes no sense".to_owned())))
}

fn read(
    bytes: &[u8],
    is_file: bool,
    limits: &Limits,
    unwind: &mut dyn Unwind,
) -> Result<Recording, PerfError> {
    let broken = |error: linux_perf_data::Error| PerfError::Broken(error.to_string());
    let cursor = Cursor::new(bytes);
    match is_file {
        true => {
            let PerfFileReader { perf_file, record_iter } =
                PerfFileReader::parse_file(cursor).map_err(broken)?;
            Reader::new(&perf_file, limits, unwind)?.read(perf_file, record_iter)
        }
        false => {
            let PerfFileReader { perf_file, record_iter } =
                PerfFileReader::parse_pipe(cursor).map_err(broken)?;
            Reader::new(&perf_file, limits, unwind)?.read(perf_file, record_iter)
        }
    }
}

struct Reader<'a> {
    draft: Draft,
    maps: Maps,
    comms: HashMap<i32, String>,
    build_ids: HashMap<DsoKey, DsoInfo>,
    /// The place in the draft of each event of the file; none for those that measure nothing.
    events: Vec<Option<usize>>,
    machine: Option<Machine>,
    unwind: &'a mut dyn Unwind,
    limits: Limits,
}

impl<'a> Reader<'a> {
    fn new(file: &PerfFile, limits: &Limits, unwind: &'a mut dyn Unwind) -> Result<Self, PerfError> {
        let mut draft = Draft::new(limits);
        let names = file.event_attributes().iter().enumerate();
        let events = names.map(|(at, event)| {
            let name = event.name().map_or_else(|| format!("event_{at}"), str::to_owned);
            (!name.contains("dummy")).then(|| draft.event(&name))
        });
        let events = events.collect();
        let build_ids = file.build_ids().map_err(|error| PerfError::Broken(error.to_string()))?;
        let about = [
            ("perf-version", file.perf_version().ok().flatten().map(str::to_owned)),
            ("perf-command", file.cmdline().ok().flatten().map(|words| words.join(" "))),
            ("os-release", file.os_release().ok().flatten().map(str::to_owned)),
        ];
        draft.profile.comments =
            about.into_iter().filter_map(|(key, value)| Some(format!("{key}:{}", value?))).collect();
        // A stream says it behind the events that it describes first.
        let machine = Machine::named(file.arch().ok().flatten());
        let (maps, comms, limits) = (Maps::default(), HashMap::new(), *limits);
        Ok(Self { draft, maps, comms, build_ids, events, machine, unwind, limits })
    }

    fn read<R: std::io::Read>(
        mut self,
        mut file: PerfFile,
        mut records: PerfRecordIter<R>,
    ) -> Result<Recording, PerfError> {
        loop {
            let record =
                records.next_record(&mut file).map_err(|error| PerfError::Broken(error.to_string()))?;
            match record {
                None => break,
                Some(PerfFileRecord::EventRecord { attr_index, record }) => {
                    // One record that cannot be read is no reason to give up the others.
                    if let Ok(parsed) = record.parse() {
                        self.event(attr_index, parsed)?;
                    }
                }
                Some(PerfFileRecord::UserRecord(record)) => {
                    if record.record_type == UserRecordType::PERF_HEADER_BUILD_ID {
                        self.build_id(record.misc, &record.data.as_slice());
                    }
                }
            }
        }
        if let (Some(first), Ok(Some(clock))) = (self.draft.first(), file.clock_data()) {
            let time = clock.wall_clock_ns.wrapping_add(first.wrapping_sub(clock.clockid_time_ns));
            self.draft.profile.time_nanos = i64::try_from(time).unwrap_or_default();
        }
        self.draft.finish()
    }

    fn event(&mut self, attribute: usize, record: EventRecord<'_>) -> Result<(), PerfError> {
        match record {
            EventRecord::Sample(sample) => return self.sample(attribute, &sample),
            EventRecord::Mmap(map) if map.is_executable || map.pid == KERNEL => {
                let build_id = self.known_build_id(&map.path, map.cpu_mode);
                self.map(map.pid, (map.address, map.length, map.page_offset), &map.path, build_id);
            }
            // With its build id (`--buildid-mmap`), the kernel's text is said to have no protection at all.
            EventRecord::Mmap2(map) if map.protection & PROT_EXEC != 0 || map.pid == KERNEL => {
                let build_id = match &map.file_id {
                    Mmap2FileId::BuildId(id) => hex(id),
                    Mmap2FileId::InodeAndVersion(_) => self.known_build_id(&map.path, map.cpu_mode),
                };
                self.map(map.pid, (map.address, map.length, map.page_offset), &map.path, build_id);
            }
            EventRecord::Comm(comm) => {
                if comm.is_execve {
                    self.maps.exec(comm.pid);
                }
                if comm.pid == comm.tid || comm.is_execve {
                    self.comms.insert(comm.pid, text(&comm.name));
                }
            }
            EventRecord::Fork(fork) => {
                self.maps.fork(fork.ppid, fork.pid);
                if let (true, Some(comm)) = (fork.ppid != fork.pid, self.comms.get(&fork.ppid).cloned()) {
                    self.comms.insert(fork.pid, comm);
                }
            }
            EventRecord::Lost(lost) => self.draft.lost = self.draft.lost.saturating_add(lost.count),
            EventRecord::Raw(raw) if raw.record_type == RecordType::LOST_SAMPLES => {
                let lost = raw.data.as_slice().first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word));
                self.draft.lost = self.draft.lost.saturating_add(lost);
            }
            _ => {}
        }
        Ok(())
    }

    /// What a stream says of a build, where a file has a section of them.
    fn build_id(&mut self, misc: u16, data: &[u8]) {
        const PATH: usize = 4 + 24;
        let Some((head, path)) = data.split_at_checked(PATH) else { return };
        let length = if head[24] > 0 && head[24] <= 20 { usize::from(head[24]) } else { 20 };
        let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
        if let Some(key) = DsoKey::detect(path, CpuMode::from_misc(misc)) {
            let build_id = head[4..4 + length].to_vec();
            self.build_ids.insert(key, DsoInfo { path: path.to_vec(), build_id });
        }
    }

    fn known_build_id(&self, path: &RawData<'_>, mode: CpuMode) -> String {
        let key = DsoKey::detect(&path.as_slice(), mode);
        key.and_then(|key| self.build_ids.get(&key)).map(|info| hex(&info.build_id)).unwrap_or_default()
    }

    fn map(
        &mut self,
        pid: i32,
        (start, length, offset): (u64, u64, u64),
        path: &RawData<'_>,
        build_id: String,
    ) {
        let Some(end) = start.checked_add(length).filter(|end| *end > start) else { return };
        let path = text(path);
        // As perf does: what a JIT compiled has its names in this file.
        let is_anonymous = path.starts_with("//anon") || path.starts_with("/memfd:") || path.is_empty();
        let file = match (pid, is_anonymous) {
            (KERNEL, _) => kernel_file(&path),
            (pid, true) => format!("/tmp/perf-{pid}.map"),
            (_, false) => path,
        };
        let symbols = &mut self.draft.profile.symbols;
        let (file, build_id) = (symbols.intern_string(&file), symbols.intern_string(&build_id));
        self.maps.add(pid, Map { start, end, offset, file, build_id });
    }

    fn sample(&mut self, attribute: usize, sample: &SampleRecord<'_>) -> Result<(), PerfError> {
        let Some(event) = self.events.get(attribute).copied().flatten() else { return Ok(()) };
        let pid = sample.pid.unwrap_or_default();
        let unwound = self.unwound(pid, sample);
        let addresses = chain::addresses(sample, &unwound, self.limits.max_stack_depth);
        let stack: Vec<LocationId> = addresses
            .into_iter()
            .map(|one| self.location(if one.is_kernel { KERNEL } else { pid }, one.place()))
            .collect();
        let comm = self.comms.get(&pid).map_or("", String::as_str).to_owned();
        let (time, period) = (sample.timestamp.unwrap_or_default(), sample.period.unwrap_or(1));
        self.draft.push(&stack, &Seen { event, comm: &comm, pid: i64::from(pid), time, period })
    }

    /// The program's part of the stack, from a copy of it.
    fn unwound(&mut self, pid: i32, sample: &SampleRecord<'_>) -> Vec<u64> {
        let Some((copy, size)) = &sample.user_stack else { return Vec::new() };
        if *size == 0 {
            return Vec::new();
        }
        self.draft.has_stack_copies = true;
        let registers = self.machine.zip(sample.user_regs.as_ref());
        let registers = registers.and_then(|(machine, all)| machine.registers(|number| all.get(number)));
        let Some(registers) = registers else { return Vec::new() };
        let copy = copy.as_slice();
        let used = usize::try_from(*size).unwrap_or(usize::MAX).min(copy.len());
        let symbols = &self.draft.profile.symbols;
        let stack = UserStack { pid, registers, bytes: &copy[..used], maps: self.maps.of(pid), symbols };
        self.unwind.unwind(&stack)
    }

    fn location(&mut self, pid: i32, address: u64) -> LocationId {
        let symbols = &mut self.draft.profile.symbols;
        let mapping = self.maps.find(pid, address).map(|map| map.intern(symbols));
        symbols.intern_location(Location { mapping, address, is_folded: false, lines: &[] })
    }
}

const PROT_EXEC: u32 = 4;

/// The kernel's own text has a symbol behind its name, `[kernel.kallsyms]_text`.
fn kernel_file(path: &str) -> String {
    match path.split_once(']') {
        Some((name, _)) if name.starts_with("[kernel.kallsyms") => format!("{name}]"),
        _ => path.to_owned(),
    }
}

fn text(data: &RawData<'_>) -> String {
    String::from_utf8_lossy(&data.as_slice()).trim_end_matches('\0').to_owned()
}

fn hex(bytes: &[u8]) -> String {
    // Older kernels write the length of the field, not of the id.
    let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let length = if length > 16 {
        20.min(bytes.len()).max(length)
    } else {
        length.next_multiple_of(4).min(bytes.len())
    };
    bytes[..length].iter().map(|byte| format!("{byte:02x}")).collect()
}
