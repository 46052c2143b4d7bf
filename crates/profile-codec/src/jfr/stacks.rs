//! Stacks of a chunk, made of its pools.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use profile_model::{Function, FunctionId, Line, Location, LocationId, StackId, StringId, Symbols};

use super::error::{Fault, Result};
use super::names::merged;
use super::pools::Pools;
use crate::pprof::Limits;

/// The stacks of a chunk by their ids in it, each made when it is first asked for.
#[derive(Debug)]
pub(super) struct Stacks<'p, 't, 'a> {
    pools: &'p Pools<'t, 'a>,
    stacks: HashMap<u64, StackId, RandomState>,
    methods: HashMap<u64, FunctionId, RandomState>,
    locations: HashMap<(FunctionId, i64), LocationId, RandomState>,
    threads: HashMap<u64, StringId, RandomState>,
    frames: Vec<LocationId>,
}

/// How much may still be made, in all chunks together.
#[derive(Debug)]
pub(super) struct Room {
    limits: Limits,
    bytes: usize,
    frames: usize,
    entries: usize,
}

impl Room {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            bytes: limits.max_decoded_bytes,
            frames: limits.max_sample_numbers,
            entries: limits.max_table_entries,
        }
    }

    /// Makes room for the text of names. Names are put together of texts that each stand once in the file, so that
    /// they may be much longer than it.
    pub(super) fn name(&mut self, bytes: usize) -> Result<()> {
        let full = Fault::TooLarge { what: "bytes of names", limit: self.limits.max_decoded_bytes };
        self.bytes = self.bytes.checked_sub(bytes).ok_or(full)?;
        self.entry()
    }

    pub(super) fn entry(&mut self) -> Result<()> {
        let full =
            Fault::TooLarge { what: "functions, lines and labels", limit: self.limits.max_table_entries };
        self.entries = self.entries.checked_sub(1).ok_or(full)?;
        Ok(())
    }

    fn stack(&mut self, frames: usize) -> Result<()> {
        if frames > self.limits.max_stack_depth {
            return Err(Fault::TooLarge { what: "frames in a stack", limit: self.limits.max_stack_depth });
        }
        let full = Fault::TooLarge { what: "frames in all stacks", limit: self.limits.max_sample_numbers };
        self.frames = self.frames.checked_sub(frames).ok_or(full)?;
        Ok(())
    }
}

impl<'p, 't, 'a> Stacks<'p, 't, 'a> {
    pub(super) fn new(pools: &'p Pools<'t, 'a>) -> Self {
        Self {
            pools,
            stacks: HashMap::default(),
            methods: HashMap::default(),
            locations: HashMap::default(),
            threads: HashMap::default(),
            frames: Vec::new(),
        }
    }

    /// The stack of an id; none if it is in no pool.
    pub(super) fn stack(
        &mut self,
        id: u64,
        symbols: &mut Symbols,
        room: &mut Room,
    ) -> Result<Option<StackId>> {
        if let Some(known) = self.stacks.get(&id) {
            return Ok(Some(*known));
        }
        let Some(frames) = self.pools.frames(id) else { return Ok(None) };
        let stack = self.intern(&frames?, symbols, room)?;
        self.stacks.insert(id, stack);
        Ok(Some(stack))
    }

    /// Frames of methods that are in no pool are left out.
    fn intern(&mut self, frames: &[(u64, i64)], symbols: &mut Symbols, room: &mut Room) -> Result<StackId> {
        room.stack(frames.len())?;
        let mut locations = std::mem::take(&mut self.frames);
        locations.clear();
        for (method, line) in frames {
            if let Some(function) = self.function(*method, symbols, room)? {
                locations.push(self.location(function, *line, symbols, room)?);
            }
        }
        let stack = symbols.intern_stack(&locations);
        self.frames = locations;
        Ok(stack)
    }

    fn location(
        &mut self,
        function: FunctionId,
        line: i64,
        symbols: &mut Symbols,
        room: &mut Room,
    ) -> Result<LocationId> {
        if let Some(known) = self.locations.get(&(function, line)) {
            return Ok(*known);
        }
        room.entry()?;
        let lines = [Line { function: Some(function), line, column: 0 }];
        let location =
            symbols.intern_location(Location { mapping: None, address: 0, is_folded: false, lines: &lines });
        self.locations.insert((function, line), location);
        Ok(location)
    }

    fn function(
        &mut self,
        method: u64,
        symbols: &mut Symbols,
        room: &mut Room,
    ) -> Result<Option<FunctionId>> {
        if let Some(known) = self.methods.get(&method) {
            return Ok(Some(*known));
        }
        let Some([class, name]) = self.pools.method(method) else { return Ok(None) };
        room.name(class.max_bytes() + name.max_bytes() + 1)?;
        let name = format!("{}.{}", merged(class.chars()), merged(name.chars()));
        let name = symbols.intern_string(&name);
        let function = Function { name, system_name: name, filename: StringId::EMPTY, start_line: 0 };
        let function = symbols.intern_function(function);
        self.methods.insert(method, function);
        Ok(Some(function))
    }

    /// The name of a thread; empty if it has none.
    pub(super) fn thread(&mut self, id: u64, symbols: &mut Symbols, room: &mut Room) -> Result<StringId> {
        if let Some(known) = self.threads.get(&id) {
            return Ok(*known);
        }
        let name = self.pools.thread(id);
        if name.max_bytes() == 0 {
            return Ok(StringId::EMPTY);
        }
        room.name(name.max_bytes())?;
        let name = symbols.intern_string(&name.chars());
        self.threads.insert(id, name);
        Ok(name)
    }
}
