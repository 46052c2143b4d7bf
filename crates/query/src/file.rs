//! Profiles of files: read, and their values chosen by name.
//!
//! ```
//! use query::file::{self, Options};
//!
//! let read = file::read("x.folded", b"main;parse 3\n", &Options::default())?;
//! assert_eq!(read.profile.samples.total(0), 3);
//!
//! let error = file::read("page", b"<html>Please log in</html>", &Options::default()).unwrap_err();
//! assert!(error.to_string().starts_with("`page`: expected a profile, found an HTML page"));
//! # Ok::<(), file::FileError>(())
//! ```

use std::collections::BTreeSet;

use profile_codec::detect::Form;
use profile_codec::pprof::Limits;
use profile_codec::{file as codec, jfr};
use profile_model::{Profile, Sample, Samples, ValueType};
use report_render::{folded, transform};

use crate::Stacks;
use crate::backend::sample_types;

/// How a file is read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Keeps the frames that the profile itself says are of no interest (`drop_frames`).
    pub all_frames: bool,
}

/// A profile of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProfileFile {
    /// The profile, all of its sample types.
    pub profile: Profile,
    /// The profiles of which it was put together, where they measure different things, as those of a recording of Java do; for
    /// who stores each under a name of its own. Otherwise none.
    pub kinds: Vec<Profile>,
    /// What is to be said about it: several profiles that were merged, or frames that were dropped.
    pub notes: Vec<String>,
}

/// Why a file is no profile.
#[derive(Debug, thiserror::Error)]
#[error("`{name}`: {reason}")]
pub struct FileError {
    /// The file.
    pub name: String,
    /// What was expected, and what the file looks like.
    pub reason: String,
    /// What to do about it; empty if nothing can be said.
    pub hint: String,
}

/// Reads a profile from a file of any form that is read: pprof, compressed or not, the older forms that `go tool pprof`
/// reads, folded stacks, and recordings of Java. Several profiles in one file are merged.
///
/// # Errors
/// If it is anything else, with what it looks like and what to do.
pub fn read(name: &str, bytes: &[u8], options: &Options) -> Result<ProfileFile, FileError> {
    let wrong =
        |reason: String, hint: &str| FileError { name: words::safe(name), reason, hint: hint.to_owned() };
    let (mut notes, mut kinds) = (Vec::new(), Vec::new());
    let mut profile = match codec::read(bytes, &codec::Options::default()) {
        Ok(contents) => {
            let count = contents.profiles.len();
            if count > 1 {
                notes.push(format!("{count} profiles in `{}`, merged", words::safe(name)));
            }
            Profile::merge(contents.profiles.iter()).map_err(|error| {
                wrong(format!("expected profiles of the same types: {error}"), "look at one at a time")
            })?
        }
        Err(unreadable) if unreadable.form == Form::Folded => {
            folded_profile(bytes).map_err(|reason| wrong(reason, ""))?
        }
        Err(unreadable) if unreadable.form == Form::Jfr => {
            kinds = recorded(bytes, &mut notes).map_err(|(reason, hint)| wrong(reason, hint))?;
            jfr::united(&kinds)
        }
        Err(unreadable) => return Err(wrong(unreadable.to_string(), unreadable.hint())),
    };
    if profile.sample_types.is_empty() {
        return Err(wrong("expected a profile, found one without sample types".to_owned(), ""));
    }
    if !options.all_frames && !profile.drop_frames.is_empty() {
        let frames = |profile: &Profile| -> usize {
            profile.samples.stacks().iter().map(|stack| profile.symbols.stack(*stack).len()).sum()
        };
        let before = frames(&profile);
        profile = transform::prune(profile);
        if frames(&profile) < before {
            notes.push(
                "frames that the profile says are of no interest are dropped; --all-frames keeps them".into(),
            );
        }
    }
    Ok(ProfileFile { profile, kinds, notes })
}

fn folded_profile(bytes: &[u8]) -> Result<Profile, String> {
    let read = folded::parse(bytes, &folded::ParseOptions::default());
    read.map_err(|error| format!("expected folded stacks: {error}: {}", error.kind))
}

