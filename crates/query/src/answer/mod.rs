mod envelope;

use std::collections::BTreeSet;
use std::io::{self, Write};

use pql::{ProfileType, Selector};
use profile_model::{Profile, TimeRange, ValueType};
use report_render::{Selection, compare, compare_by_share};

use crate::backend::{Answering, Backend, BackendError, Detail};
use crate::fetched::divided;
use crate::report::{self, Form, Look};
use crate::shown::span;
use crate::{Ask, Changed, Changes, Fetched, Question, Shown};

/// Profiles, and the form that they are to be written in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The query as it was understood.
    pub query: String,
    /// The span, its end excluded.
    pub range: TimeRange,
    /// The span that it is compared with.
    pub base: Option<TimeRange>,
    /// The form.
    pub form: Form,
    /// How it looks.
    pub look: Look,
    /// One for each profile type that has data, sorted by type; never none.
    pub profiles: Vec<Found>,
}

/// A profile of one type.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// The type.
    pub profile_type: ProfileType,
    /// The sum of the values that are shown.
    pub total: i128,
    /// The sum of the values of the stacks that were taken out.
    pub filtered: i128,
    /// What the report is written from.
    pub shown: Shown,
}

impl Backend {
    /// Answers a question in full: with a profile for each type that its name may mean and that has data.
    ///
    /// # Errors
    /// As [`fetch_all`](Self::fetch_all), and [`BackendError::OneOnly`] where a form that shows one profile has found
    /// several, [`BackendError::NoSuchLabel`] where no profile has a label to group by.
    pub fn answer<'a>(&'a self, question: &'a Question) -> Answering<'a, Answer> {
        Box::pin(async move {
            let detail = match question.form {
                Form::Arrow => Detail::Message,
                form if form.is_pprof() => Detail::File,
                _ => Detail::Whole,
            };
            let compared = self.fetch_all(&question.ask, detail).await;
            if let Ok(found) = &compared {
                self.knows_labels(&question.ask, found).await?;
            }
            let profiles = match question.base {
                None => compared?.into_iter().map(|one| Found::of(one, question)).collect(),
                Some(base) => self.compared(compared, base, question, detail).await?,
            };
            if question.form.field().is_none() && profiles.len() > 1 {
                let types = profiles.into_iter().map(|found| found.profile_type).collect();
                return Err(BackendError::OneOnly { form: question.form, types });
            }
            Ok(Answer {
                query: understood(&question.ask, &profiles),
                range: question.ask.range,
                base: question.base,
                form: question.form,
                look: question.look.clone(),
                profiles,
            })
        })
    }

    /// Whether profiles have the labels that they are grouped by: without them all would be one nameless group.
    async fn knows_labels(&self, ask: &Ask, found: &[Fetched]) -> Result<(), BackendError> {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for fetched in found {
            if ask.group_by.iter().all(|label| known.contains(label)) {
                break;
            }
            known.extend(self.label_names_of(&fetched.query, ask.range).await?);
        }
        match ask.group_by.iter().find(|label| !known.contains(*label)) {
            Some(label) => {
                let known = known.into_iter().collect();
                Err(BackendError::NoSuchLabel { label: label.clone(), known })
            }
            None => Ok(()),
        }
    }

    /// Both sides, type by type; where one side has nothing, the other is compared with that.
    async fn compared(
        &self,
        compared: Result<Vec<Fetched>, BackendError>,
        base: TimeRange,
        question: &Question,
        detail: Detail,
    ) -> Result<Vec<Found>, BackendError> {
        let before = self.fetch_all(&Ask { range: base, ..question.ask.clone() }, detail).await;
        let (mut before, after) = match (before, compared) {
            (Err(BackendError::Nothing(_)), Ok(after)) => (Vec::new(), after),
            (Ok(before), Err(BackendError::Nothing(_))) => (before, Vec::new()),
            (before, after) => (before?, after?),
        };
        let mut found = Vec::new();
        for fetched in after {
            let same = before.iter().position(|one| one.query == fetched.query);
            let before = same.map(|at| before.remove(at));
            found.push(Found::of_comparison(before, Some(fetched), question)?);
        }
        for fetched in before {
            found.push(Found::of_comparison(Some(fetched), None, question)?);
        }
        found.sort_by(|a, b| a.profile_type.cmp(&b.profile_type));
        Ok(found)
    }
}

