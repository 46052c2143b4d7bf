//! What strangers' bytes go through, for fuzz targets and property tests.

use profile_store::NewProfile;

use crate::otlp;

/// The profiles of an encoded OTLP export that can be stored.
pub fn otlp(bytes: &[u8]) -> Vec<NewProfile> {
    otlp::profiles(bytes).unwrap_or_default()
}

/// The profiles of an export as JSON.
pub fn otlp_json(bytes: &[u8]) -> Vec<NewProfile> {
    otlp::from_json(bytes).map(|bytes| otlp(&bytes)).unwrap_or_default()
}