/// The profiles of a recording of Java, or why there are none and what to do.
fn recorded(bytes: &[u8], notes: &mut Vec<String>) -> Result<Vec<Profile>, (String, &'static str)> {
    let unpacked =
        codec::unpacked(bytes, &Limits::default()).map_err(|error| (error.to_string(), error.hint()))?;
    let recording = jfr::decode(&unpacked, &jfr::Options::default())
        .map_err(|error| (format!("expected {}: {error}", Form::Jfr), error.hint()))?;
    if recording.profiles.is_empty() {
        let hint = "record with settings that sample threads, allocations or locks";
        return Err((format!("expected samples, found none in {}", Form::Jfr), hint));
    }
    notes.extend(recording.notes());
    Ok(recording.profiles)
}

/// Why there is no value to compare or to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// No sample type is in all profiles.
    #[error("expected a sample type that both have, found none: {} and {}", words::listed(&lists[0], 10), words::listed(&lists[1], 10))]
    NothingCommon {
        /// The types of each.
        lists: [Vec<String>; 2],
    },
    /// The name is no sample type of a profile.
    #[error("expected a sample type of the file, found `{name}`: there are {}", words::listed(known, 10))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The types that it has.
        known: Vec<String>,
    },
    /// The values measure different things.
    #[error("expected the same dimension on both sides, found {} and {}", found[0], found[1])]
    Units {
        /// The types of both sides.
        found: [String; 2],
    },
}

/// The position of the sample type that a name means: its own name (`inuse_space`), a short name (`memory`, `cpu`),
/// `type/unit`, or a full id of which the sample type counts. Without a name it is the one that the profile names, else
/// the last, as in pprof.
///
/// # Errors
/// [`ValueError::Unknown`].
pub fn value_of(profile: &Profile, name: Option<&str>) -> Result<usize, ValueError> {
    let Some(name) = name else { return Ok(default_value(profile)) };
    position(profile, name)
        .ok_or_else(|| ValueError::Unknown { name: words::short(name, 128), known: types(profile) })
}

/// The positions of one sample type in two profiles, chosen once, by name, from what both have: the one that is named,
/// else the default of the one that is looked at, else that of the one it is compared with, else the last.
///
/// # Errors
/// There is no such type, none in common, or their units measure different things.
pub fn common_value(sides: [&Profile; 2], names: [Option<&str>; 2]) -> Result<[usize; 2], ValueError> {
    let [base, compared] = sides;
    let chosen = match names {
        [None, None] => common_default(base, compared)?,
        [base_name, name] => [value_of(base, base_name.or(name))?, value_of(compared, name.or(base_name))?],
    };
    let found = [&base.sample_types[chosen[0]], &compared.sample_types[chosen[1]]];
    if profile_model::comparable(&found[0].unit, &found[1].unit).is_none() {
        return Err(ValueError::Units { found: found.map(ToString::to_string) });
    }
    Ok(chosen)
}

fn common_default(base: &Profile, compared: &Profile) -> Result<[usize; 2], ValueError> {
    let names = |profile: &Profile| -> BTreeSet<String> {
        profile.sample_types.iter().map(|of| of.name.clone()).collect()
    };
    let both: BTreeSet<String> = names(base).intersection(&names(compared)).cloned().collect();
    let name = |profile: &Profile| profile.sample_types.get(default_value(profile)).map(|of| of.name.clone());
    let last = compared.sample_types.iter().rev().map(|of| of.name.clone());
    let wanted = [name(compared), name(base)].into_iter().flatten().chain(last);
    let Some(chosen) = wanted.into_iter().find(|name| both.contains(name)) else {
        return Err(ValueError::NothingCommon { lists: [types(base), types(compared)] });
    };
    let at = |profile: &Profile| profile.sample_type(&chosen).unwrap_or_default();
    Ok([at(base), at(compared)])
}

fn position(profile: &Profile, name: &str) -> Option<usize> {
    let all = &profile.sample_types;
    let exact = |of: &ValueType| of.name == name || of.to_string() == name;
    if let Some(found) = all.iter().position(exact) {
        return Some(found);
    }
    let of_alias = |wanted: &String| profile.sample_type(wanted);
    sample_types(name).iter().find_map(of_alias)
}

fn default_value(profile: &Profile) -> usize {
    let named = profile.sample_type(&profile.default_sample_type);
    named.unwrap_or(profile.sample_types.len().saturating_sub(1))
}

