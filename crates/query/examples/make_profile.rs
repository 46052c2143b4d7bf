//! A profile of any size for measurements, the same in every run:
//!
//! ```sh
//! make_profile SAMPLES STACKS DEPTH pprof > profile.pb.gz
//! make_profile SAMPLES STACKS DEPTH folded > profile.folded
//! ```
//!
//! Of the samples, each with a count and a CPU time, STACKS are of a stack that was not there
//! before, evenly spread; the others repeat one, some far more often than others. A stack has
//! between half of DEPTH and DEPTH calls. They follow a call graph of 5,000 functions in which each
//! calls some of eight others more often than the rest, so that many stacks start alike.
//!
//! Both forms have the same stacks and times in the same order; `folded` has a line for each sample.

use std::{
    error::Error,
    io::{self, BufWriter, Write},
};

use profile_codec::pprof;
use profile_model::{
    FrameName, Function, FunctionId, Line, Location, LocationId, Mapping, MappingFlags, Profile, Sample,
    StackId, Symbols, ValueType,
};

const FUNCTIONS: u64 = 5_000;
const CALLEES: u64 = 8;
/// CPU time of one count, in nanoseconds.
const PERIOD: i64 = 10_000_000;
/// How many stacks in a row may turn out to be known before there seem to be no others.
const MOST_KNOWN: usize = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [samples, stacks, depth, form] = &arguments[..] else {
        return Err("expected SAMPLES STACKS DEPTH pprof|folded".into());
    };
    let profile = profile(samples.parse()?, stacks.parse()?, depth.parse()?)?;
    let mut out = BufWriter::new(io::stdout().lock());
    match form.as_str() {
        "pprof" => out.write_all(&pprof::encode_gzip(&profile))?,
        "folded" => write_folded(&profile, &mut out)?,
        other => return Err(format!("expected the form `pprof` or `folded`, found `{other}`").into()),
    }
    Ok(out.flush()?)
}

fn profile(samples: usize, stacks: usize, depth: u64) -> Result<Profile, Box<dyn Error>> {
    if stacks == 0 || stacks > samples || depth == 0 {
        return Err("expected a depth of at least 1, and at least 1 stack but no more than samples".into());
    }
    let types = vec![ValueType::new("samples", "count"), ValueType::new("cpu", "nanoseconds")];
    let mut profile = Profile::new(types);
    profile.period_type = Some(ValueType::new("cpu", "nanoseconds"));
    profile.period = PERIOD;
    let locations = locations(&mut profile.symbols);
    let mut random = Random(1);
    let mut known: Vec<StackId> = Vec::with_capacity(stacks);
    for sample in 0..samples {
        // As large a part of the stacks is known by now as of the samples is made.
        let at = if known.len() * samples <= sample * stacks {
            known.push(new_stack(&mut profile.symbols, &locations, depth, &mut random)?);
            known.len() - 1
        } else {
            // Cubed: an eighth of the stacks gets half of the repeats.
            (random.share().powi(3) * known.len() as f64) as usize
        };
        let count = 1 + random.below(3) as i64;
        profile.samples.push(Sample { stack: known[at], values: &[count, count * PERIOD], labels: &[] });
    }
    Ok(profile)
}

/// A location in each function.
fn locations(symbols: &mut Symbols) -> Vec<LocationId> {
    let file = symbols.intern_string("/usr/local/bin/service");
    let build_id = symbols.intern_string("2a1b6e0fd9c4e5a7");
    let flags = MappingFlags { has_functions: true, has_filenames: true, ..MappingFlags::default() };
    let mapping = Mapping { start: 0x40_0000, limit: 0x240_0000, offset: 0, file, build_id, flags };
    let mapping = Some(symbols.intern_mapping(mapping));
    let location = |at: u64| {
        let function = Some(function(symbols, at));
        let lines = [Line { function, line: (at % 900) as i64 + 1, column: 0 }];
        let address = 0x40_0000 + at * 0x1000;
        symbols.intern_location(Location { mapping, address, is_folded: false, lines: &lines })
    };
    (0..FUNCTIONS).map(location).collect()
}

fn function(symbols: &mut Symbols, at: u64) -> FunctionId {
    let name = match at {
        0 => symbols.intern_string("main.main"),
        _ => symbols.intern_string(&format!(
            "example.com/service/pkg{}.(*Type{}).Method{at}",
            at % 97,
            at % 13
        )),
    };
    let filename = symbols.intern_string(&format!("/src/service/pkg{}/file{}.go", at % 97, at % 331));
    symbols.intern_function(Function { name, system_name: name, filename, start_line: (at % 900) as i64 })
}

fn new_stack(
    symbols: &mut Symbols,
    locations: &[LocationId],
    depth: u64,
    random: &mut Random,
) -> Result<StackId, String> {
    for _ in 0..MOST_KNOWN {
        let mut function = 0;
        let mut stack = Vec::new();
        for _ in 0..depth - random.below(depth / 2 + 1) {
            stack.push(locations[function as usize]);
            function = callee(function, random);
        }
        stack.reverse();
        let known = symbols.stacks().len();
        let stack = symbols.intern_stack(&stack);
        if symbols.stacks().len() > known {
            return Ok(stack);
        }
    }
    Err(format!("expected as many stacks as asked for, found only {}", symbols.stacks().len() - 1))
}

/// One of a function's callees, each half as likely as the one before.
fn callee(function: u64, random: &mut Random) -> u64 {
    let which = u64::from(random.next().trailing_zeros()).min(CALLEES - 1);
    // Its own numbers: a function calls the same others wherever it is.
    Random(function * CALLEES + which).below(FUNCTIONS - 1) + 1
}

fn write_folded(profile: &Profile, out: &mut impl Write) -> io::Result<()> {
    let symbols = &profile.symbols;
    for (stack, value) in profile.samples.column(profile.sample_types.len() - 1) {
        for (depth, location) in symbols.stack(stack).iter().rev().enumerate() {
            out.write_all(if depth > 0 { b";" } else { b"" })?;
            let frame = symbols.frames_at(*location).next();
            write!(out, "{}", frame.map_or(FrameName::Unknown, |frame| symbols.frame_name(&frame)))?;
        }
        writeln!(out, " {value}")?;
    }
    Ok(())
}

/// Numbers that are the same in every run: SplitMix64, <https://prng.di.unimi.it/splitmix64.c>.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// From 0 up to but not 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
