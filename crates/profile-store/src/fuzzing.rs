//! For fuzz targets only: the readers behind the checksums, given any bytes.

use crate::sealed::read_any_section;
use crate::store::read_any_record;

/// Reads bytes as each section of an index and as a record of the log. Each reader finds nothing or
/// something that is sound; none panics or reserves what the bytes only promise.
pub fn read_anything(bytes: &[u8]) {
    read_any_section(bytes);
    read_any_record(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, counts in prop::collection::vec(0..4_u8, 0..64)) {
            read_anything(&bytes);
            // Small numbers get further than random ones.
            read_anything(&counts);
        }
    }
}
