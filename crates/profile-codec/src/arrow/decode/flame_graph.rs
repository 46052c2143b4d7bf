use profile_model::{FlameFrame, FlameGraph, FlameKind, FlameSums, Labels, NodeId, StringId, Symbols};

use super::{
    ArrowError, ArrowLimits,
    batch::Batch,
    column::{Bools, Integers, Interned, Texts},
    reader::Reader,
};

const LABELS: &str = "labels.";
/// What a label takes up besides its text.
const LABEL_OVERHEAD: usize = 2 * size_of::<Box<str>>();

/// A flame graph with the names it refers to.
#[derive(Clone, Debug)]
pub struct DecodedFlameGraph {
    /// The tree; the rows of the record are its nodes, in the same order.
    pub graph: FlameGraph,
    /// The strings that its frames have the ids of.
    pub symbols: Symbols,
    /// When each node starts, by the node's position, in nanoseconds since the epoch; only flame
    /// charts have it.
    pub timestamps: Option<Vec<i64>>,
}

/// Reads Parca's `FLAMEGRAPH_ARROW` or `FLAMECHART` report, the `record` of its message.
///
/// A column that is missing counts as one of nulls, but for `parent` and `cumulative`; a number
/// that is null counts as 0. Rows may not come before their parents. Depth, offsets and children
/// follow from the parents, so that those columns are not read. What Parca trimmed is not there:
/// sums may be larger than those of the children.
///
/// The answer for nothing found, and one of which everything was trimmed, is a tree of nothing but
/// a root of 0.
///
/// # Errors
/// If the bytes are not an Arrow stream, contradict themselves, or exceed the limits.
pub fn decode_flame_graph(bytes: &[u8], limits: &ArrowLimits) -> Result<DecodedFlameGraph, ArrowError> {
    let mut reader = Reader::open(bytes, limits)?;
    let mut builder =
        Builder { graph: None, symbols: Symbols::new(), timestamps: Vec::new(), max_depth: limits.max_depth };
    while let Some(batch) = reader.next_batch()? {
        builder.add(batch)?;
    }
    let Builder { graph, symbols, timestamps, .. } = builder;
    let no_root = || ArrowError::Stream { expected: "a row for the root", found: "no rows".to_owned() };
    let has_times = timestamps.iter().any(|nanos| *nanos != 0);
    let timestamps = has_times.then_some(timestamps);
    Ok(DecodedFlameGraph { graph: graph.ok_or_else(no_root)?, symbols, timestamps })
}

struct Builder {
    /// The tree, as soon as it has a root.
    graph: Option<FlameGraph>,
    symbols: Symbols,
    timestamps: Vec<i64>,
    max_depth: u32,
}

impl Builder {
    fn add(&mut self, mut batch: Batch<'_, '_>) -> Result<(), ArrowError> {
        let columns = Columns::read(&mut batch, &mut self.symbols)?;
        for row in 0..batch.rows() {
            let sums = columns.sums(row)?;
            self.timestamps.push(columns.timestamp.get(row).unwrap_or(0));
            match &mut self.graph {
                None => self.graph = Some(columns.root(row, sums)?),
                Some(graph) => {
                    let parent = columns.parent(row, graph, self.max_depth)?;
                    let kind = match columns.labels_only.get(row) {
                        Some(true) => {
                            FlameKind::Group(graph.add_group(row_labels(&columns.labels, row, &mut batch)?))
                        }
                        _ => FlameKind::Frame(columns.frame(row)?),
                    };
                    graph.append(parent, kind, sums).expect("the parent is in range, the group was added");
                }
            }
        }
        Ok(())
    }
}

/// The columns of a batch.
struct Columns<'a> {
    labels_only: Bools<'a>,
    address: Integers<'a>,
    mapping_file: Interned,
    mapping_build_id: Interned,
    line: Integers<'a>,
    inlined: Bools<'a>,
    start_line: Integers<'a>,
    name: Interned,
    system_name: Interned,
    file: Interned,
    parent: Integers<'a>,
    cumulative: Integers<'a>,
    flat: Integers<'a>,
    diff: Integers<'a>,
    timestamp: Integers<'a>,
    /// By name of the label.
    labels: Vec<(&'a str, Texts<'a>)>,
}

