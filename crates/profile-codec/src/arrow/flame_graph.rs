use std::{collections::BTreeSet, sync::Arc};

use arrow_array::{ArrayRef, BooleanArray, Int32Array, Int64Array, UInt64Array, types::UInt32Type};
use arrow_schema::{DataType, Field};
use bytes::Bytes;
use profile_model::{FlameBox, FlameFrame, FlameGraph, FlameKind, FlameNode, StringId, Symbols};

use super::{
    EncodeError,
    columns::{Dictionary, lists, one_null, smallest_int, smallest_uint},
    record::Record,
};

/// A flame graph as Parca's `FlamegraphArrow` message has it, but for the unit.
#[derive(Clone, Debug)]
pub struct EncodedFlameGraph {
    /// An Arrow IPC stream: LZ4, one batch, one row per node, level by level.
    pub record: Bytes,
    /// Levels, that of the root included, before anything was trimmed.
    pub height: i32,
    /// The sum of the cumulative values of what was trimmed.
    pub trimmed: i64,
}

/// Writes a flame graph as Parca's `FLAMEGRAPH_ARROW` report.
///
/// `trim_percent` is the request's `node_trim_threshold`, 0 where it is not set; see
/// [`FlameGraph::layout_trimmed`]. Numbers that the format has no sign for (lines, flat values) are
/// cast where they are negative, as Parca's are; in `diff`, all values fit, where Parca's wrap.
///
/// # Errors
/// If the graph is too large for Arrow.
pub fn encode_flame_graph(
    graph: &FlameGraph,
    symbols: &Symbols,
    trim_percent: f32,
) -> Result<EncodedFlameGraph, EncodeError> {
    let height = i32::try_from(graph.height()).unwrap_or(i32::MAX);
    if graph.is_empty() {
        return Ok(EncodedFlameGraph { record: empty_record()?, height, trimmed: 0 });
    }
    let layout = graph.layout_trimmed(trim_percent);
    let rows = Rows::new(graph, symbols, &layout.boxes);
    Ok(EncodedFlameGraph { record: rows.record()?, height, trimmed: layout.trimmed })
}

/// The boxes of a layout, each with what its columns are made of.
struct Rows<'a> {
    graph: &'a FlameGraph,
    symbols: &'a Symbols,
    boxes: &'a [FlameBox],
    /// The group that each box belongs to.
    groups: Vec<Option<usize>>,
}

impl<'a> Rows<'a> {
    fn new(graph: &'a FlameGraph, symbols: &'a Symbols, boxes: &'a [FlameBox]) -> Self {
        let mut groups: Vec<Option<usize>> = Vec::with_capacity(boxes.len());
        for found in boxes {
            let of_parent = found.parent.and_then(|parent| groups[parent]);
            groups.push(match graph.node(found.node).kind {
                FlameKind::Group(group) => Some(group),
                _ => of_parent,
            });
        }
        Self { graph, symbols, boxes, groups }
    }

    fn record(&self) -> Result<Bytes, EncodeError> {
        let mut record = Record::default();
        record.nullable(
            "labels_only",
            bools(self.nodes().map(|node| match node.kind {
                FlameKind::Root => None,
                FlameKind::Group(_) => Some(true),
                FlameKind::Frame(_) => Some(false),
            })),
        );
        record.nullable("location_address", self.addresses());
        record.nullable("mapping_file", self.strings(|frame| frame.mapping_file)?);
        record.nullable("mapping_build_id", self.strings(|frame| frame.mapping_build_id)?);
        record.nullable("location_line", self.numbers(|frame| frame.line));
        record.nullable(
            "inlined",
            bools(self.nodes().map(|node| match &node.kind {
                FlameKind::Root => Some(false),
                FlameKind::Group(_) => None,
                FlameKind::Frame(frame) => frame.inlined,
            })),
        );
        record.nullable("function_startline", self.numbers(|frame| frame.function_start_line));
        record.nullable("function_name", self.strings(|frame| frame.function_name)?);
        record.nullable("function_system_name", self.strings(|frame| frame.function_system_name)?);
        record.nullable("function_file_name", self.strings(|frame| frame.function_file)?);
        self.add_tree(&mut record)?;
        self.add_labels(&mut record)?;
        record.into_stream()
    }