impl Found {
    fn of(fetched: Fetched, question: &Question) -> Self {
        let changed = question.changes.apply(fetched.stacks.clone());
        let (total, filtered) = (changed.stacks.total(), changed.filtered + fetched.filtered);
        let shown = Shown::of(&fetched, changed);
        Self { profile_type: fetched.query.profile_type, total, filtered, shown }
    }

    fn of_comparison(
        before: Option<Fetched>,
        after: Option<Fetched>,
        question: &Question,
    ) -> Result<Self, BackendError> {
        let Some(one) = after.as_ref().or(before.as_ref()) else {
            return Err(BackendError::Answer("expected a side, found none".into()));
        };
        let query = one.query.clone();
        let server = one.server.clone();
        let types = one.stacks.clone().into_profile().sample_types;
        let sides = [before, after].map(|fetched| Side::of(fetched, &types, &question.changes));
        let filtered = sides[1].filtered;
        let is_mean = !question.look.sum && sides.iter().any(|side| side.moments > 1.0);
        let [before, after] = if is_mean { sides.map(Side::mean) } else { sides };
        let (before, after) = (before.selection()?, after.selection()?);
        // The page works out shares itself, from both sides in their own measure.
        let is_page = matches!(question.form, Form::Html | Form::Viewer);
        let is_absolute = question.absolute || is_page;
        let comparison =
            if is_absolute { compare(&before, &after) } else { compare_by_share(&before, &after) };
        let comparison = comparison.map_err(|error| BackendError::Answer(error.into()))?;
        let mut facts = vec![span(question.ask.range)];
        facts.extend(question.base.map(|base| format!("compared with {}", span(base))));
        facts.extend(is_mean.then(|| "means of snapshots".to_owned()));
        let total = comparison.totals[1];
        let mut shown = Shown::of_comparison(query.to_string(), facts, comparison);
        shown.server = server;
        Ok(Self { profile_type: query.profile_type, total, filtered, shown })
    }
}

/// One side of a comparison.
struct Side {
    profile: Profile,
    whole: i128,
    filtered: i128,
    moments: f64,
}

impl Side {
    /// A side after changes; one without data is a profile without samples of the other's types.
    fn of(fetched: Option<Fetched>, types: &[ValueType], changes: &Changes) -> Self {
        let Some(fetched) = fetched else {
            return Self { profile: Profile::new(types.to_vec()), whole: 0, filtered: 0, moments: 1.0 };
        };
        let moments = fetched.snapshots.map_or(1.0, |snapshots| snapshots.moments);
        let Changed { stacks, whole, filtered } = changes.apply(fetched.stacks);
        Self { profile: stacks.into_profile(), whole, filtered: filtered + fetched.filtered, moments }
    }

    fn mean(self) -> Self {
        let profile = divided(&self.profile, self.moments);
        Self { profile, whole: (self.whole as f64 / self.moments).round() as i128, ..self }
    }

    fn selection(&self) -> Result<Selection<'_>, BackendError> {
        let selection = Selection::new(&self.profile, 0);
        let selection =
            selection.ok_or_else(|| BackendError::Answer("expected a sample type, found none".into()))?;
        Ok(selection.of_whole(self.whole))
    }
}

/// The query, with the type in full where there is one.
fn understood(ask: &Ask, profiles: &[Found]) -> String {
    let name = match profiles {
        [one] => Some(one.profile_type.to_string()),
        _ => ask.type_name.clone(),
    };
    Selector { metric_name: name, matchers: ask.matchers.clone() }.to_string()
}

impl Answer {
    /// Writes the report: a document of its own, or for JSON an envelope around all profiles.
    ///
    /// # Errors
    /// If `out` fails.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.form.field().is_some() {
            return envelope::write(self, out);
        }
        report::write(&self.profiles[0].shown, self.form, &self.look, out)
    }
}
