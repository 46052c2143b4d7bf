use arrow_ipc::{Endianness, Int, MetadataVersion, Schema, Type, UnionMode};

use super::{ArrowError, ArrowLimits};

/// A column as the schema has it. Whether it may have nulls is not kept: Parca is wrong about it.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    pub(super) footprint: Footprint,
}

/// The types that flame graphs and tables are made of.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Nothing but nulls.
    Null,
    Bool,
    Integer(Width),
    Text(Offsets),
    Dictionary {
        key: Width,
        id: i64,
        values: Offsets,
    },
    List {
        offsets: Offsets,
        items: Width,
    },
    Other(String),
}

/// The width of an integer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Width {
    pub(super) bytes: usize,
    pub(super) signed: bool,
}

/// The width of the offsets into text or lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offsets {
    pub(super) bytes: usize,
}

/// How much of a batch's lists of nodes and buffers a column takes up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Footprint {
    pub(super) nodes: usize,
    pub(super) buffers: usize,
    /// How many parts of the column have buffers that only the batch counts.
    pub(super) variadic: usize,
}

pub(super) fn read<'a>(
    schema: Schema<'a>,
    version: MetadataVersion,
    limits: &ArrowLimits,
) -> Result<Vec<Field<'a>>, ArrowError> {
    if schema.endianness() != Endianness::Little {
        let found = format!("`{:?}`", schema.endianness());
        return Err(ArrowError::Unsupported { expected: "little-endian numbers", found });
    }
    let fields = schema.fields().unwrap_or_default();
    if fields.len() > limits.max_columns {
        return Err(ArrowError::TooLarge { what: "columns", limit: limits.max_columns });
    }
    fields.iter().map(|field| Field::read(field, version)).collect()
}

impl<'a> Field<'a> {
    fn read(field: arrow_ipc::Field<'a>, version: MetadataVersion) -> Result<Self, ArrowError> {
        let kind = Kind::of(field);
        Ok(Self { name: field.name().unwrap_or_default(), kind, footprint: Footprint::of(field, version)? })
    }
}

impl Kind {
    fn of(field: arrow_ipc::Field<'_>) -> Self {
        let known = match field.dictionary() {
            Some(dictionary) => text(field.type_type()).and_then(|values| {
                // "If this field is null, the indices must be signed int32" (Schema.fbs).
                let key = match dictionary.indexType() {
                    Some(key) => width(key)?,
                    None => Width { bytes: 4, signed: true },
                };
                Some(Self::Dictionary { key, id: dictionary.id(), values })
            }),
            None => Self::of_plain(field),
        };
        known.unwrap_or_else(|| Self::Other(name(field)))
    }

    fn of_plain(field: arrow_ipc::Field<'_>) -> Option<Self> {
        match field.type_type() {
            Type::Null => Some(Self::Null),
            Type::Bool => Some(Self::Bool),
            Type::Int => Some(Self::Integer(width(field.type_as_int()?)?)),
            Type::List => Some(Self::List { offsets: Offsets { bytes: 4 }, items: items(field)? }),
            Type::LargeList => Some(Self::List { offsets: Offsets { bytes: 8 }, items: items(field)? }),
            other => text(other).map(Self::Text),
        }
    }
}

/// Text and bytes are one here: Parca's text may have what is not UTF-8.
pub(super) fn text(kind: Type) -> Option<Offsets> {
    match kind {
        Type::Utf8 | Type::Binary => Some(Offsets { bytes: 4 }),
        Type::LargeUtf8 | Type::LargeBinary => Some(Offsets { bytes: 8 }),
        _ => None,
    }
}

pub(super) fn width(int: Int<'_>) -> Option<Width> {
    let bytes = match int.bitWidth() {
        8 => 1,
        16 => 2,
        32 => 4,
        64 => 8,
        _ => return None,
    };
    Some(Width { bytes, signed: int.is_signed() })
}

fn items(list: arrow_ipc::Field<'_>) -> Option<Width> {
    let children = list.children()?;
    let item = (children.len() == 1).then(|| children.get(0))?;
    match Kind::of(item) {
        Kind::Integer(width) => Some(width),
        _ => None,
    }
}

pub(super) fn name(field: arrow_ipc::Field<'_>) -> String {
    let name = field.type_type().variant_name().unwrap_or("an unknown type");
    let prefix = if field.dictionary().is_some() { "dictionary of " } else { "" };
    format!("{prefix}{name}")
}

impl Footprint {
    /// The layouts of <https://arrow.apache.org/docs/format/Columnar.html>, so that columns nobody
    /// asked for can be stepped over. Ends, because the verifier of the message bounds its depth
    /// and the number of its fields.
    pub(super) fn of(field: arrow_ipc::Field<'_>, version: MetadataVersion) -> Result<Self, ArrowError> {
        let (buffers, variadic) = match field.type_type() {
            _ if field.dictionary().is_some() => return Ok(Self { nodes: 1, buffers: 2, variadic: 0 }),
            Type::Null | Type::RunEndEncoded => (0, 0),
            Type::FixedSizeList | Type::Struct_ => (1, 0),
            Type::Binary | Type::Utf8 | Type::LargeBinary | Type::LargeUtf8 => (3, 0),
            Type::ListView | Type::LargeListView => (3, 0),
            Type::BinaryView | Type::Utf8View => (2, 1),
            Type::Union => (union_buffers(field, version), 0),
            Type::Bool | Type::Int | Type::FloatingPoint | Type::Decimal | Type::FixedSizeBinary => (2, 0),
            Type::Date | Type::Time | Type::Timestamp | Type::Interval | Type::Duration => (2, 0),
            Type::List | Type::LargeList | Type::Map => (2, 0),
            _ => return Err(ArrowError::Unsupported { expected: "a known type", found: name(field) }),
        };
        let mut footprint = Self { nodes: 1, buffers, variadic };
        for child in field.children().unwrap_or_default() {
            footprint.add(Self::of(child, version)?);
        }
        Ok(footprint)
    }

    fn add(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.buffers += other.buffers;
        self.variadic += other.variadic;
    }
}

fn union_buffers(field: arrow_ipc::Field<'_>, version: MetadataVersion) -> usize {
    let dense = field.type_as_union().is_some_and(|union| union.mode() == UnionMode::Dense);
    let with_nulls = version < MetadataVersion::V5;
    1 + usize::from(dense) + usize::from(with_nulls)
}
