//! Filters of stacks and of frames, with the real server's meaning: text without regard to case, a binary by the last
//! part of its path.

use parca_proto::query::filter::Filter as FilterKind;
use parca_proto::query::frame_filter::Filter as FrameKind;
use parca_proto::query::number_condition::Condition as NumberIs;
use parca_proto::query::stack_filter::Filter as StackKind;
use parca_proto::query::string_condition::Condition as TextIs;
use parca_proto::query::{Filter, FilterCriteria, NumberCondition, StringCondition};
use profile_model::{Function, Line, Location, LocationId, StackId, StringId, Symbols};

/// All filters of a request. All of one kind must hold.
#[derive(Debug, Default)]
pub(super) struct Filters {
    stacks: Vec<Criteria>,
    frames: Vec<Criteria>,
}

#[derive(Debug, Default)]
struct Criteria {
    function_name: Option<Text>,
    system_name: Option<Text>,
    binary: Option<Text>,
    filename: Option<Text>,
    address: Option<Number>,
    line: Option<Number>,
}

/// A condition on text, in lower case.
#[derive(Debug)]
struct Text {
    test: Test,
    text: String,
    negated: bool,
}

#[derive(Debug, Clone, Copy)]
enum Test {
    Equal,
    Contains,
    StartsWith,
}

#[derive(Debug)]
struct Number {
    number: u64,
    negated: bool,
}

impl Filters {
    pub(super) fn of(filters: &[Filter]) -> Self {
        let mut found = Self::default();
        for filter in filters.iter().filter_map(|filter| filter.filter.as_ref()) {
            match filter {
                FilterKind::StackFilter(stack) => {
                    found.stacks.extend(stack.filter.as_ref().map(stack_criteria));
                }
                FilterKind::FrameFilter(frame) => {
                    frame.filter.iter().for_each(|frame| found.frames.extend(frame_criteria(frame)));
                }
            }
        }
        found
    }

    pub(super) fn is_empty(&self) -> bool {
        self.stacks.is_empty() && self.frames.is_empty()
    }

    /// Whether a stack is kept. One without frames always is.
    pub(super) fn keeps(&self, symbols: &Symbols, stack: StackId) -> bool {
        let locations = symbols.stack(stack);
        locations.is_empty() || self.stacks.iter().all(|criteria| criteria.keeps(symbols, locations))
    }

    /// A stack without the frames that are not kept.
    pub(super) fn without_frames(&self, symbols: &mut Symbols, stack: StackId) -> StackId {
        if self.frames.is_empty() {
            return stack;
        }
        let takes = |id: &LocationId| self.frames.iter().all(|criteria| criteria.takes_frame(symbols, *id));
        let kept: Vec<LocationId> = symbols.stack(stack).iter().copied().filter(takes).collect();
        symbols.intern_stack(&kept)
    }
}

#[expect(deprecated, reason = "old clients still send it")]
fn stack_criteria(kind: &StackKind) -> Criteria {
    match kind {
        StackKind::Criteria(criteria) => Criteria::of(criteria),
        StackKind::FunctionNameStackFilter(filter) => Criteria {
            function_name: Some(Text::new(Test::Contains, &filter.function_to_filter, filter.exclude)),
            ..Criteria::default()
        },
    }
}

/// Each of several binaries is a filter of its own, as there.
#[expect(deprecated, reason = "old clients still send it")]
fn frame_criteria(kind: &FrameKind) -> Vec<Criteria> {
    match kind {
        FrameKind::Criteria(criteria) => vec![Criteria::of(criteria)],
        FrameKind::BinaryFrameFilter(filter) => {
            let one = |binary: &String| Criteria {
                binary: Some(Text::new(Test::Contains, binary, false)),
                ..Criteria::default()
            };
            filter.include_binaries.iter().map(one).collect()
        }
    }
}

impl Criteria {
    fn of(criteria: &FilterCriteria) -> Self {
        Self {
            function_name: criteria.function_name.as_ref().and_then(Text::of),
            system_name: criteria.system_name.as_ref().and_then(Text::of),
            binary: criteria.binary.as_ref().and_then(Text::of),
            filename: criteria.filename.as_ref().and_then(Text::of),
            address: criteria.address.as_ref().and_then(Number::of),
            line: criteria.line_number.as_ref().and_then(Number::of),
        }
    }

