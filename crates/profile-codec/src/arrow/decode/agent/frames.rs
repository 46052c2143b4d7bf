use std::ops::Range;

use profile_model::{Function, Line, Location, LocationId, Mapping, MappingFlags, StringId, Symbols};

use super::AgentError;
use crate::arrow::decode::{budget::Budget, nested::Column};

/// A place in the code as an agent describes it.
#[derive(Debug, Default)]
pub(super) struct Frame {
    address: u64,
    mapping: Option<FrameMapping>,
    /// Innermost first; none where the server is to find them.
    lines: Vec<FrameLine>,
}

#[derive(Debug, Default)]
struct FrameMapping {
    file: String,
    build_id: String,
    start: u64,
    limit: u64,
    offset: u64,
}

#[derive(Debug, Default)]
struct FrameLine {
    line: i64,
    column: i64,
    name: String,
    system_name: String,
    file: String,
    start_line: i64,
}

impl Frame {
    /// A frame of schema v2: no ends of mappings, and functions in a dictionary of their own.
    pub(super) fn inline(of: &Column<'_>, at: usize, budget: &mut Budget) -> Result<Self, AgentError> {
        let address = number(of, "address", at)?.cast_unsigned();
        let file = text(of, "mapping_file", at, budget)?;
        let build_id = text(of, "mapping_build_id", at, budget)?;
        let mapping = FrameMapping { file, build_id, ..FrameMapping::default() };
        let lines = lines(of, at, |lines, at| inline_line(lines, at, budget))?;
        Ok(Self { address, mapping: mapping.known(), lines })
    }

    /// A frame of schema v1.
    pub(super) fn plain(of: &Column<'_>, at: usize, budget: &mut Budget) -> Result<Self, AgentError> {
        let mapping = FrameMapping {
            file: text(of, "mapping_file", at, budget)?,
            build_id: text(of, "mapping_build_id", at, budget)?,
            start: number(of, "mapping_start", at)?.cast_unsigned(),
            limit: number(of, "mapping_limit", at)?.cast_unsigned(),
            offset: number(of, "mapping_offset", at)?.cast_unsigned(),
        };
        let address = number(of, "address", at)?.cast_unsigned();
        let lines = lines(of, at, |lines, at| plain_line(lines, at, budget))?;
        Ok(Self { address, mapping: mapping.known(), lines })
    }

    /// What it takes in the symbols of a profile, about.
    pub(super) fn bytes(&self) -> usize {
        let mapping = self.mapping.as_ref().map_or(0, |mapping| mapping.file.len() + mapping.build_id.len());
        let line = |line: &FrameLine| 64 + line.name.len() + line.system_name.len() + line.file.len();
        64 + mapping + self.lines.iter().map(line).sum::<usize>()
    }

    pub(super) fn intern(&self, to: &mut Symbols) -> LocationId {
        let mapping = self.mapping.as_ref().map(|mapping| {
            let (file, build_id) = (to.intern_string(&mapping.file), to.intern_string(&mapping.build_id));
            let FrameMapping { start, limit, offset, .. } = *mapping;
            to.intern_mapping(Mapping {
                start,
                limit,
                offset,
                file,
                build_id,
                flags: MappingFlags::default(),
            })
        });
        let lines: Vec<Line> = self.lines.iter().map(|line| line.intern(to)).collect();
        to.intern_location(Location { mapping, address: self.address, is_folded: false, lines: &lines })
    }
}

impl FrameMapping {
    /// Nothing where no file is known.
    fn known(self) -> Option<Self> {
        let is_known = !self.file.is_empty() || !self.build_id.is_empty() || self.limit != 0;
        is_known.then_some(self)
    }
}

impl FrameLine {
    fn intern(&self, to: &mut Symbols) -> Line {
        let [name, system_name, filename]: [StringId; 3] =
            [&self.name, &self.system_name, &self.file].map(|text| to.intern_string(text));
        let function = Function { name, system_name, filename, start_line: self.start_line };
        Line { function: Some(to.intern_function(function)), line: self.line, column: self.column }
    }
}

fn lines(
    of: &Column<'_>,
    at: usize,
    mut line: impl FnMut(&Column<'_>, usize) -> Result<FrameLine, AgentError>,
) -> Result<Vec<FrameLine>, AgentError> {
    let Some(lines) = of.field("lines") else { return Err(AgentError::Missing("lines")) };
    let Some((span, items)): Option<(Range<usize>, _)> = lines.list(at)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for item in span {
        if let Some((leaf, at)) = items.place(item)? {
            found.push(line(leaf, at)?);
        }
    }
    Ok(found)
}

fn inline_line(of: &Column<'_>, at: usize, budget: &mut Budget) -> Result<FrameLine, AgentError> {
    budget.spend(size_of::<FrameLine>())?;
    let mut line = FrameLine {
        line: number(of, "line", at)?,
        column: number(of, "column", at)?,
        ..FrameLine::default()
    };
    let function = of.field("function").ok_or(AgentError::Missing("function"))?;
    if let Some((function, at)) = function.place(at)? {
        line.system_name = text(function, "system_name", at, budget)?;
        line.file = text(function, "filename", at, budget)?;
        line.start_line = number(function, "start_line", at)?;
    }
    Ok(line)
}

fn plain_line(of: &Column<'_>, at: usize, budget: &mut Budget) -> Result<FrameLine, AgentError> {
    budget.spend(size_of::<FrameLine>())?;
    // Older agents have no columns.
    let column = of.field("column").map_or(Ok(None), |column| column.number(at))?.unwrap_or(0);
    Ok(FrameLine {
        line: number(of, "line", at)?,
        column,
        name: text(of, "function_name", at, budget)?,
        system_name: text(of, "function_system_name", at, budget)?,
        file: text(of, "function_filename", at, budget)?,
        start_line: number(of, "function_start_line", at)?,
    })
}

fn number(of: &Column<'_>, name: &'static str, at: usize) -> Result<i64, AgentError> {
    let column = of.field(name).ok_or(AgentError::Missing(name))?;
    Ok(column.number(at)?.unwrap_or(0))
}

fn text(of: &Column<'_>, name: &'static str, at: usize, budget: &mut Budget) -> Result<String, AgentError> {
    let column = of.field(name).ok_or(AgentError::Missing(name))?;
    Ok(column.text(at, budget)?.unwrap_or_default().into_owned())
}
