use crate::{Frame, Function, StringId, Symbols};

/// What makes two frames the same function in front of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FrameKey {
    /// The function's name, or what the linker calls it.
    Name(StringId),
    /// An address without a name, in a binary known by build id, else by file.
    Address { binary: StringId, address: u64 },
}

impl FrameKey {
    pub(crate) fn of(symbols: &Symbols, frame: &Frame<'_>) -> Self {
        if let Some(name) = symbols.frame_function(frame).and_then(Function::shown_name) {
            return Self::Name(name);
        }
        let mapping = symbols.frame_mapping(frame);
        let binary = match mapping {
            Some(mapping) if mapping.build_id.is_empty() => mapping.file,
            Some(mapping) => mapping.build_id,
            None => StringId::EMPTY,
        };
        Self::Address { binary, address: symbols.location(frame.location).address }
    }
}
