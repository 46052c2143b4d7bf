//! Tables in their Arrow form.

use std::collections::{BTreeMap, BTreeSet};

use parca_client::{QueryRequest, Report, ReportKind, TableRecord};
use profile_codec::arrow::{ArrowLimits, DecodedTable, decode_table};
use profile_codec::pprof::{self, Limits};
use profile_model::{CallRow, CallTable, CallTableOptions, Profile, Symbols, WeightedStack};

use crate::fixture::Pair;

pub(crate) async fn tables(pair: &Pair) {
    for written in &pair.written {
        for profile_type in written.types() {
            for selector in ["", r#"{parity="odd"}"#, r#"{parity="none"}"#] {
                let query = format!("{profile_type}{selector}");
                table(pair, &QueryRequest::merge(query, written.range(), ReportKind::TableArrow)).await;
            }
            for profile in written.profiles.iter().take(3) {
                let query = profile_type.to_string();
                table(pair, &QueryRequest::single(query, profile.time(), ReportKind::TableArrow)).await;
            }
        }
    }
}

async fn table(pair: &Pair, request: &QueryRequest) {
    let Some((real, ours)) = pair.ask(request).await else { return };
    let (Some(Report::TableArrow(real)), Some(Report::TableArrow(ours))) = (real.report, ours.report) else {
        panic!("{request:?}")
    };
    let mut same = request.clone();
    same.report = ReportKind::Pprof;
    let Some(Report::Pprof(bytes)) = pair.real.call(&same).await.unwrap().report else { panic!("{same:?}") };
    let profile = pprof::decode(&bytes, &Limits::default()).unwrap();
    let counted = CallTable::of(&profile.symbols, weighted(&profile), CallTableOptions::PARCA_TABLE);

    let real = rows_of_record(&real, request);
    assert_same(&real, &rows(&counted, &profile.symbols), request, "table", "pprof");
    assert_same(&real, &rows_of_record(&ours, request), request, "theirs", "ours");
}

/// Both records are the same rows.
pub(crate) fn same_record(real: &TableRecord, ours: &TableRecord, request: &QueryRequest) {
    assert_same(&rows_of_record(real, request), &rows_of_record(ours, request), request, "theirs", "ours");
}

fn weighted(profile: &Profile) -> impl Iterator<Item = WeightedStack> + '_ {
    profile.samples.column(0).map(|(stack, value)| WeightedStack { stack, value, diff: 0 })
}

type Name = (String, u64);

/// A row without what depends on which of several places was seen first.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    flat: i64,
    cumulative: i64,
    callers: BTreeSet<Name>,
    callees: BTreeSet<Name>,
}

fn rows_of_record(message: &TableRecord, request: &QueryRequest) -> BTreeMap<Name, Row> {
    match decode_table(&message.record, &ArrowLimits::default()) {
        Ok(DecodedTable { table, symbols }) => rows(&table, &symbols),
        Err(error) => panic!("{request:?}: {error}"),
    }
}

fn rows(table: &CallTable, symbols: &Symbols) -> BTreeMap<Name, Row> {
    let name = |row: &CallRow| {
        let frame = row.frame(symbols).unwrap();
        match symbols.frame_function(&frame) {
            Some(function) => (symbols.string(function.name).to_owned(), 0),
            None => (String::new(), symbols.location(frame.location).address),
        }
    };
    let names: Vec<Name> = table.rows.iter().map(name).collect();
    let set = |rows: &[usize]| rows.iter().map(|row| names[*row].clone()).collect();
    let mut found = BTreeMap::new();
    for (row, name) in table.rows.iter().zip(&names) {
        let (callers, callees) = (set(&row.callers), set(&row.callees));
        let row = Row { flat: row.flat, cumulative: row.cumulative, callers, callees };
        assert_eq!(found.insert(name.clone(), row), None, "{name:?} is there twice");
    }
    found
}

#[track_caller]
fn assert_same(
    found: &BTreeMap<Name, Row>,
    expected: &BTreeMap<Name, Row>,
    request: &QueryRequest,
    name: &str,
    other: &str,
) {
    for key in found.keys().chain(expected.keys()) {
        assert_eq!(found.get(key), expected.get(key), "{name} and {other} at {key:?} of {request:?}");
    }
}
