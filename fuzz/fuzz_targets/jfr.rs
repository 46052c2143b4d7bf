//! Any bytes are a recording of Java, with labels of its threads, or an error; and profiles of one are written and read
//! again. The first byte says how many of the others are labels.
#![no_main]

use libfuzzer_sys::fuzz_target;
use profile_codec::jfr::{self, Contexts, Options};
use profile_codec::pprof::{self, Limits};
use profile_model::Profile;

fn same_when_read_again(profile: &Profile) {
    let again = pprof::decode(&pprof::encode(profile), &Limits::default()).expect("what was written is a profile");
    assert_eq!(again.samples.len(), profile.samples.len());
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (labels, recording) = rest.split_at(usize::from(*first).min(rest.len()));
    let mut options = Options::default();
    options.contexts = Contexts::decode(labels).unwrap_or_default();
    options.has_threads = true;
    // Large enough for any input, and small enough that a name told a thousand times is found out.
    options.limits.max_decoded_bytes = 1 << 20;
    match jfr::decode(recording, &options) {
        Ok(recording) => {
            assert!(recording.profiles.iter().all(|profile| jfr::series_name(profile).is_some()));
            recording.profiles.iter().for_each(same_when_read_again);
            let all = jfr::united(&recording.profiles);
            assert_eq!(all.samples.len(), recording.profiles.iter().map(|one| one.samples.len()).sum::<usize>());
            same_when_read_again(&all);
        }
        Err(error) => assert!(!error.to_string().contains('\n'), "an error is one line"),
    }
});