    /// A condition that asks for something has to be met by one frame, one that rules something out by all; but for
    /// binaries and addresses by one. A condition on the function's name is the only one that counts.
    fn keeps(&self, symbols: &Symbols, stack: &[LocationId]) -> bool {
        if let Some(name) = &self.function_name {
            return name
                .keeps(lines(symbols, stack).map(|(_, line)| function_text(symbols, line, |f| f.name)));
        }
        let names = || lines(symbols, stack).map(|(_, line)| function_text(symbols, line, |f| f.system_name));
        let files = || lines(symbols, stack).map(|(_, line)| function_text(symbols, line, |f| f.filename));
        let binaries = || stack.iter().map(|id| binary(symbols, &symbols.location(*id)));
        let addresses = || stack.iter().map(|id| symbols.location(*id).address);
        let numbers = || lines(symbols, stack).map(|(_, line)| line.map(|line| line.line.cast_unsigned()));
        self.system_name.as_ref().is_none_or(|text| text.keeps(names()))
            && self.filename.as_ref().is_none_or(|text| text.keeps(files()))
            && self.binary.as_ref().is_none_or(|text| binaries().any(|name| text.takes(Some(name))))
            && self.address.as_ref().is_none_or(|number| addresses().any(|address| number.takes(address)))
            && self.line.as_ref().is_none_or(|number| number.keeps(numbers()))
    }

    /// A frame is an address with all that was inlined there: it passes where one of its lines does, whatever the
    /// condition. All conditions count; those on functions and lines only where there are lines.
    fn takes_frame(&self, symbols: &Symbols, id: LocationId) -> bool {
        let location = symbols.location(id);
        let text = |condition: &Option<Text>, of: fn(&Function) -> StringId| {
            let passes = |text: &Text| {
                location.lines.iter().any(|line| text.takes(function_text(symbols, Some(line), of)))
            };
            condition.as_ref().is_none_or(|text| location.lines.is_empty() || passes(text))
        };
        let line = |number: &Number| {
            location.lines.is_empty()
                || location.lines.iter().any(|line| number.takes(line.line.cast_unsigned()))
        };
        text(&self.function_name, |function| function.name)
            && text(&self.system_name, |function| function.system_name)
            && text(&self.filename, |function| function.filename)
            && self.binary.as_ref().is_none_or(|text| text.takes(Some(binary(symbols, &location))))
            && self.address.as_ref().is_none_or(|number| number.takes(location.address))
            && self.line.as_ref().is_none_or(line)
    }
}

impl Text {
    fn of(condition: &StringCondition) -> Option<Self> {
        let (test, text, negated) = match condition.condition.as_ref()? {
            TextIs::Equal(text) => (Test::Equal, text, false),
            TextIs::NotEqual(text) => (Test::Equal, text, true),
            TextIs::Contains(text) => (Test::Contains, text, false),
            TextIs::NotContains(text) => (Test::Contains, text, true),
            TextIs::StartsWith(text) => (Test::StartsWith, text, false),
            TextIs::NotStartsWith(text) => (Test::StartsWith, text, true),
        };
        Some(Self::new(test, text, negated))
    }

    fn new(test: Test, text: &str, negated: bool) -> Self {
        Self { test, text: text.to_ascii_lowercase(), negated }
    }

    /// Whether a text passes; where there is none, only what rules something out does.
    fn takes(&self, text: Option<&str>) -> bool {
        let Some(text) = text else { return self.negated };
        let text = text.to_ascii_lowercase();
        let is_so = match self.test {
            Test::Equal => text == self.text,
            Test::Contains => text.contains(&self.text),
            Test::StartsWith => text.starts_with(&self.text),
        };
        is_so != self.negated
    }

    fn keeps<'a>(&self, mut texts: impl Iterator<Item = Option<&'a str>>) -> bool {
        if self.negated { texts.all(|text| self.takes(text)) } else { texts.any(|text| self.takes(text)) }
    }
}

impl Number {
    fn of(condition: &NumberCondition) -> Option<Self> {
        match condition.condition.as_ref()? {
            NumberIs::Equal(number) => Some(Self { number: *number, negated: false }),
            NumberIs::NotEqual(number) => Some(Self { number: *number, negated: true }),
        }
    }

    fn takes(&self, number: u64) -> bool {
        (number == self.number) != self.negated
    }

    fn keeps(&self, mut numbers: impl Iterator<Item = Option<u64>>) -> bool {
        let takes = |number: Option<u64>| number.map_or(self.negated, |number| self.takes(number));
        if self.negated { numbers.all(takes) } else { numbers.any(takes) }
    }
}

/// The lines of a stack; a location without one comes once, without.
fn lines<'a>(
    symbols: &'a Symbols,
    stack: &'a [LocationId],
) -> impl Iterator<Item = (LocationId, Option<&'a Line>)> + 'a {
    stack.iter().flat_map(|id| {
        let lines = symbols.location(*id).lines;
        let none = lines.is_empty().then_some(None);
        lines.iter().map(Some).chain(none).map(|line| (*id, line))
    })
}

fn function_text<'a>(
    symbols: &'a Symbols,
    line: Option<&Line>,
    of: impl Fn(&Function) -> StringId,
) -> Option<&'a str> {
    let function = symbols.function(line?.function?);
    Some(symbols.string(of(function)))
}

fn binary<'a>(symbols: &'a Symbols, location: &Location<'_>) -> &'a str {
    let file = location.mapping.map_or("", |id| symbols.string(symbols.mapping(id).file));
    file.rsplit('/').next().unwrap_or(file)
}
