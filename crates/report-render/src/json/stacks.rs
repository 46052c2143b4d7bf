use std::io::{self, Write};

use profile_model::{LabelValue, Sample, SampleLabel, Symbols};

use super::frame::write_frame;
use crate::{
    Selection,
    output::{buffered, json_string},
};

/// Writes the samples as an array, in their order, none merged.
///
/// Each has `frames`, root first (`name`, and what is known as in a
/// [tree](super::flame_graph)), the `value`, a `diff` in a comparison, and `labels` if there are
/// some: a text, or a number, or an object of `value` and `unit`; an array of them where the label
/// is there several times. It is an array and nothing around it, so it can stand inside other JSON.
///
/// Gives the total: the sum of all values, which is [`Selection::total`].
///
/// # Errors
/// If `out` fails.
pub fn stacks(selection: &Selection<'_>, out: &mut impl Write) -> io::Result<i128> {
    buffered(out, |out| {
        let mut buffer = String::new();
        out.write_all(b"[")?;
        for (at, sample) in selection.profile().samples.iter().enumerate() {
            out.write_all(if at > 0 { b",\n" } else { b"" })?;
            write_sample(out, selection, sample, &mut buffer)?;
        }
        out.write_all(b"]")?;
        Ok(selection.total())
    })
}

fn write_sample(
    out: &mut impl Write,
    selection: &Selection<'_>,
    sample: Sample<'_>,
    buffer: &mut String,
) -> io::Result<()> {
    let symbols = &selection.profile().symbols;
    out.write_all(b"{\"frames\":[")?;
    for (at, frame) in symbols.frames(sample.stack).rev().enumerate() {
        out.write_all(if at > 0 { b"," } else { b"" })?;
        write_frame(out, symbols, &frame, buffer)?;
    }
    let (value, diff) = selection.of(sample.values);
    write!(out, "],\"value\":{value}")?;
    if let Some(diff) = diff {
        write!(out, ",\"diff\":{diff}")?;
    }
    if !sample.labels.is_empty() {
        write_labels(out, symbols, sample.labels)?;
    }
    out.write_all(b"}")
}

fn write_labels(out: &mut impl Write, symbols: &Symbols, labels: &[SampleLabel]) -> io::Result<()> {
    let mut labels = labels.to_vec();
    labels.sort_by_key(|label| symbols.string(label.key));
    out.write_all(b",\"labels\":{")?;
    for (at, same) in labels.chunk_by(|a, b| a.key == b.key).enumerate() {
        out.write_all(if at > 0 { b"," } else { b"" })?;
        json_string(out, symbols.string(same[0].key))?;
        out.write_all(b":")?;
        match same {
            [label] => write_value(out, symbols, label.value)?,
            several => {
                for (at, label) in several.iter().enumerate() {
                    out.write_all(if at > 0 { b"," } else { b"[" })?;
                    write_value(out, symbols, label.value)?;
                }
                out.write_all(b"]")?;
            }
        }
    }
    out.write_all(b"}")
}

fn write_value(out: &mut impl Write, symbols: &Symbols, value: LabelValue) -> io::Result<()> {
    match value {
        LabelValue::Text(text) => json_string(out, symbols.string(text)),
        LabelValue::Number { value, unit } if unit.is_empty() => write!(out, "{value}"),
        LabelValue::Number { value, unit } => {
            write!(out, "{{\"value\":{value},\"unit\":")?;
            json_string(out, symbols.string(unit))?;
            out.write_all(b"}")
        }
    }
}
