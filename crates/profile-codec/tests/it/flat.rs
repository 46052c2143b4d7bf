//! Profiles without ids, to compare what two readers made of the same bytes.

use std::collections::HashMap;

use parca_proto::pprof as pb;
use profile_model::{LabelValue, LocationId, Profile, Symbols};

type Text = String;

#[derive(Debug, PartialEq)]
pub(crate) struct Flat {
    sample_types: Vec<(Text, Text)>,
    period_type: Option<(Text, Text)>,
    numbers: [i64; 3],
    texts: [Text; 4],
    comments: Vec<Text>,
    pub(crate) samples: Vec<FlatSample>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct FlatSample {
    stack: Vec<FlatLocation>,
    values: Vec<i64>,
    /// Key, text, number, unit.
    labels: Vec<(Text, Text, i64, Text)>,
}

#[derive(Clone, Debug, PartialEq)]
struct FlatLocation {
    mapping: Option<([u64; 3], [Text; 2], [bool; 4])>,
    address: u64,
    is_folded: bool,
    lines: Vec<FlatLine>,
}

/// Function (names and start line), line, column.
type FlatLine = (Option<([Text; 3], i64)>, i64, i64);

impl Flat {
    /// Without the lines that name no function.
    pub(crate) fn without_nameless_lines(mut self) -> Self {
        for location in self.samples.iter_mut().flat_map(|sample| &mut sample.stack) {
            location.lines.retain(|(function, ..)| function.is_some());
        }
        self
    }
}

pub(crate) fn of_model(profile: &Profile) -> Flat {
    let symbols = &profile.symbols;
    let locations: Vec<_> =
        (0..symbols.locations().len()).map(|at| location(symbols, LocationId::new(at as u32))).collect();
    let pair = |value_type: &profile_model::ValueType| (value_type.name.clone(), value_type.unit.clone());
    let samples = profile.samples.iter().map(|sample| FlatSample {
        stack: symbols.stack(sample.stack).iter().map(|id| locations[id.index()].clone()).collect(),
        values: sample.values.to_vec(),
        labels: sample
            .labels
            .iter()
            .map(|label| {
                let key = symbols.string(label.key).to_owned();
                match label.value {
                    LabelValue::Text(text) => (key, symbols.string(text).to_owned(), 0, String::new()),
                    LabelValue::Number { value, unit } => {
                        (key, String::new(), value, symbols.string(unit).to_owned())
                    }
                }
            })
            .collect(),
    });
    Flat {
        sample_types: profile.sample_types.iter().map(pair).collect(),
        period_type: profile.period_type.as_ref().map(pair),
        numbers: [profile.period, profile.time_nanos, profile.duration_nanos],
        texts: [
            profile.default_sample_type.clone(),
            profile.doc_url.clone(),
            profile.drop_frames.clone(),
            profile.keep_frames.clone(),
        ],
        comments: profile.comments.clone(),
        samples: samples.collect(),
    }
}

fn location(symbols: &Symbols, id: LocationId) -> FlatLocation {
    let text = |id| symbols.string(id).to_owned();
    let location = symbols.location(id);
    let mapping = location.mapping.map(|id| {
        let mapping = symbols.mapping(id);
        let flags = mapping.flags;
        (
            [mapping.start, mapping.limit, mapping.offset],
            [text(mapping.file), text(mapping.build_id)],
            [flags.has_functions, flags.has_filenames, flags.has_line_numbers, flags.has_inline_frames],
        )
    });
    let lines = location.lines.iter().map(|line| {
        let function = line.function.map(|id| {
            let function = symbols.function(id);
            let names = [text(function.name), text(function.system_name), text(function.filename)];
            (names, function.start_line)
        });
        (function, line.line, line.column)
    });
    FlatLocation { mapping, address: location.address, is_folded: location.is_folded, lines: lines.collect() }
}

/// What prost's structs say, or nothing if they contradict themselves.
pub(crate) fn of_message(message: &pb::Profile) -> Option<Flat> {
    if message.string_table.first().is_some_and(|first| !first.is_empty()) {
        return None;
    }
    let text = |index: i64| match index {
        0 => Some(String::new()),
        index => message.string_table.get(usize::try_from(index).ok()?).cloned(),
    };
    let pair = |value_type: &pb::ValueType| Some((text(value_type.r#type)?, text(value_type.unit)?));
    let mappings = by_id(&message.mapping, |mapping| {
        let numbers = [mapping.memory_start, mapping.memory_limit, mapping.file_offset];
        let texts = [text(mapping.filename)?, text(mapping.build_id)?];
        let flags = [
            mapping.has_functions,
            mapping.has_filenames,
            mapping.has_line_numbers,
            mapping.has_inline_frames,
        ];
        Some((mapping.id, (numbers, texts, flags)))
    })?;
    let functions = by_id(&message.function, |function| {
        let texts = [text(function.name)?, text(function.system_name)?, text(function.filename)?];
        Some((function.id, (texts, function.start_line)))
    })?;
    let locations = by_id(&message.location, |location| {
        let line = |line: &pb::Line| Some((optional(&functions, line.function_id)?, line.line, line.column));
        Some((
            location.id,
            FlatLocation {
                mapping: optional(&mappings, location.mapping_id)?,
                address: location.address,
                is_folded: location.is_folded,
                lines: location.line.iter().map(line).collect::<Option<_>>()?,
            },
        ))
    })?;
    let label = |label: &pb::Label| {
        let key = text(label.key)?;
        match label.str {
            0 => Some((key, String::new(), label.num, text(label.num_unit)?)),
            index => Some((key, text(index)?, 0, String::new())),
        }
    };
    let sample = |sample: &pb::Sample| {
        (sample.value.len() == message.sample_type.len() && !sample.value.is_empty()).then_some(())?;
        Some(FlatSample {
            stack: sample.location_id.iter().map(|id| locations.get(id).cloned()).collect::<Option<_>>()?,
            values: sample.value.clone(),
            labels: sample.label.iter().map(label).collect::<Option<_>>()?,
        })
    };
    Some(Flat {
        sample_types: message.sample_type.iter().map(pair).collect::<Option<_>>()?,
        period_type: match &message.period_type {
            Some(period_type) => Some(pair(period_type)?),
            None => None,
        },
        numbers: [message.period, message.time_nanos, message.duration_nanos],
        texts: [
            text(message.default_sample_type)?,
            text(message.doc_url)?,
            text(message.drop_frames)?,
            text(message.keep_frames)?,
        ],
        comments: message.comment.iter().map(|index| text(*index)).collect::<Option<_>>()?,
        samples: message.sample.iter().map(sample).collect::<Option<_>>()?,
    })
}

fn by_id<T, U>(entries: &[T], read: impl Fn(&T) -> Option<(u64, U)>) -> Option<HashMap<u64, U>> {
    let known: HashMap<u64, U> = entries.iter().map(read).collect::<Option<_>>()?;
    (known.len() == entries.len() && !known.contains_key(&0)).then_some(known)
}

fn optional<T: Clone>(known: &HashMap<u64, T>, id: u64) -> Option<Option<T>> {
    if id == 0 { Some(None) } else { known.get(&id).cloned().map(Some) }
}
