use std::collections::HashMap;
use std::collections::HashSet;

use profile_model::{
    Function, LabelValue, Line, Location, LocationId, MappingId, Profile, Sample, SampleLabel, StringId,
    Symbols, ValueType,
};

use super::LegacyError;
use super::frames;
use super::maps::{self, Map};
use crate::pprof::Limits;

/// A profile while it is read: stacks of addresses, and apart from them what is known of each address.
pub(super) struct Draft {
    pub(super) types: Vec<ValueType>,
    pub(super) period_type: ValueType,
    pub(super) period: i64,
    pub(super) duration_nanos: i64,
    pub(super) samples: Vec<DraftSample>,
    pub(super) maps: Vec<Map>,
    pub(super) names: HashMap<u64, Vec<Named>>,
    /// Whether addresses say something beside the names; Java's are only ids.
    pub(super) has_addresses: bool,
    limits: Limits,
    numbers: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DraftSample {
    /// Leaf first.
    pub(super) stack: Vec<u64>,
    pub(super) values: Vec<i64>,
    /// The size of one block, in samples of allocations.
    pub(super) block_bytes: Option<i64>,
}

/// A function at an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) function: String,
    pub(super) file: String,
    pub(super) line: i64,
}

impl Draft {
    pub(super) fn new(
        types: &[(&str, &str)],
        period_type: (&str, &str),
        period: i64,
        limits: &Limits,
    ) -> Self {
        Self {
            types: types.iter().map(|(name, unit)| ValueType::new(*name, *unit)).collect(),
            period_type: ValueType::new(period_type.0, period_type.1),
            period,
            duration_nanos: 0,
            samples: Vec::new(),
            maps: Vec::new(),
            names: HashMap::new(),
            has_addresses: true,
            limits: *limits,
            numbers: 0,
        }
    }

    pub(super) fn push(&mut self, sample: DraftSample) -> Result<(), LegacyError> {
        let Limits { max_samples, max_stack_depth, max_sample_numbers, .. } = self.limits;
        let too_large = |what, limit| Err(LegacyError::TooLarge { what, limit });
        self.numbers += sample.stack.len() + sample.values.len();
        match () {
            () if self.samples.len() >= max_samples => too_large("samples", max_samples),
            () if sample.stack.len() > max_stack_depth => too_large("locations in a sample", max_stack_depth),
            () if self.numbers > max_sample_numbers => {
                too_large("locations and values in all samples", max_sample_numbers)
            }
            () => {
                self.samples.push(sample);
                Ok(())
            }
        }
    }

    /// The model. Errors of the tables come out here.
    pub(super) fn finish(mut self) -> Result<Profile, LegacyError> {
        let limit = self.limits.max_table_entries;
        if self.maps.len() > limit || self.names.len() > limit {
            return Err(LegacyError::TooLarge { what: "entries of a table", limit });
        }
        let seen = self.addresses();
        maps::tidy(&mut self.maps);
        let places = maps::place(&mut self.maps, &seen, self.has_addresses);
        let mut profile = Profile::new(std::mem::take(&mut self.types));
        profile.period_type = Some(self.period_type.clone());
        profile.period = self.period;
        profile.duration_nanos = self.duration_nanos;
        let (drop, keep) = frames::to_drop(&profile.sample_types);
        (profile.drop_frames, profile.keep_frames) = (drop, keep);
        let mappings: Vec<MappingId> = self.maps.iter().map(|map| map.intern(&mut profile.symbols)).collect();
        let mut locations = HashMap::with_capacity(seen.len());
        for (address, place) in seen.iter().zip(&places) {
            let mapping = place.map(|at| mappings[at]);
            locations.insert(*address, self.location(&mut profile.symbols, *address, mapping));
        }
        self.samples(&mut profile, &locations);
        Ok(profile)
    }

    /// Each address once, in order of first sight.
    fn addresses(&self) -> Vec<u64> {
        let mut known = HashSet::new();
        let all = self.samples.iter().flat_map(|sample| &sample.stack).copied();
        all.filter(|address| known.insert(*address)).collect()
    }

    fn location(&self, symbols: &mut Symbols, address: u64, mapping: Option<MappingId>) -> LocationId {
        let names = self.names.get(&address).map(Vec::as_slice).unwrap_or_default();
        let lines: Vec<Line> = names.iter().map(|named| named.intern(symbols)).collect();
        let address = if self.has_addresses || lines.is_empty() { address } else { 0 };
        symbols.intern_location(Location { mapping, address, is_folded: false, lines: &lines })
    }

    fn samples(&self, profile: &mut Profile, locations: &HashMap<u64, LocationId>) {
        let bytes = profile.symbols.intern_string("bytes");
        for sample in &self.samples {
            let stack: Vec<LocationId> = sample.stack.iter().map(|address| locations[address]).collect();
            let stack = profile.symbols.intern_stack(&stack);
            let label = |value| SampleLabel {
                key: bytes,
                value: LabelValue::Number { value, unit: StringId::EMPTY },
            };
            let label = sample.block_bytes.map(label);
            profile.samples.push(Sample { stack, values: &sample.values, labels: label.as_slice() });
        }
    }
}

impl Named {
    fn intern(&self, symbols: &mut Symbols) -> Line {
        let name = symbols.intern_string(&self.function);
        let filename = symbols.intern_string(&self.file);
        let function = Function { name, system_name: name, filename, start_line: 0 };
        Line { function: Some(symbols.intern_function(function)), line: self.line, column: 0 }
    }
}

/// The leaf is where the program was; the other addresses are where calls return to, which one less
/// puts on the call.
pub(super) fn onto_calls(stack: &mut [u64]) {
    stack.iter_mut().skip(1).for_each(|address| *address = address.wrapping_sub(1));
}

/// Signal handlers write the leaf twice: as the signal's context and as the first return address.
pub(super) fn drop_doubled_leaf(samples: &mut [DraftSample]) {
    for sample in samples {
        if sample.stack.len() > 1 && sample.stack[0] == sample.stack[1].wrapping_add(1) {
            sample.stack.remove(1);
        }
    }
}
