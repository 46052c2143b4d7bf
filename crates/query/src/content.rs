//! What a server answered, decoded.

use parca_client::{FlamegraphRecord, QueryAnswer, Report};
use pql::ProfileType;
use profile_codec::arrow::{ArrowLimits, decode_flame_graph};
use profile_codec::pprof::{self, Limits};
use profile_model::{Location, Profile, Sample, StackId, TimeRange, ValueType};
use report_render::{Selection, compare as compare_profiles, compare_by_share, transform};

use crate::{Question, Shape, View};

/// What is wrong with an answer.
pub(crate) type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// What a report is written from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Content {
    /// Parca's message.
    Arrow(FlamegraphRecord),
    /// One sample type, or in a comparison a second one: what changed.
    Profile(Box<Profile>),
}

/// An answer to one query.
pub(crate) struct Fetched {
    pub(crate) unit: String,
    /// Sum of the values that are left.
    pub(crate) total: i128,
    /// Sum of the values that were filtered out, by the server or here.
    pub(crate) filtered: i128,
    pub(crate) content: Content,
}

impl Fetched {
    /// Whether nothing matched, as opposed to values that sum up to nothing.
    pub(crate) fn is_empty(&self) -> bool {
        let no_stacks = match &self.content {
            Content::Profile(profile) => profile.samples.is_empty(),
            Content::Arrow(record) => record.height <= 1,
        };
        no_stacks && self.total == 0 && self.filtered == 0
    }
}

pub(crate) fn decode(
    answer: QueryAnswer,
    pprof_total: Option<i64>,
    question: &Question,
    range: TimeRange,
    profile_type: &ProfileType,
) -> Result<Fetched, Wrong> {
    let (total, filtered) = (i128::from(answer.total), i128::from(answer.filtered));
    match answer.report {
        Some(Report::Pprof(file)) => decode_pprof(&file, pprof_total, range, profile_type),
        Some(Report::FlamegraphArrow(record)) if question.view == View::FlamegraphArrow => {
            Ok(Fetched { unit: record.unit.clone(), total, filtered, content: Content::Arrow(record) })
        }
        Some(Report::FlamegraphArrow(record)) => {
            decode_tree(&record, total, filtered, &question.shape, profile_type)
        }
        _ => Err("no such report in the answer".into()),
    }
}

/// Parca's file may hold a stack several times, leaves out those without frames, and has no time to
/// speak of (facts/parca.md 4.5).
fn decode_pprof(
    file: &[u8],
    total: Option<i64>,
    range: TimeRange,
    profile_type: &ProfileType,
) -> Result<Fetched, Wrong> {
    let mut profile = Profile::merge([&pprof::decode(file, &Limits::default())?])?;
    profile.time_nanos = range.start.saturating_nanos();
    if profile_type.delta {
        profile.duration_nanos = range.end.saturating_nanos().saturating_sub(profile.time_nanos);
    }
    let unit = profile.sample_types.first().map(|sample_type| sample_type.unit.clone()).unwrap_or_default();
    let sum = |profile: &Profile| if profile.sample_types.is_empty() { 0 } else { profile.samples.total(0) };
    let frameless = i128::from(total.unwrap_or_default()) - sum(&profile);
    if let Ok(value @ 1..) = i64::try_from(frameless)
        && profile.sample_types.len() == 1
    {
        profile.samples.push(Sample { stack: StackId::EMPTY, values: &[value], labels: &[] });
    }
    let total = sum(&profile);
    Ok(Fetched { unit, total, filtered: 0, content: Content::Profile(Box::new(profile)) })
}

pub(crate) fn decode_tree(
    record: &FlamegraphRecord,
    total: i128,
    filtered: i128,
    shape: &Shape,
    profile_type: &ProfileType,
) -> Result<Fetched, Wrong> {
    let decoded = decode_flame_graph(&record.record, &ArrowLimits::default())?;
    let unit = record.unit.clone();
    let value_type = ValueType::new(shown_type(profile_type, &unit), &unit);
    let mut profile = decoded.graph.into_profile(decoded.symbols, value_type);
    // Stacks without frames are in the total and not in the tree. With a frame that nothing is known
    // of, they are in every form of the report.
    let frameless = total - profile.samples.total(0);
    if let Ok(value) = i64::try_from(frameless)
        && value != 0
    {
        let unknown = Location { mapping: None, address: 0, is_folded: false, lines: &[] };
        let unknown = profile.symbols.intern_location(unknown);
        let stack = profile.symbols.intern_stack(&[unknown]);
        profile.samples.push(Sample { stack, values: &[value], labels: &[] });
    }
    let profile = shaped(profile, shape);
    let left = profile.samples.total(0);
    Ok(Fetched {
        unit,
        total: left,
        filtered: filtered + total - left,
        content: Content::Profile(Box::new(profile)),
    })
}

/// A merge of samples comes multiplied by the period, as what the period is.
fn shown_type<'a>(profile_type: &'a ProfileType, unit: &str) -> &'a str {
    if unit != profile_type.sample_unit && unit == profile_type.period_unit {
        &profile_type.period_type
    } else {
        &profile_type.sample_type
    }
}

fn shaped(mut profile: Profile, shape: &Shape) -> Profile {
    let Shape { group_by, focus, ignore, hide, invert, .. } = shape;
    if focus.is_some() || ignore.is_some() || hide.is_some() {
        let mut filter = transform::Filter::default();
        (filter.focus, filter.ignore, filter.hide) = (focus.clone(), ignore.clone(), hide.clone());
        profile = filter.apply(profile);
    }
    if *invert {
        profile = transform::invert(profile);
    }
    let labels: Vec<_> = group_by.iter().cloned().map(transform::GroupBy::Label).collect();
    transform::group(profile, &labels)
}

/// What changed from one answer to another.
pub(crate) fn compare(base: Fetched, compared: Fetched, absolute: bool) -> Result<Fetched, Wrong> {
    let (Content::Profile(before), Content::Profile(after)) = (&base.content, &compared.content) else {
        return Err("expected stacks to compare".into());
    };
    let side = |profile| Selection::new(profile, 0).ok_or("expected a sample type, found none");
    let (before, after) = (side(before)?, side(after)?);
    let profile =
        if absolute { compare_profiles(&before, &after)? } else { compare_by_share(&before, &after)? };
    Ok(Fetched { content: Content::Profile(Box::new(profile)), ..compared })
}
