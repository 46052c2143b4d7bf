use profile_model::{Frame, Line, LocationId, Profile, StackId, Symbols};
use re2::Regex;

use super::{location_with, map_stacks};

/// Which stacks and frames stay, by what `go tool pprof` means with the options of these names.
///
/// A frame matches if its function's name or source file, or its binary's path has a match.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Filter {
    /// Only stacks with a frame that matches stay.
    pub focus: Option<Regex>,
    /// Stacks with a frame that matches go.
    pub ignore: Option<Regex>,
    /// Frames that match go; stacks that have none left go too.
    pub hide: Option<Regex>,
}

impl Filter {
    /// The profile with only what passes. What `focus` and `ignore` say is about stacks before
    /// frames are hidden.
    pub fn apply(&self, profile: Profile) -> Profile {
        let mut focus = self.focus.as_ref().map(Matcher::new);
        let mut ignore = self.ignore.as_ref().map(Matcher::new);
        let mut hide = self.hide.as_ref().map(Matcher::new);
        map_stacks(profile, |symbols, stack| {
            let has = |matcher: &mut Matcher<'_>| {
                symbols.stack(stack).iter().any(|location| matcher.lines(symbols, *location).contains(&true))
            };
            if focus.as_mut().is_some_and(|focus| !has(focus)) || ignore.as_mut().is_some_and(has) {
                return None;
            }
            match &mut hide {
                Some(hide) => without(symbols, stack, hide),
                None => Some(stack),
            }
        })
    }
}

/// Which frames match an expression, worked out once per location.
struct Matcher<'a> {
    regex: &'a Regex,
    /// For each location, innermost line first.
    by_location: Vec<Option<Box<[bool]>>>,
}

impl<'a> Matcher<'a> {
    fn new(regex: &'a Regex) -> Self {
        Self { regex, by_location: Vec::new() }
    }

    fn lines(&mut self, symbols: &Symbols, location: LocationId) -> &[bool] {
        let at = location.index();
        if at >= self.by_location.len() {
            self.by_location.resize(at + 1, None);
        }
        let regex = self.regex;
        self.by_location[at].get_or_insert_with(|| {
            symbols.frames_at(location).map(|frame| is_match(regex, symbols, &frame)).collect()
        })
    }
}

fn is_match(regex: &Regex, symbols: &Symbols, frame: &Frame<'_>) -> bool {
    let function = symbols.frame_function(frame);
    let mapping = symbols.frame_mapping(frame);
    let texts = [
        function.map(|function| function.name),
        function.map(|function| function.system_name).filter(|_| function.is_some_and(|f| f.name.is_empty())),
        function.map(|function| function.filename),
        mapping.map(|mapping| mapping.file),
    ];
    texts.into_iter().flatten().any(|text| !text.is_empty() && regex.is_match(symbols.string(text)))
}

/// The stack without the frames that match, if any are left.
fn without(symbols: &mut Symbols, stack: StackId, hide: &mut Matcher<'_>) -> Option<StackId> {
    let locations = symbols.stack(stack).to_vec();
    let mut kept = Vec::with_capacity(locations.len());
    for location in locations {
        let hidden = hide.lines(symbols, location);
        if !hidden.contains(&true) {
            kept.push(location);
            continue;
        }
        let lines = symbols.location(location).lines.iter().zip(hidden);
        let lines: Vec<Line> = lines.filter(|(_, hidden)| !**hidden).map(|(line, _)| *line).collect();
        if !lines.is_empty() {
            kept.push(location_with(symbols, Some(location), &lines));
        }
    }
    (!kept.is_empty()).then(|| symbols.intern_stack(&kept))
}
