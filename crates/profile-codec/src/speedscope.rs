//! speedscope's own file format: profiles of samples, or of frames that open and close.
//!
//! The schema is that of jlfwong/speedscope (`file-format-schema.json`).

use std::collections::HashMap;

use profile_model::{
    Function, LabelValue, Line, Location, LocationId, Profile, Sample, SampleLabel, StackId, Symbols,
    ValueType,
};
use serde_json::Value;

use crate::pprof::Limits;

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpeedscopeError {
    /// No JSON.
    #[error("expected JSON: {0}")]
    Json(String),
    /// Something is not as the format has it.
    #[error("{place}: expected {expected}")]
    Shape {
        /// Where.
        place: String,
        /// What the format has there.
        expected: &'static str,
    },
    /// More than the reader allows.
    #[error("expected at most {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The most that is read.
        limit: usize,
    },
}

type Result<T> = std::result::Result<T, SpeedscopeError>;

/// Reads a file. Its profiles, which stand for threads, become one for each unit; the name of a profile is
/// the label `thread` of its samples.
///
/// # Errors
/// If the file is not as the format has it, or exceeds the limits.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Vec<Profile>> {
    let file: Value =
        serde_json::from_slice(bytes).map_err(|error| SpeedscopeError::Json(error.to_string()))?;
    let frames = list(&file["shared"]["frames"], "shared.frames")?;
    let mut drafts: Vec<(String, Draft<'_>)> = Vec::new();
    for (at, one) in list(&file["profiles"], "profiles")?.iter().enumerate() {
        let unit = one["unit"].as_str().unwrap_or("none").to_owned();
        let place = match drafts.iter().position(|(known, _)| *known == unit) {
            Some(place) => place,
            None => {
                let scale = scale(&unit)
                    .ok_or_else(|| shape(format!("profiles[{at}].unit"), "a unit of speedscope's"))?;
                drafts.push((unit, Draft::new(frames, scale, limits)));
                drafts.len() - 1
            }
        };
        drafts[place].1.add(one, &format!("profiles[{at}]"))?;
    }
    Ok(drafts
        .into_iter()
        .map(|(_, draft)| draft.profile)
        .filter(|profile| !profile.samples.is_empty())
        .collect())
}

fn shape(place: impl Into<String>, expected: &'static str) -> SpeedscopeError {
    SpeedscopeError::Shape { place: place.into(), expected }
}

fn list<'a>(value: &'a Value, place: &str) -> Result<&'a [Value]> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| shape(place, "a list"))
}

/// What a unit counts, and how many of ours one is.
fn scale(unit: &str) -> Option<(ValueType, f64)> {
    let time = |factor| (ValueType::new("time", "nanoseconds"), factor);
    Some(match unit {
        "none" => (ValueType::new("samples", "count"), 1.0),
        "nanoseconds" => time(1.0),
        "microseconds" => time(1e3),
        "milliseconds" => time(1e6),
        "seconds" => time(1e9),
        "bytes" => (ValueType::new("space", "bytes"), 1.0),
        _ => return None,
    })
}

struct Draft<'a> {
    profile: Profile,
    frames: &'a [Value],
    known: HashMap<usize, LocationId>,
    factor: f64,
    limits: Limits,
}

impl<'a> Draft<'a> {
    fn new(frames: &'a [Value], (sample_type, factor): (ValueType, f64), limits: &Limits) -> Self {
        let mut profile = Profile::new(vec![sample_type.clone()]);
        (profile.period_type, profile.period) = (Some(sample_type), 1);
        Self { profile, frames, known: HashMap::new(), factor, limits: *limits }
    }

    fn add(&mut self, one: &Value, place: &str) -> Result<()> {
        let name = one["name"].as_str().unwrap_or_default();
        let label = (!name.is_empty()).then(|| self.label(name));
        match one["type"].as_str() {
            Some("sampled") => self.sampled(one, place, label)?,
            Some("evented") => self.evented(one, place, label)?,
            _ => return Err(shape(format!("{place}.type"), "`sampled` or `evented`")),
        }
        if self.profile.sample_types[0].unit == "nanoseconds" {
            let span =
                one["endValue"].as_f64().unwrap_or_default() - one["startValue"].as_f64().unwrap_or_default();
            self.profile.duration_nanos = self.profile.duration_nanos.max((span * self.factor) as i64);
        }
        Ok(())
    }

    fn label(&mut self, name: &str) -> SampleLabel {
        let symbols = &mut self.profile.symbols;
        SampleLabel {
            key: symbols.intern_string("thread"),
            value: LabelValue::Text(symbols.intern_string(name)),
        }
    }

    fn sampled(&mut self, one: &Value, place: &str, label: Option<SampleLabel>) -> Result<()> {
        let samples = list(&one["samples"], &format!("{place}.samples"))?;
        let weights = list(&one["weights"], &format!("{place}.weights"))?;
        if samples.len() != weights.len() {
            return Err(shape(format!("{place}.weights"), "as many as there are samples"));
        }
        for (sample, weight) in samples.iter().zip(weights) {
            let place = || format!("{place}.samples");
            let weight = weight.as_f64().ok_or_else(|| shape(format!("{}: weights", place()), "numbers"))?;
            let frames = sample.as_array().ok_or_else(|| shape(place(), "lists of frames"))?;
            let stack = frames.iter().map(|frame| self.frame(frame, &place())).collect::<Result<Vec<_>>>()?;
            self.push(&stack, weight, label)?;
        }
        Ok(())
    }

