use profile_model::{Labels, StringId, Symbols};

use super::{ArrowError, ArrowLimits, batch::Batch, column::Interned, reader::Reader};

/// The rows of a flame graph with what sums over functions need, and no more: the columns that nobody
/// asks for are not even decompressed. A tree to draw is [`decode_flame_graph`](super::decode_flame_graph)'s.
#[derive(Clone, Debug, Default)]
pub struct FlameRows {
    /// The root first, every other row after its parent.
    pub rows: Vec<FlameRow>,
    /// The labels of group rows, by [`FlameRow::group`].
    pub groups: Vec<Labels>,
    /// The strings that rows have the ids of.
    pub symbols: Symbols,
}

/// One call, or the root, or what stands above the calls of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlameRow {
    /// The position of the row above; the root has its own.
    pub parent: u32,
    /// Of a row that stands for a group of labels, which one.
    pub group: Option<u32>,
    /// The sum of all stacks through the row.
    pub cumulative: i64,
    /// The sum of the stacks that end there.
    pub flat: i64,
    /// The function's name; none where no function is known, and for root and groups.
    pub function: Option<StringId>,
    /// The name that the linker knows the function by; read where a row has no other name, or if asked for.
    pub system_name: Option<StringId>,
    /// The source file; as `system_name`.
    pub file: Option<StringId>,
    /// The path of the binary; only if asked for.
    pub mapping_file: Option<StringId>,
}

/// Which columns are read beside the functions' names and values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlameColumns {
    /// The names that the linker knows, also where a function has another.
    pub system_names: bool,
    /// The source files, also where a function has a name.
    pub files: bool,
    /// The paths of binaries.
    pub mapping_files: bool,
}

/// Reads Parca's `FLAMEGRAPH_ARROW` report row by row.
///
/// What is missing or null counts as in [`decode_flame_graph`](super::decode_flame_graph). The answer for
/// nothing found is a single root of 0.
///
/// # Errors
/// If the bytes are not an Arrow stream, contradict themselves, or exceed the limits.
pub fn decode_flame_rows(
    bytes: &[u8],
    columns: FlameColumns,
    limits: &ArrowLimits,
) -> Result<FlameRows, ArrowError> {
    let mut reader = Reader::open(bytes, limits)?;
    let mut decoder = Decoder {
        columns,
        max_depth: limits.max_depth,
        depths: Vec::new(),
        read: FlameRows { symbols: Symbols::new(), ..FlameRows::default() },
    };
    while let Some(batch) = reader.next_batch()? {
        decoder.add(batch)?;
    }
    match decoder.read.rows.is_empty() {
        true => Err(ArrowError::Stream { expected: "a row for the root", found: "no rows".to_owned() }),
        false => Ok(decoder.read),
    }
}

struct Decoder {
    columns: FlameColumns,
    max_depth: u32,
    /// Levels below the root, by row.
    depths: Vec<u32>,
    read: FlameRows,
}

const LABELS: &str = "labels.";

impl Decoder {
    fn add(&mut self, mut batch: Batch<'_, '_>) -> Result<(), ArrowError> {
        batch.require("parent")?;
        batch.require("cumulative")?;
        let count = batch.rows();
        let parents = batch.integers("parent")?;
        let [cumulative, flat] = [batch.integers("cumulative")?, batch.integers("flat")?];
        let labels_only = batch.bools("labels_only")?;
        let labels = batch.texts_below(LABELS)?;
        let functions = self.intern(&mut batch, "function_name")?;

        let first = self.read.rows.len();
        let mut nameless = false;
        for (row, name) in functions.into_iter().enumerate() {
            let is_root = first + row == 0;
            let parent = if is_root { self.root(&parents)? } else { self.parent(&parents, row)? };
            let group = match labels_only.get(row) {
                Some(true) => {
                    self.read.groups.push(super::flame_graph::row_labels(&labels, row, &mut batch)?);
                    u32::try_from(self.read.groups.len() - 1).ok()
                }
                _ => None,
            };
            let function = name.filter(|_| !is_root && group.is_none());
            let is_named = function.is_some_and(|name| !self.read.symbols.string(name).is_empty());
            nameless |= !is_named && !is_root && group.is_none();
            self.read.rows.push(FlameRow {
                parent,
                group,
                cumulative: cumulative.get(row).unwrap_or(0),
                flat: flat.get(row).unwrap_or(0),
                function,
                ..FlameRow::default()
            });
        }
        let fresh = first..first + count;
        if nameless || self.columns.system_names {
            let ids = self.intern(&mut batch, "function_system_name")?;
            self.read.rows[fresh.clone()].iter_mut().zip(ids).for_each(|(row, id)| row.system_name = id);
        }
        if nameless || self.columns.files {
            let ids = self.intern(&mut batch, "function_file_name")?;
            self.read.rows[fresh.clone()].iter_mut().zip(ids).for_each(|(row, id)| row.file = id);
        }
        if self.columns.mapping_files {
            let ids = self.intern(&mut batch, "mapping_file")?;
            self.read.rows[fresh].iter_mut().zip(ids).for_each(|(row, id)| row.mapping_file = id);
        }
        Ok(())
    }

    fn intern(&mut self, batch: &mut Batch<'_, '_>, column: &str) -> Result<Interned, ArrowError> {
        let rows = batch.rows();
        batch.texts(column)?.intern(rows, &mut self.read.symbols, batch.budget())
    }

    fn root(&mut self, parents: &super::column::Integers<'_>) -> Result<u32, ArrowError> {
        self.depths.push(0);
        match parents.get(0) {
            None | Some(-1) => Ok(0),
            Some(parent) => Err(parents.error(0, "-1, as the root comes first", parent)),
        }
    }

    /// The parent must be there already: so there are no circles.
    fn parent(&mut self, parents: &super::column::Integers<'_>, row: usize) -> Result<u32, ArrowError> {
        let parent = parents.index(row, self.depths.len())?;
        let parent = parent.ok_or_else(|| parents.error(row, "an index in range", "null"))?;
        let depth = self.depths[parent] + 1;
        if depth > self.max_depth {
            return Err(ArrowError::TooLarge { what: "levels", limit: self.max_depth as usize });
        }
        self.depths.push(depth);
        u32::try_from(parent).map_err(|_| parents.error(row, "an index in range", parent))
    }
}
