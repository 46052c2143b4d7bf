/// How much a pprof may ask of its reader; the defaults are beyond any profile seen so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most bytes after decompression.
    pub max_decoded_bytes: usize,
    /// The most samples.
    pub max_samples: usize,
    /// The most locations and values, in all samples together.
    pub max_sample_numbers: usize,
    /// The most locations in one sample.
    pub max_stack_depth: usize,
    /// The most entries of each table: strings, functions, mappings, locations, lines, comments,
    /// labels of samples.
    pub max_table_entries: usize,
    /// The most sample types.
    pub max_sample_types: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_decoded_bytes: 256 << 20,
            max_samples: 8 << 20,
            max_sample_numbers: 64 << 20,
            max_stack_depth: 1 << 16,
            max_table_entries: 8 << 20,
            max_sample_types: 1 << 10,
        }
    }
}