    /// Between two events, what is open takes time.
    fn evented(&mut self, one: &Value, place: &str, label: Option<SampleLabel>) -> Result<()> {
        let place = format!("{place}.events");
        let (mut open, mut last) = (Vec::new(), None);
        for event in list(&one["events"], &place)? {
            let at = event["at"].as_f64().ok_or_else(|| shape(&place, "`at` with a number"))?;
            if let (Some(last), false) = (last, open.is_empty()) {
                self.push(&open, at - last, label)?;
            }
            last = Some(at);
            let frame = self.frame(&event["frame"], &place)?;
            match event["type"].as_str() {
                Some("O") => open.push(frame),
                Some("C") if open.last() == Some(&frame) => drop(open.pop()),
                Some("C") => {
                    return Err(shape(&place, "frames that close in the order in which they opened"));
                }
                _ => return Err(shape(&place, "`O` or `C`")),
            }
            if open.len() > self.limits.max_stack_depth {
                return Err(SpeedscopeError::TooLarge {
                    what: "frames in a stack",
                    limit: self.limits.max_stack_depth,
                });
            }
        }
        Ok(())
    }

    fn frame(&mut self, index: &Value, place: &str) -> Result<LocationId> {
        let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
        let index = index
            .filter(|index| *index < self.frames.len())
            .ok_or_else(|| shape(place, "indices of frames"))?;
        if let Some(known) = self.known.get(&index) {
            return Ok(*known);
        }
        let location = location(&mut self.profile.symbols, &self.frames[index]);
        self.known.insert(index, location);
        Ok(location)
    }

    fn push(&mut self, root_first: &[LocationId], weight: f64, label: Option<SampleLabel>) -> Result<()> {
        if self.profile.samples.len() >= self.limits.max_samples {
            return Err(SpeedscopeError::TooLarge { what: "samples", limit: self.limits.max_samples });
        }
        let value = (weight * self.factor).round() as i64;
        if value != 0 {
            let leaf_first: Vec<LocationId> = root_first.iter().rev().copied().collect();
            let stack = match leaf_first.is_empty() {
                true => StackId::EMPTY,
                false => self.profile.symbols.intern_stack(&leaf_first),
            };
            self.profile.samples.push(Sample { stack, values: &[value], labels: label.as_slice() });
        }
        Ok(())
    }
}

fn location(symbols: &mut Symbols, frame: &Value) -> LocationId {
    let text = |key: &str| frame[key].as_str().unwrap_or_default();
    let name = symbols.intern_string(text("name"));
    let filename = symbols.intern_string(text("file"));
    let function = Function { name, system_name: name, filename, start_line: 0 };
    let function = Some(symbols.intern_function(function));
    let number = |key: &str| frame[key].as_i64().unwrap_or_default().max(0);
    let lines = [Line { function, line: number("line"), column: number("col") }];
    symbols.intern_location(Location { mapping: None, address: 0, is_folded: false, lines: &lines })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<Vec<String>> {
        let profiles = decode(text.as_bytes(), &Limits::default())?;
        let mut found = Vec::new();
        for profile in &profiles {
            for sample in profile.samples.iter() {
                let name = |id: &LocationId| {
                    let function = profile.symbols.location(*id).lines[0].function.unwrap();
                    profile.symbols.string(profile.symbols.function(function).name).to_owned()
                };
                let stack: Vec<String> = profile.symbols.stack(sample.stack).iter().map(name).collect();
                found.push(format!("{} {} {}", profile.sample_types[0], sample.values[0], stack.join(";")));
            }
        }
        Ok(found)
    }

    fn file(profiles: &str) -> String {
        format!(
            r#"{{"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{{"frames":[{{"name":"a"}},{{"name":"b","file":"b.c","line":3}}]}},"profiles":[{profiles}]}}"#
        )
    }

    #[test]
    fn both_kinds_of_profiles_are_read() {
        let sampled = r#"{"type":"sampled","name":"t","unit":"milliseconds","startValue":0,"endValue":4,"samples":[[0,1],[0]],"weights":[1.5,2.5]}"#;
        assert_eq!(
            shown(&file(sampled)).unwrap(),
            ["time/nanoseconds 1500000 b;a", "time/nanoseconds 2500000 a"]
        );
        let evented = r#"{"type":"evented","name":"t","unit":"none","startValue":0,"endValue":9,"events":[{"type":"O","frame":0,"at":0},{"type":"O","frame":1,"at":2},{"type":"C","frame":1,"at":5},{"type":"C","frame":0,"at":9}]}"#;
        assert_eq!(
            shown(&file(evented)).unwrap(),
            ["samples/count 2 a", "samples/count 3 b;a", "samples/count 4 a"]
        );
        assert_eq!(shown(&file(&format!("{sampled},{evented}"))).unwrap().len(), 5);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let check =
            |profile: &str, expect: &str| assert_eq!(shown(&file(profile)).unwrap_err().to_string(), expect);
        check(r#"{"type":"x","unit":"none"}"#, "profiles[0].type: expected `sampled` or `evented`");
        check(r#"{"type":"sampled","unit":"parsec"}"#, "profiles[0].unit: expected a unit of speedscope's");
        check(
            r#"{"type":"sampled","unit":"none","samples":[[7]],"weights":[1]}"#,
            "profiles[0].samples: expected indices of frames",
        );
        check(
            r#"{"type":"sampled","unit":"none","samples":[[0]],"weights":[]}"#,
            "profiles[0].weights: expected as many as there are samples",
        );
        let crossed = r#"{"type":"evented","unit":"none","events":[{"type":"O","frame":0,"at":0},{"type":"C","frame":1,"at":1}]}"#;
        check(crossed, "profiles[0].events: expected frames that close in the order in which they opened");
    }

    proptest::proptest! {
        #[test]
        fn any_json_is_read_or_refused(text in r#"[\{\}\[\]":,a-z0-9 ]{0,100}"#) {
            let _ = decode(file(&text).as_bytes(), &Limits::default());
        }
    }
}
