use std::ops::Range;

use hashbrown::HashMap;

use super::{FlameFrame, FlameOptions};
use crate::{Frame, Function, LocationId, StringId, Symbols};

/// The calls that the locations of stacks stand for, as numbers: what tells them apart is worked out once for each, not
/// for each stack.
pub(super) struct Calls<'a> {
    symbols: &'a Symbols,
    options: FlameOptions,
    /// By location; empty where the location was not seen yet.
    by_location: Vec<Range<u32>>,
    calls: Vec<Call>,
    places: HashMap<Place, PlaceId, foldhash::fast::RandomState>,
}

/// A call by its number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct CallId(u32);

/// A [`Place`] by its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PlaceId(u32);

#[derive(Clone, Copy)]
struct Call {
    location: LocationId,
    /// The position among the location's frames, innermost first.
    line: u32,
    place: PlaceId,
}

/// What makes two calls below one node the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    what: What,
    mapping_file: Option<StringId>,
    address: u64,
    function_file: Option<StringId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Name(StringId),
    Address(u64),
}

impl<'a> Calls<'a> {
    pub(super) fn new(symbols: &'a Symbols, options: FlameOptions) -> Self {
        let (by_location, calls, places) = (Vec::new(), Vec::new(), HashMap::default());
        Self { symbols, options, by_location, calls, places }
    }

    /// The numbers of a location's calls, innermost first.
    pub(super) fn at(&mut self, location: LocationId) -> impl DoubleEndedIterator<Item = CallId> + use<> {
        let at = location.index();
        if at >= self.by_location.len() {
            self.by_location.resize(at + 1, 0..0);
        }
        if self.by_location[at].is_empty() {
            self.by_location[at] = self.number(location);
        }
        self.by_location[at].clone().map(CallId)
    }

    pub(super) fn place(&self, call: CallId) -> PlaceId {
        self.call(call).place
    }

    /// What is known of a call.
    pub(super) fn frame(&self, call: CallId) -> FlameFrame {
        let Call { location, line, .. } = *self.call(call);
        let frame = self.symbols.frames_at(location).nth(line as usize);
        FlameFrame::of(self.symbols, &frame.expect("each number was given to a frame of the location"))
    }

    fn call(&self, call: CallId) -> &Call {
        &self.calls[call.0 as usize]
    }

    fn number(&mut self, location: LocationId) -> Range<u32> {
        let (symbols, start) = (self.symbols, number(self.calls.len()));
        for (line, frame) in (0..).zip(symbols.frames_at(location)) {
            let next = PlaceId(number(self.places.len()));
            let place = *self.places.entry(Place::of(symbols, self.options, &frame)).or_insert(next);
            self.calls.push(Call { location, line, place });
        }
        start..number(self.calls.len())
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("symbols have fewer than 2^32 lines")
}

impl Place {
    fn of(symbols: &Symbols, options: FlameOptions, frame: &Frame<'_>) -> Self {
        let address = symbols.location(frame.location).address;
        let function = symbols.frame_function(frame);
        // Functions without a name are told apart by where they are.
        let what = function.and_then(Function::shown_name).map_or(What::Address(address), What::Name);
        let FlameOptions { by_mapping_file, by_address, by_function_file, .. } = options;
        let mapping = by_mapping_file.then(|| symbols.frame_mapping(frame)).flatten();
        let function = function.filter(|_| by_function_file);
        Self {
            what,
            mapping_file: mapping.map(|mapping| mapping.file),
            address: if by_address { address } else { 0 },
            function_file: function.map(|function| function.filename),
        }
    }
}
