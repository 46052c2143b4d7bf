use profile_model::{
    CallRow, CallTable, Function, Line, Location, LocationId, Mapping, MappingFlags, MappingId, StringId,
    Symbols,
};

use super::{
    ArrowError, ArrowLimits,
    batch::Batch,
    column::{Integers, Interned, Lists},
    reader::Reader,
};

/// A table with the functions it refers to.
#[derive(Clone, Debug)]
pub struct DecodedTable {
    /// The rows, in the order of the record. The total is the sum of their flat values: the one
    /// beside the record in Parca's answer also has stacks without frames, and is not trimmed.
    pub table: CallTable,
    /// The functions and locations that its rows have the ids of.
    pub symbols: Symbols,
}

/// Reads Parca's `TABLE_ARROW` report, the `record` of its message.
///
/// A column that is missing counts as one of nulls, but for `cumulative` and `flat`; a number that
/// is null counts as 0. Callers and callees are sorted: Parca's have no order.
///
/// # Errors
/// If the bytes are not an Arrow stream, contradict themselves, or exceed the limits.
pub fn decode_table(bytes: &[u8], limits: &ArrowLimits) -> Result<DecodedTable, ArrowError> {
    let mut reader = Reader::open(bytes, limits)?;
    let mut builder = Builder { table: CallTable::default(), symbols: Symbols::new(), largest: None };
    while let Some(batch) = reader.next_batch()? {
        builder.add(batch, limits)?;
    }
    let Builder { table, symbols, largest } = builder;
    match largest {
        Some(index) if index >= table.rows.len() => Err(ArrowError::Stream {
            expected: "callers and callees that are rows",
            found: format!("`{index}` of {}", table.rows.len()),
        }),
        _ => Ok(DecodedTable { table, symbols }),
    }
}

struct Builder {
    table: CallTable,
    symbols: Symbols,
    /// The largest index among callers and callees: they may be rows of later batches.
    largest: Option<usize>,
}

impl Builder {
    fn add(&mut self, mut batch: Batch<'_, '_>, limits: &ArrowLimits) -> Result<(), ArrowError> {
        let columns = Columns::read(&mut batch, &mut self.symbols)?;
        // They may be one byte each in the record.
        let neighbours = columns.callers.items().saturating_add(columns.callees.items());
        batch.budget().spend(neighbours.saturating_mul(size_of::<usize>()))?;
        for row in 0..batch.rows() {
            let flat = columns.flat.get(row).unwrap_or(0);
            self.table.total = self.table.total.saturating_add(flat);
            let [callers, callees] = [&columns.callers, &columns.callees]
                .map(|lists| lists.get(row, limits.max_rows).map(|rows| self.neighbours(rows)));
            self.table.rows.push(CallRow {
                location: columns.location(row, &mut self.symbols)?,
                line: 0,
                flat,
                cumulative: columns.cumulative.get(row).unwrap_or(0),
                flat_diff: columns.flat_diff.get(row).unwrap_or(0),
                cumulative_diff: columns.cumulative_diff.get(row),
                callers: callers?,
                callees: callees?,
            });
        }
        Ok(())
    }

    fn neighbours(&mut self, mut rows: Vec<usize>) -> Vec<usize> {
        rows.sort_unstable();
        rows.dedup();
        self.largest = self.largest.max(rows.last().copied());
        rows
    }
}

/// The columns of a batch.
struct Columns<'a> {
    mapping_file: Interned,
    mapping_build_id: Interned,
    address: Integers<'a>,
    line: Integers<'a>,
    start_line: Integers<'a>,
    name: Interned,
    system_name: Interned,
    file: Interned,
    cumulative: Integers<'a>,
    cumulative_diff: Integers<'a>,
    flat: Integers<'a>,
    flat_diff: Integers<'a>,
    callers: Lists<'a>,
    callees: Lists<'a>,
}

impl<'a> Columns<'a> {
    fn read(batch: &mut Batch<'_, 'a>, symbols: &mut Symbols) -> Result<Self, ArrowError> {
        batch.require("cumulative")?;
        batch.require("flat")?;
        let rows = batch.rows();
        let mut ids =
            |batch: &mut Batch<'_, 'a>, name| batch.texts(name)?.intern(rows, symbols, batch.budget());
        Ok(Self {
            mapping_file: ids(batch, "mapping_file")?,
            mapping_build_id: ids(batch, "mapping_build_id")?,
            address: batch.integers("location_address")?,
            line: batch.integers("location_line")?,
            start_line: batch.integers("function_startline")?,
            name: ids(batch, "function_name")?,
            system_name: ids(batch, "function_system_name")?,
            file: ids(batch, "function_file_name")?,
            cumulative: batch.integers("cumulative")?,
            cumulative_diff: batch.integers("cumulative_diff")?,
            flat: batch.integers("flat")?,
            flat_diff: batch.integers("flat_diff")?,
            callers: batch.lists("callers")?,
            callees: batch.lists("callees")?,
        })
    }

    /// A location that has what the row says, with one line if there is anything to say in it.
    fn location(&self, row: usize, symbols: &mut Symbols) -> Result<LocationId, ArrowError> {
        let function = self.function(row)?.map(|function| symbols.intern_function(function));
        let number = self.line.get(row);
        let line = Line { function, line: number.unwrap_or(0), column: 0 };
        let has_line = function.is_some() || number.is_some();
        let mapping = self.mapping(row, symbols);
        let address = self.address.get_unsigned(row).unwrap_or(0);
        let lines = if has_line { std::slice::from_ref(&line) } else { &[] };
        Ok(symbols.intern_location(Location { mapping, address, is_folded: false, lines }))
    }

    fn function(&self, row: usize) -> Result<Option<Function>, ArrowError> {
        let [name, system_name, file] = [self.name[row], self.system_name[row], self.file[row]];
        let start_line = self.start_line.get(row);
        if name.or(system_name).or(file).is_none() && start_line.is_none() {
            return Ok(None);
        }
        let or_empty = |id: Option<StringId>| id.unwrap_or(StringId::EMPTY);
        Ok(Some(Function {
            name: or_empty(name),
            system_name: or_empty(system_name),
            filename: or_empty(file),
            start_line: start_line.unwrap_or(0),
        }))
    }

    fn mapping(&self, row: usize, symbols: &mut Symbols) -> Option<MappingId> {
        let [file, build_id] = [self.mapping_file[row], self.mapping_build_id[row]];
        let file = file.or(build_id.map(|_| StringId::EMPTY))?;
        let build_id = build_id.unwrap_or(StringId::EMPTY);
        let flags = MappingFlags::default();
        Some(symbols.intern_mapping(Mapping { start: 0, limit: 0, offset: 0, file, build_id, flags }))
    }
}