    fn add_tree(&self, record: &mut Record) -> Result<(), EncodeError> {
        let boxes = self.boxes.iter();
        let children = boxes.clone().map(|found| found.children.clone().map(|child| child as u32));
        record.nullable("children", lists::<UInt32Type>(children)?);
        let parents = boxes.clone().map(|found| found.parent.map_or(-1, |parent| parent as i32));
        record.required("parent", Arc::new(Int32Array::from_iter_values(parents)));
        record.nullable("cumulative", smallest_uint(boxes.clone().map(|found| Some(found.cumulative))));
        record.nullable("flat", smallest_uint(self.nodes().map(|node| Some(node.flat))));
        record.nullable("diff", smallest_int(self.nodes().map(|node| node.diff)));
        let times = boxes.clone().map(|found| self.graph.time_nanos(found.node));
        record.nullable("timestamp", Arc::new(Int64Array::from_iter_values(times)));
        record.nullable("depth", smallest_uint(boxes.clone().map(|found| Some(found.depth.into()))));
        record.required("value_offset", smallest_uint(boxes.map(|found| Some(found.offset))));
        Ok(())
    }

    fn add_labels(&self, record: &mut Record) -> Result<(), EncodeError> {
        let labels = self.graph.groups().iter();
        let names: BTreeSet<&str> = labels.flat_map(|labels| labels.iter().map(|(name, _)| name)).collect();
        for name in names {
            let value = |group: usize| self.graph.group(group).get(name);
            let values = self.groups.iter().map(|group| group.and_then(value).map(|value| (value, value)));
            record.nullable(format!("labels.{name}"), Dictionary::of(values).binary()?);
        }
        Ok(())
    }

    fn nodes(&self) -> impl Iterator<Item = &'a FlameNode> + Clone {
        self.boxes.iter().map(|found| self.graph.node(found.node))
    }

    fn frames(&self) -> impl Iterator<Item = Option<&'a FlameFrame>> + Clone {
        self.nodes().map(|node| match &node.kind {
            FlameKind::Frame(frame) => Some(frame),
            _ => None,
        })
    }

    /// Parca keeps no address of what has a name.
    fn addresses(&self) -> ArrayRef {
        let address = |frame: &FlameFrame| if frame.symbolized { Some(0) } else { frame.address };
        Arc::new(self.frames().map(|frame| frame.and_then(address)).collect::<UInt64Array>())
    }

    fn numbers(&self, of: impl Fn(&FlameFrame) -> Option<i64>) -> ArrayRef {
        smallest_uint(self.frames().map(|frame| frame.and_then(&of)))
    }

    fn strings(&self, of: impl Fn(&FlameFrame) -> Option<StringId>) -> Result<ArrayRef, EncodeError> {
        let ids = self.frames().map(|frame| frame.and_then(&of));
        let strings = ids.map(|id| id.map(|id| (id, self.symbols.string(id))));
        Ok(Dictionary::of(strings).binary()?)
    }
}

fn bools(values: impl Iterator<Item = Option<bool>>) -> ArrayRef {
    Arc::new(values.collect::<BooleanArray>())
}

/// Where nothing matched, Parca answers with a root of which nothing is known but that it is one,
/// in types of its own.
fn empty_record() -> Result<Bytes, EncodeError> {
    let children = DataType::List(Arc::new(Field::new_list_field(DataType::UInt32, true)));
    let strings = Dictionary::of(std::iter::once(None::<((), &str)>)).binary_of_int32()?;
    let mut record = Record::default();
    record.nullable("labels_only", one_null(&DataType::Boolean));
    record.nullable("location_address", one_null(&DataType::UInt64));
    record.nullable("mapping_file", strings.clone());
    record.nullable("mapping_build_id", strings.clone());
    record.nullable("location_line", one_null(&DataType::UInt8));
    record.nullable("inlined", bools(std::iter::once(Some(false))));
    record.nullable("function_startline", one_null(&DataType::UInt8));
    record.nullable("function_name", strings.clone());
    record.nullable("function_system_name", strings.clone());
    record.nullable("function_file_name", strings);
    record.nullable("children", one_null(&children));
    record.required("parent", Arc::new(Int32Array::from_iter_values([-1])));
    record.nullable("cumulative", one_null(&DataType::UInt64));
    record.nullable("flat", one_null(&DataType::UInt8));
    record.nullable("diff", one_null(&DataType::UInt8));
    record.nullable("timestamp", one_null(&DataType::Int64));
    record.nullable("depth", one_null(&DataType::UInt8));
    record.required("value_offset", smallest_uint(std::iter::once(Some(0))));
    record.into_stream()
}
