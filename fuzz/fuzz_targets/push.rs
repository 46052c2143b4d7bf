//! Any bytes are a push of Pyroscope's, or a body of /ingest in each form, or an error; labels are such as selectors say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyroscope_api::{Pushed, fuzzing};

fuzz_target!(|bytes: &[u8]| {
    let Some((first, body)) = bytes.split_first() else { return };
    let pushed = match first % 5 {
        0 => fuzzing::push(body),
        1 => fuzzing::ingest("pprof", "application/octet-stream", body),
        2 => fuzzing::ingest("", "multipart/form-data; boundary=b", body),
        3 => fuzzing::ingest("lines", "", body),
        _ => fuzzing::ingest("", "", body),
    };
    pushed.iter().for_each(is_sound);
});

fn is_sound(pushed: &Pushed) {
    let named = profile_store::Named::new(pushed.labels.iter()).expect("labels of a push have a name");
    let _ = profile_store::NewProfile::new(&named, pushed.profile.clone(), profile_store::Keep::default(), None);
}