fn types(profile: &Profile) -> Vec<String> {
    profile.sample_types.iter().map(|of| words::safe(&of.to_string())).collect()
}

/// A profile with only one of its sample types.
pub fn only_value(profile: Profile, value: usize) -> Profile {
    if profile.sample_types.len() == 1 {
        return profile;
    }
    let mut samples = Samples::new(1);
    for sample in profile.samples.iter() {
        samples.push(Sample { values: &sample.values[value..=value], ..sample });
    }
    let sample_types = vec![profile.sample_types[value].clone()];
    Profile { sample_types, samples, ..profile }
}

/// A profile's first value, as stacks to be changed and shown.
pub fn first_value(profile: Profile) -> Stacks {
    Stacks::Profile(Box::new(only_value(profile, 0)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn profile(types: &[(&str, &str)], default: &str) -> Profile {
        let types = types.iter().map(|(name, unit)| ValueType::new(*name, *unit)).collect();
        Profile { default_sample_type: default.to_owned(), ..Profile::new(types) }
    }

    const HEAP: [(&str, &str); 4] = [
        ("alloc_objects", "count"),
        ("alloc_space", "bytes"),
        ("inuse_objects", "count"),
        ("inuse_space", "bytes"),
    ];

    #[test]
    fn values_are_found_by_every_name() {
        let heap = profile(&HEAP, "");
        let check = |name: Option<&str>, expect: Option<usize>| {
            assert_eq!(value_of(&heap, name).ok(), expect, "{name:?}");
        };
        check(None, Some(3));
        check(Some("alloc_space"), Some(1));
        check(Some("alloc"), Some(1));
        check(Some("memory"), Some(3));
        check(Some("inuse_objects/count"), Some(2));
        check(Some("memory:alloc_objects:count:space:bytes"), Some(0));
        check(Some("cpu"), None);
        let cpu = profile(&[("samples", "count"), ("cpu", "nanoseconds")], "");
        assert_eq!(value_of(&cpu, Some("cpu")), Ok(1));
        assert_eq!(value_of(&profile(&[("samples", "count")], ""), Some("cpu")), Ok(0));
    }

    #[test]
    fn a_recording_of_java_is_one_profile_and_one_of_each_kind() {
        let bytes = include_bytes!("../../profile-codec/tests/fixtures/jfr/agent.jfr.gz");
        let read = read("r.jfr", bytes, &Options::default()).unwrap();
        let total = |name: Option<&str>| read.profile.samples.total(value_of(&read.profile, name).unwrap());
        assert_eq!(total(None), 410_000_000);
        assert_eq!(total(Some("delay")), 493_328_695);
        assert_eq!(total(Some("alloc_in_new_tlab_objects")), 114);
        assert_eq!((read.kinds.len(), read.notes), (4, Vec::<String>::new()));
        let error = super::read("r.jfr", b"FLR\0\0\x01", &Options::default()).unwrap_err();
        assert!(
            error.to_string().starts_with("`r.jfr`: expected a Java Flight Recorder recording: "),
            "{error}"
        );
        assert!(!error.hint.is_empty());
    }

    #[test]
    fn both_sides_get_the_same_value() {
        let (heap, named) = (profile(&HEAP, ""), profile(&HEAP, "alloc_space"));
        let check = |sides: [&Profile; 2], names, expect| {
            assert_eq!(common_value(sides, names).ok(), expect);
        };
        check([&heap, &heap], [None, None], Some([3, 3]));
        check([&heap, &named], [None, None], Some([1, 1]));
        check([&named, &heap], [None, None], Some([3, 3]));
        check([&heap, &heap], [None, Some("alloc")], Some([1, 1]));
        check([&heap, &heap], [Some("alloc_space"), Some("inuse_space")], Some([1, 3]));
        check([&heap, &heap], [Some("alloc_objects"), Some("inuse_space")], None);
        let cpu = profile(&[("samples", "count"), ("cpu", "nanoseconds")], "");
        let error = common_value([&heap, &cpu], [None, None]).unwrap_err().to_string();
        assert_eq!(
            error,
            "expected a sample type that both have, found none: alloc_objects/count, alloc_space/bytes, \
             inuse_objects/count, inuse_space/bytes and samples/count, cpu/nanoseconds"
        );
    }
}