impl<'a> Columns<'a> {
    fn read(batch: &mut Batch<'_, 'a>, symbols: &mut Symbols) -> Result<Self, ArrowError> {
        batch.require("parent")?;
        batch.require("cumulative")?;
        let rows = batch.rows();
        let mut ids =
            |batch: &mut Batch<'_, 'a>, name| batch.texts(name)?.intern(rows, symbols, batch.budget());
        Ok(Self {
            labels_only: batch.bools("labels_only")?,
            address: batch.integers("location_address")?,
            mapping_file: ids(batch, "mapping_file")?,
            mapping_build_id: ids(batch, "mapping_build_id")?,
            line: batch.integers("location_line")?,
            inlined: batch.bools("inlined")?,
            start_line: batch.integers("function_startline")?,
            name: ids(batch, "function_name")?,
            system_name: ids(batch, "function_system_name")?,
            file: ids(batch, "function_file_name")?,
            parent: batch.integers("parent")?,
            cumulative: batch.integers("cumulative")?,
            flat: batch.integers("flat")?,
            diff: batch.integers("diff")?,
            timestamp: batch.integers("timestamp")?,
            labels: batch.texts_below(LABELS)?,
        })
    }

    fn sums(&self, row: usize) -> Result<FlameSums, ArrowError> {
        Ok(FlameSums {
            cumulative: self.cumulative.get(row).unwrap_or(0),
            flat: self.flat.get(row).unwrap_or(0),
            diff: self.diff.get(row).unwrap_or(0),
        })
    }

    fn root(&self, row: usize, sums: FlameSums) -> Result<FlameGraph, ArrowError> {
        match self.parent.get(row) {
            None | Some(-1) => Ok(FlameGraph::new(sums)),
            Some(parent) => Err(self.parent.error(row, "-1, as the root comes first", parent)),
        }
    }

    /// The parent, which must be there already: so there are no circles.
    fn parent(&self, row: usize, graph: &FlameGraph, max_depth: u32) -> Result<NodeId, ArrowError> {
        let parent = self.parent.index(row, graph.nodes().len())?;
        let parent = parent.ok_or_else(|| self.parent.error(row, "an index in range", "null"))?;
        if graph.nodes()[parent].depth >= max_depth {
            return Err(ArrowError::TooLarge { what: "levels", limit: max_depth as usize });
        }
        let out_of_range = |_| self.parent.error(row, "an index in range", parent);
        u32::try_from(parent).map(NodeId::new).map_err(out_of_range)
    }

    fn frame(&self, row: usize) -> Result<FlameFrame, ArrowError> {
        let [name, system_name, file] = [self.name[row], self.system_name[row], self.file[row]];
        let address = self.address.get_unsigned(row);
        // Calls of several functions in one node have no name in common, and no address either.
        let is_name = |name: &StringId| !name.is_empty();
        let has_name = name.as_ref().is_some_and(is_name) || system_name.as_ref().is_some_and(is_name);
        // Functions of one file that are one node have no name in common, and no address.
        Ok(FlameFrame {
            symbolized: has_name || (file.is_some() && address == Some(0)),
            address,
            line: self.line.get(row),
            inlined: self.inlined.get(row),
            mapping_file: self.mapping_file[row],
            mapping_build_id: self.mapping_build_id[row],
            function_name: name,
            function_system_name: system_name,
            function_file: file,
            function_start_line: self.start_line.get(row),
        })
    }
}

/// The labels of a row, from the columns by name of the label.
pub(super) fn row_labels(
    columns: &[(&str, Texts<'_>)],
    row: usize,
    batch: &mut Batch<'_, '_>,
) -> Result<Labels, ArrowError> {
    let mut labels = Vec::new();
    for (name, values) in columns {
        // Not covered by the bytes of the columns: many rows may have one long entry.
        if let Some(value) = values.get(row, batch.budget())? {
            batch.budget().spend(name.len() + LABEL_OVERHEAD)?;
            labels.push((*name, value.into_owned()));
        }
    }
    Ok(labels.into_iter().collect())
}
