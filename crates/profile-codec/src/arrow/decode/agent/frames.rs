use profile_model::{Function, Line, Location, LocationId, Mapping, MappingFlags, StringId, Symbols};

use super::AgentError;
use crate::arrow::decode::{budget::Budget, nested::Column};

/// What a location takes in symbols beside its lines and texts, about.
const LOCATION_BYTES: usize = 128;
/// What a line takes with its function, about.
const LINE_BYTES: usize = 96;

/// A place in the code as an agent describes it, on its way into symbols.
pub(super) struct Frames<'s, 'b> {
    pub(super) to: &'s mut Symbols,
    pub(super) budget: &'b mut Budget,
}

impl Frames<'_, '_> {
    /// A frame of which nothing is known.
    pub(super) fn unknown(&mut self) -> LocationId {
        self.to.intern_location(Location { mapping: None, address: 0, is_folded: false, lines: &[] })
    }

    /// A frame of schema v2: no ends of mappings, and functions in a dictionary of their own.
    pub(super) fn inline(&mut self, of: &Column<'_>, at: usize) -> Result<LocationId, AgentError> {
        let (file, build_id) = (self.text(of, "mapping_file", at)?, self.text(of, "mapping_build_id", at)?);
        let mapping = self.mapping(Mapping { file, build_id, ..NO_MAPPING });
        let lines = self.lines(of, at, Self::inline_line)?;
        self.location(of, at, mapping, &lines)
    }

    /// A frame of schema v1.
    pub(super) fn plain(&mut self, of: &Column<'_>, at: usize) -> Result<LocationId, AgentError> {
        let mapping = Mapping {
            file: self.text(of, "mapping_file", at)?,
            build_id: self.text(of, "mapping_build_id", at)?,
            start: number(of, "mapping_start", at)?.cast_unsigned(),
            limit: number(of, "mapping_limit", at)?.cast_unsigned(),
            offset: number(of, "mapping_offset", at)?.cast_unsigned(),
            ..NO_MAPPING
        };
        let mapping = self.mapping(mapping);
        let lines = self.lines(of, at, Self::plain_line)?;
        self.location(of, at, mapping, &lines)
    }

    fn location(
        &mut self,
        of: &Column<'_>,
        at: usize,
        mapping: Option<Mapping>,
        lines: &[Line],
    ) -> Result<LocationId, AgentError> {
        self.budget.spend(LOCATION_BYTES)?;
        let address = number(of, "address", at)?.cast_unsigned();
        let mapping = mapping.map(|mapping| self.to.intern_mapping(mapping));
        Ok(self.to.intern_location(Location { mapping, address, is_folded: false, lines }))
    }

    /// Nothing where no file is known.
    fn mapping(&self, mapping: Mapping) -> Option<Mapping> {
        let is_known = !mapping.file.is_empty() || !mapping.build_id.is_empty() || mapping.limit != 0;
        is_known.then_some(mapping)
    }

    /// The lines of a frame, innermost first; none where the server is to find them.
    fn lines(
        &mut self,
        of: &Column<'_>,
        at: usize,
        line: fn(&mut Self, &Column<'_>, usize) -> Result<Line, AgentError>,
    ) -> Result<Vec<Line>, AgentError> {
        let Some(lines) = of.field("lines") else { return Err(AgentError::Missing("lines")) };
        let Some((span, items)) = lines.list(at)? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for item in span {
            if let Some((leaf, at)) = items.place(item)? {
                self.budget.spend(LINE_BYTES)?;
                found.push(line(self, leaf, at)?);
            }
        }
        Ok(found)
    }

    fn inline_line(&mut self, of: &Column<'_>, at: usize) -> Result<Line, AgentError> {
        let (line, column) = (number(of, "line", at)?, number(of, "column", at)?);
        let function = of.field("function").ok_or(AgentError::Missing("function"))?;
        let function = match function.place(at)? {
            Some((function, at)) => Function {
                name: StringId::EMPTY,
                system_name: self.text(function, "system_name", at)?,
                filename: self.text(function, "filename", at)?,
                start_line: number(function, "start_line", at)?,
            },
            None => NO_FUNCTION,
        };
        Ok(Line { function: Some(self.to.intern_function(function)), line, column })
    }

    fn plain_line(&mut self, of: &Column<'_>, at: usize) -> Result<Line, AgentError> {
        let function = Function {
            name: self.text(of, "function_name", at)?,
            system_name: self.text(of, "function_system_name", at)?,
            filename: self.text(of, "function_filename", at)?,
            start_line: number(of, "function_start_line", at)?,
        };
        // Older agents have no columns.
        let column = of.field("column").map_or(Ok(None), |column| column.number(at))?.unwrap_or(0);
        let line = number(of, "line", at)?;
        Ok(Line { function: Some(self.to.intern_function(function)), line, column })
    }

    fn text(&mut self, of: &Column<'_>, name: &'static str, at: usize) -> Result<StringId, AgentError> {
        let column = of.field(name).ok_or(AgentError::Missing(name))?;
        let text = column.text(at, self.budget)?.unwrap_or_default();
        Ok(self.to.intern_string(&text))
    }
}

const NO_FUNCTION: Function = Function {
    name: StringId::EMPTY,
    system_name: StringId::EMPTY,
    filename: StringId::EMPTY,
    start_line: 0,
};

const NO_MAPPING: Mapping = Mapping {
    start: 0,
    limit: 0,
    offset: 0,
    file: StringId::EMPTY,
    build_id: StringId::EMPTY,
    flags: MappingFlags {
        has_functions: false,
        has_filenames: false,
        has_line_numbers: false,
        has_inline_frames: false,
    },
};

fn number(of: &Column<'_>, name: &'static str, at: usize) -> Result<i64, AgentError> {
    let column = of.field(name).ok_or(AgentError::Missing(name))?;
    Ok(column.number(at)?.unwrap_or(0))
}
