mod entry;
mod frame;
mod id;
mod index;
mod lists;
mod locations;
mod name;
mod plain;
mod strings;
mod transfer;

pub use entry::{Function, Line, Location, Mapping, MappingFlags};
pub use frame::Frame;
pub use id::{FunctionId, LocationId, MappingId, StackId, StringId};
pub use name::FrameName;
pub use transfer::Transfer;

pub(crate) use lists::Lists;
pub(crate) use strings::Strings;

use locations::Locations;
use plain::Plain;

/// What stacks are made of: strings, functions, mappings, locations and the stacks themselves.
///
/// Each table only grows, and equal entries share one id, so ids can be kept for as long as the
/// tables live, and compared instead of what they stand for. [`Transfer`] carries entries from one
/// set of tables to another.
///
/// Every table has room for 2³² − 1 entries; whoever fills one from outside bounds its size long
/// before (see [`heap_bytes`](Self::heap_bytes)). Looking up an id of other tables gives the wrong
/// entry or panics.
#[derive(Clone, Debug)]
pub struct Symbols {
    strings: Strings,
    functions: Plain<Function>,
    mappings: Plain<Mapping>,
    locations: Locations,
    /// Leaf first.
    stacks: Lists<LocationId>,
}

/// How many entries tables are to have room for; what they grow to beyond it, they grow to step by step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Distinct strings.
    pub strings: usize,
    /// Bytes of all strings together.
    pub text_bytes: usize,
    /// Distinct functions.
    pub functions: usize,
    /// Distinct locations.
    pub locations: usize,
    /// Lines of all locations together.
    pub lines: usize,
    /// Distinct stacks.
    pub stacks: usize,
    /// Locations of all stacks together.
    pub frames: usize,
}

impl Default for Symbols {
    fn default() -> Self {
        let mut stacks = Lists::default();
        stacks.intern(&[]);
        Self {
            strings: Strings::new(),
            functions: Plain::default(),
            mappings: Plain::default(),
            locations: Locations::default(),
            stacks,
        }
    }
}

impl Symbols {
    /// Tables with nothing but the empty string and the empty stack.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for so many more entries, for who knows how many will come.
    pub fn reserve(&mut self, room: &Room) {
        self.strings.reserve(room.strings, room.text_bytes);
        self.functions.reserve(room.functions);
        self.locations.reserve(room.locations, room.lines);
        self.stacks.reserve(room.stacks, room.frames);
    }

    /// The id of a string, which is stored if it is new.
    pub fn intern_string(&mut self, string: &str) -> StringId {
        self.strings.intern(string)
    }

    /// The id of a function, which is stored if it is new.
    pub fn intern_function(&mut self, function: Function) -> FunctionId {
        FunctionId::at(self.functions.intern(function))
    }

    /// The id of a mapping, which is stored if it is new.
    pub fn intern_mapping(&mut self, mapping: Mapping) -> MappingId {
        MappingId::at(self.mappings.intern(mapping))
    }

    /// The id of a location, which is stored with its lines if it is new.
    pub fn intern_location(&mut self, location: Location<'_>) -> LocationId {
        self.locations.intern(location)
    }

    /// The id of a stack, leaf first, which is stored if it is new.
    pub fn intern_stack(&mut self, leaf_first: &[LocationId]) -> StackId {
        StackId::at(self.stacks.intern(leaf_first))
    }

    /// The id of a string, if it is stored.
    pub fn find_string(&self, string: &str) -> Option<StringId> {
        self.strings.find(string)
    }

    /// A string by its id.
    pub fn string(&self, id: StringId) -> &str {
        self.strings.get(id)
    }

    /// A function by its id.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions.entries()[id.index()]
    }

    /// A mapping by its id.
    pub fn mapping(&self, id: MappingId) -> &Mapping {
        &self.mappings.entries()[id.index()]
    }

    /// A location by its id.
    pub fn location(&self, id: LocationId) -> Location<'_> {
        self.locations.get(id)
    }

    /// The locations of a stack, leaf first.
    pub fn stack(&self, id: StackId) -> &[LocationId] {
        self.stacks.get(id.index())
    }

    /// All functions, in order of their ids.
    pub fn functions(&self) -> &[Function] {
        self.functions.entries()
    }

    /// All mappings, in order of their ids.
    pub fn mappings(&self) -> &[Mapping] {
        self.mappings.entries()
    }

    /// All strings, in order of their ids; the first is empty.
    pub fn strings(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.strings.len()).map(|at| self.strings.get(StringId::at(at)))
    }

    /// All locations, in order of their ids.
    pub fn locations(&self) -> impl ExactSizeIterator<Item = Location<'_>> {
        (0..self.locations.len()).map(|at| self.locations.get(LocationId::at(at)))
    }

    /// All stacks, leaf first, in order of their ids; the first is empty.
    pub fn stacks(&self) -> impl ExactSizeIterator<Item = &[LocationId]> {
        (0..self.stacks.len()).map(|at| self.stacks.get(at))
    }

    /// Estimated size on the heap, in bytes, with what is reserved but not yet used.
    pub fn heap_bytes(&self) -> usize {
        self.strings.heap_bytes()
            + self.functions.heap_bytes()
            + self.mappings.heap_bytes()
            + self.locations.heap_bytes()
            + self.stacks.heap_bytes()
    }
}

#[cfg(test)]
mod tests;
