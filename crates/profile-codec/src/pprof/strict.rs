//! What Parca checks before it takes a profile, in its order.
//!
//! Parca lets an index through that is equal to the length of the string table, and does not look
//! for negative ones; both end its process. Those are refused here when the profile is resolved.

use super::{
    InvalidProfile, Table,
    raw::{RawLabel, RawProfile},
    resolve::{check_first_string, check_value_count},
};

type Result = std::result::Result<(), InvalidProfile>;

pub(super) fn check(raw: &RawProfile<'_>, executable_infos: usize) -> Result {
    check_first_string(raw)?;
    let strings = raw.strings.len() as i64;
    check_mappings(raw, strings)?;
    if executable_infos != 0 && executable_infos != raw.mappings.len() {
        let mappings = raw.mappings.len();
        return Err(InvalidProfile::ExecutableInfos { mappings, infos: executable_infos });
    }
    check_functions(raw, strings)?;
    check_locations(raw)?;
    check_samples(raw, strings)
}

fn check_mappings(raw: &RawProfile<'_>, strings: i64) -> Result {
    check_sequence(Table::Mapping, raw.mappings.iter().map(|mapping| mapping.id), |at| {
        let mapping = &raw.mappings[at];
        let fields = [("filename", mapping.file), ("buildid", mapping.build_id)];
        check_strings(Table::Mapping, mapping.id, &fields, strings)
    })
}

fn check_functions(raw: &RawProfile<'_>, strings: i64) -> Result {
    check_sequence(Table::Function, raw.functions.iter().map(|function| function.id), |at| {
        let function = &raw.functions[at];
        let fields =
            [("name", function.name), ("systemname", function.system_name), ("filename", function.filename)];
        check_strings(Table::Function, function.id, &fields, strings)
    })
}

fn check_locations(raw: &RawProfile<'_>) -> Result {
    for (id, (location, lines)) in (1..).zip(raw.locations()) {
        if location.id != id {
            return Err(InvalidProfile::NotSequential(Table::Location));
        }
        if location.mapping_id > raw.mappings.len() as u64 {
            return Err(InvalidProfile::MappingOfLocation(location.mapping_id));
        }
        let known = raw.functions.len() as u64;
        if let Some(line) = lines.iter().find(|line| line.function_id > known) {
            let (location, function) = (location.id, line.function_id);
            return Err(InvalidProfile::FunctionOfLocation { location, function });
        }
    }
    Ok(())
}

fn check_samples(raw: &RawProfile<'_>, strings: i64) -> Result {
    if raw.sample_types.is_empty() && !raw.samples.is_empty() {
        return Err(InvalidProfile::NoSampleTypes);
    }
    let known = raw.locations.len() as u64;
    for (sample, parts) in raw.samples().enumerate() {
        check_value_count(parts.values, raw.sample_types.len())?;
        for (number, id) in parts.location_ids.iter().enumerate() {
            match *id {
                0 => return Err(InvalidProfile::ZeroLocation),
                id if id > known => return Err(InvalidProfile::LocationOfSample { sample, number, id }),
                _ => {}
            }
        }
        for (number, label) in parts.labels.iter().enumerate() {
            check_label(sample, number, label, strings)?;
        }
    }
    Ok(())
}

fn check_label(sample: usize, label: usize, raw: &RawLabel, strings: i64) -> Result {
    if raw.key == 0 {
        return Err(InvalidProfile::LabelWithoutKey { sample, label });
    }
    for (field, index) in [("key", raw.key), ("str", raw.text)] {
        if index > strings {
            return Err(InvalidProfile::LabelString { sample, label, field, index });
        }
    }
    Ok(())
}

/// Checks that ids count up from 1, and each entry after its id.
fn check_sequence(table: Table, ids: impl Iterator<Item = u64>, check: impl Fn(usize) -> Result) -> Result {
    for (at, id) in ids.enumerate() {
        if id != at as u64 + 1 {
            return Err(InvalidProfile::NotSequential(table));
        }
        check(at)?;
    }
    Ok(())
}

fn check_strings(table: Table, id: u64, fields: &[(&'static str, i64)], strings: i64) -> Result {
    match fields.iter().find(|(_, index)| *index > strings) {
        Some((field, index)) => Err(InvalidProfile::EntryString { table, id, field, index: *index }),
        None => Ok(()),
    }
}
