use super::{
    Function, FunctionId, Line, Location, LocationId, Mapping, MappingId, StackId, StringId, Symbols,
};

/// Carries entries of one set of tables into another, each at most once.
///
/// Only what is asked for is carried, with what it refers to; so a few stacks of a large store make
/// a small profile. The target must be the same at every call.
#[derive(Debug)]
pub struct Transfer<'a> {
    from: &'a Symbols,
    strings: Memo<StringId>,
    functions: Memo<FunctionId>,
    mappings: Memo<MappingId>,
    locations: Memo<LocationId>,
    stacks: Memo<StackId>,
    lines_buffer: Vec<Line>,
    stack_buffer: Vec<LocationId>,
}

impl<'a> Transfer<'a> {
    /// A transfer out of these tables that has carried nothing yet.
    pub fn new(from: &'a Symbols) -> Self {
        Self {
            from,
            strings: Memo::default(),
            functions: Memo::default(),
            mappings: Memo::default(),
            locations: Memo::default(),
            stacks: Memo::default(),
            lines_buffer: Vec::new(),
            stack_buffer: Vec::new(),
        }
    }

    /// Carries a string.
    pub fn string(&mut self, to: &mut Symbols, id: StringId) -> StringId {
        let from = self.from;
        self.strings.get_or_set(id.index(), || to.intern_string(from.string(id)))
    }

    /// Carries a function and its strings.
    pub fn function(&mut self, to: &mut Symbols, id: FunctionId) -> FunctionId {
        if let Some(known) = self.functions.get(id.index()) {
            return known;
        }
        let Function { name, system_name, filename, start_line } = *self.from.function(id);
        let carried = Function {
            name: self.string(to, name),
            system_name: self.string(to, system_name),
            filename: self.string(to, filename),
            start_line,
        };
        self.functions.get_or_set(id.index(), || to.intern_function(carried))
    }

    /// Carries a mapping and its strings.
    pub fn mapping(&mut self, to: &mut Symbols, id: MappingId) -> MappingId {
        if let Some(known) = self.mappings.get(id.index()) {
            return known;
        }
        let mapping = *self.from.mapping(id);
        let carried = Mapping {
            file: self.string(to, mapping.file),
            build_id: self.string(to, mapping.build_id),
            ..mapping
        };
        self.mappings.get_or_set(id.index(), || to.intern_mapping(carried))
    }

    /// Carries a location with its mapping and functions.
    pub fn location(&mut self, to: &mut Symbols, id: LocationId) -> LocationId {
        if let Some(known) = self.locations.get(id.index()) {
            return known;
        }
        let location = self.from.location(id);
        let mut lines = std::mem::take(&mut self.lines_buffer);
        lines.clear();
        for line in location.lines {
            let function = line.function.map(|function| self.function(to, function));
            lines.push(Line { function, ..*line });
        }
        let mapping = location.mapping.map(|mapping| self.mapping(to, mapping));
        let carried = to.intern_location(Location { mapping, lines: &lines, ..location });
        self.lines_buffer = lines;
        self.locations.get_or_set(id.index(), || carried)
    }

    /// Carries a stack with all that it refers to.
    pub fn stack(&mut self, to: &mut Symbols, id: StackId) -> StackId {
        if let Some(known) = self.stacks.get(id.index()) {
            return known;
        }
        let mut stack = std::mem::take(&mut self.stack_buffer);
        stack.clear();
        stack.extend(self.from.stack(id).iter().map(|location| self.location(to, *location)));
        let carried = to.intern_stack(&stack);
        self.stack_buffer = stack;
        self.stacks.get_or_set(id.index(), || carried)
    }
}

/// New ids by old positions, as far as they are known.
#[derive(Debug)]
struct Memo<T>(Vec<Option<T>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy> Memo<T> {
    fn get(&self, at: usize) -> Option<T> {
        self.0.get(at).copied().flatten()
    }

    fn get_or_set(&mut self, at: usize, make: impl FnOnce() -> T) -> T {
        if at >= self.0.len() {
            self.0.resize(at + 1, None);
        }
        *self.0[at].get_or_insert_with(make)
    }
}
