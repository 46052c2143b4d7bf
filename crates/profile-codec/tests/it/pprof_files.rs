use std::path::{Path, PathBuf};

use profile_codec::pprof::{self, Limits};
use profile_model::{FunctionTable, Profile};

use crate::flat;

/// Real profiles.
pub(crate) fn profiles() -> Vec<PathBuf> {
    test_support::real_profiles()
}

pub(crate) fn read(path: &Path) -> Profile {
    pprof::decode(&std::fs::read(path).unwrap(), &Limits::default())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn real_profiles_round_trip() {
    for path in profiles() {
        let profile = read(&path);
        let again = pprof::decode(&pprof::encode_gzip(&profile), &Limits::default()).unwrap();
        assert!(flat::of_model(&again) == flat::of_model(&profile), "{}", path.display());
        for bytes in [pprof::encode(&profile), pprof::encode_gzip(&profile)] {
            let owned = pprof::decode_vec(bytes, &Limits::default()).unwrap();
            assert!(flat::of_model(&owned) == flat::of_model(&profile), "{}", path.display());
        }
        assert!(pprof::decode_like_parca(&pprof::encode(&profile), 0, &Limits::default()).is_ok());
        for sample_type in 0..profile.sample_types.len() {
            let total = profile.samples.total(sample_type);
            assert_eq!(again.samples.total(sample_type), total);
            let table = FunctionTable::of(&profile.symbols, profile.samples.column(sample_type));
            assert_eq!(i128::from(table.total), total);
            assert!(table.rows.iter().all(|row| row.cumulative <= table.total));
        }
    }
}

#[test]
fn real_profiles_agree_with_prost() {
    use prost::Message;
    for path in profiles() {
        let profile = read(&path);
        let bytes = pprof::encode(&profile);
        let message = parca_proto::pprof::Profile::decode(bytes.as_slice()).unwrap();
        assert!(flat::of_message(&message) == Some(flat::of_model(&profile)), "{}", path.display());
    }
}

#[test]
fn a_series_merges_to_the_sum_of_its_totals() {
    let series: Vec<_> = profiles()
        .iter()
        .filter(|path| path.parent().unwrap().ends_with("series"))
        .map(|path| read(path))
        .collect();
    let Some(first) = series.first() else { return };
    let merged = Profile::merge(&series).unwrap();
    for sample_type in 0..first.sample_types.len() {
        let sum: i128 = series.iter().map(|profile| profile.samples.total(sample_type)).sum();
        assert_eq!(merged.samples.total(sample_type), sum);
    }
    assert!(Profile::diff(&merged, &merged).unwrap().samples.is_empty());
}
