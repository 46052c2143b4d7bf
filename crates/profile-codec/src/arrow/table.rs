use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, UInt64Array, types::Int64Type};
use bytes::Bytes;
use profile_model::{CallRow, CallTable, Function, StringId, Symbols};

use super::{
    EncodeError,
    columns::{Dictionary, lists},
    record::Record,
};

/// Writes a table as Parca's `TABLE_ARROW` report: an Arrow IPC stream, LZ4, one batch, one row per
/// row of the table, in its order.
///
/// Parca's own numbers come from a table built with
/// [`CallTableOptions::PARCA_TABLE`](profile_model::CallTableOptions::PARCA_TABLE). Empty strings
/// become null, as there. Where Parca's 16-bit keys do not do, they are 32 bits wide.
///
/// # Errors
/// If the table is too large for Arrow.
pub fn encode_table(table: &CallTable, symbols: &Symbols) -> Result<Bytes, EncodeError> {
    let rows: Vec<Row<'_>> = table.rows.iter().map(|row| Row::new(row, symbols)).collect();
    let mut record = Record::default();
    record.nullable("mapping_file", strings(&rows, symbols, |row| row.mapping_file).utf8_of_uint16()?);
    record.nullable("mapping_build_id", strings(&rows, symbols, |row| row.build_id).utf8_of_uint16()?);
    record.required(
        "location_address",
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.address))),
    );
    record.nullable("location_line", numbers(&rows, |row| row.line));
    record.nullable("function_startline", numbers(&rows, |row| row.start_line()));
    record.nullable("function_name", functions(&rows, symbols, |function| function.name).utf8_of_uint32()?);
    record.nullable(
        "function_system_name",
        functions(&rows, symbols, |function| function.system_name).utf8_of_uint16()?,
    );
    record.nullable(
        "function_file_name",
        functions(&rows, symbols, |function| function.filename).utf8_of_uint32()?,
    );
    record.required("cumulative", numbers(&rows, |row| Some(row.sums.cumulative)));
    record.nullable("cumulative_diff", numbers(&rows, |row| row.sums.cumulative_diff));
    record.required("flat", numbers(&rows, |row| Some(row.sums.flat)));
    record.required("flat_diff", numbers(&rows, |row| Some(row.sums.flat_diff)));
    record.nullable("callers", neighbours(&rows, |row| &row.callers)?);
    record.nullable("callees", neighbours(&rows, |row| &row.callees)?);
    record.into_stream()
}

/// A row with what was known where it was seen first.
struct Row<'a> {
    sums: &'a CallRow,
    mapping_file: Option<StringId>,
    build_id: Option<StringId>,
    /// 0 for what has a name: Parca keeps no address of that.
    address: u64,
    line: Option<i64>,
    function: Option<&'a Function>,
}

impl<'a> Row<'a> {
    fn new(sums: &'a CallRow, symbols: &'a Symbols) -> Self {
        let frame = sums.frame(symbols);
        let mapping = frame.and_then(|frame| symbols.frame_mapping(&frame));
        let function = frame.and_then(|frame| symbols.frame_function(&frame));
        let address = symbols.location(sums.location).address;
        Self {
            sums,
            mapping_file: mapping.map(|mapping| mapping.file),
            build_id: mapping.map(|mapping| mapping.build_id),
            address: if function.and_then(Function::shown_name).is_some() { 0 } else { address },
            line: frame.and_then(|frame| frame.line).map(|line| line.line),
            function,
        }
    }

    fn start_line(&self) -> Option<i64> {
        self.function.map(|function| function.start_line).filter(|line| *line > 0)
    }
}

fn strings<'a>(
    rows: &[Row<'_>],
    symbols: &'a Symbols,
    of: impl Fn(&Row<'_>) -> Option<StringId>,
) -> Dictionary<&'a str> {
    let ids = rows.iter().map(|row| of(row).filter(|id| !id.is_empty()));
    Dictionary::of(ids.map(|id| id.map(|id| (id, symbols.string(id)))))
}

fn functions<'a>(
    rows: &[Row<'_>],
    symbols: &'a Symbols,
    of: impl Fn(&Function) -> StringId,
) -> Dictionary<&'a str> {
    strings(rows, symbols, |row| row.function.map(&of))
}

fn numbers(rows: &[Row<'_>], of: impl Fn(&Row<'_>) -> Option<i64>) -> ArrayRef {
    Arc::new(rows.iter().map(of).collect::<Int64Array>())
}

fn neighbours(rows: &[Row<'_>], of: impl Fn(&CallRow) -> &[usize]) -> Result<ArrayRef, EncodeError> {
    Ok(lists::<Int64Type>(rows.iter().map(|row| of(row.sums).iter().map(|at| *at as i64)))?)
}
