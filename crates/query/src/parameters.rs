//! A question from the parameters of a URL.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use pql::{NAME_LABEL, Selector};
use profile_model::TimeRange;
use re2::Regex;

use crate::report::{Form, Look, Sort};
use crate::{Ask, Changes, Mistake, Question};

/// How far back is looked where no start is given.
const DEFAULT_SPAN: Duration = Duration::from_secs(15 * 60);
/// The longest regular expression, in bytes.
const MAX_REGEX: usize = 4096;
/// The most labels to group by.
const MAX_LABELS: usize = 8;

const NAMES: [&str; 18] = [
    "query",
    "start",
    "end",
    "reportType",
    "baseStart",
    "baseEnd",
    "groupBy",
    "focus",
    "ignore",
    "hide",
    "invert",
    "collapse",
    "trim",
    "absolute",
    "relative",
    "sum",
    "sort",
    "limit",
];

impl Question {
    /// Reads a question from parameters:
    ///
    /// - `query`: a profile type (id or short name), matchers in braces, or both; needed
    /// - `start`, `end`: points in time as [`timespec::parse_point`] takes them; the last 15 minutes
    /// - `reportType`: the name of a [`Form`]; `json_flamegraph`
    /// - `baseStart`, `baseEnd`: the span to compare with; `absolute`: without scaling it
    /// - `groupBy`: labels, separated by commas
    /// - `focus`, `ignore`, `hide`: regular expressions on names of functions
    /// - `invert`, `collapse` (runs of functions that only call the next one as the last of them): `true` or `false`; `trim`: a percentage; `relative`: shares of what filters leave
    /// - `sort` (`flat` or `cum`), `limit`: of rankings; `sum`: sums of instants in rankings, not means
    ///
    /// # Errors
    /// Every mistake there is, also parameters that do not exist or come twice.
    pub fn parse<N: AsRef<str>, V: AsRef<str>>(
        parameters: impl IntoIterator<Item = (N, V)>,
        now: SystemTime,
    ) -> Result<Self, Vec<Mistake>> {
        let mut given = Parameters { values: BTreeMap::new(), mistakes: Vec::new(), now };
        for (name, value) in parameters {
            given.take(name.as_ref(), value.as_ref());
        }
        let question = given.question();
        match question {
            Some(question) if given.mistakes.is_empty() => Ok(question),
            _ => Err(given.mistakes),
        }
    }
}

struct Parameters {
    values: BTreeMap<&'static str, String>,
    mistakes: Vec<Mistake>,
    now: SystemTime,
}

impl Parameters {
    fn take(&mut self, name: &str, value: &str) {
        let Some(known) = NAMES.into_iter().find(|known| *known == name) else {
            let name = short(name);
            self.mistakes.push(Mistake::new(name, "expected a parameter that exists").with_candidates(NAMES));
            return;
        };
        if self.values.insert(known, value.to_owned()).is_some() {
            self.wrong(name, "expected it once, found it twice");
        }
    }

    fn wrong(&mut self, parameter: &str, message: impl Into<String>) {
        self.mistakes.push(Mistake::new(parameter, message));
    }

    /// The value of a parameter, if it is given and not empty.
    fn value(&self, name: &str) -> Option<String> {
        self.values.get(name).filter(|value| !value.is_empty()).cloned()
    }

    fn question(&mut self) -> Option<Question> {
        let selector = self.selector();
        let form = self.form();
        let end = self.point("end").or(Some(self.now));
        let start = self.point("start").or_else(|| end?.checked_sub(DEFAULT_SPAN));
        let range = self.range(start, end, ["start", "end"]);
        let base = self.base();
        let changes = self.changes(form, base.is_some());
        let look = self.look(form);
        let absolute = self.flag("absolute");
        if absolute && base.is_none() {
            self.wrong("absolute", "expected it beside `baseStart` and `baseEnd` only");
        }
        let mut ask = Ask::new(range?);
        let selector = selector?;
        (ask.type_name, ask.matchers) = (selector.metric_name, selector.matchers);
        ask.group_by.clone_from(&changes.group_by);
        Some(Question { ask, base, absolute, changes, form: form?, look })
    }

    fn selector(&mut self) -> Option<Selector> {
        let Some(text) = self.value("query") else {
            let message = "expected a profile type such as `process_cpu`, labels such as `{job=\"api\"}`, or both; \
                           found nothing";
            self.wrong("query", message);
            return None;
        };
        match text.parse::<Selector>() {
            Ok(selector) => self.named(selector),
            Err(error) => {
                let mut mistake = Mistake::new("query", error.to_string());
                mistake.caret = Some(error.report());
                self.mistakes.push(mistake);
                None
            }
        }
    }

    fn named(&mut self, selector: Selector) -> Option<Selector> {
        if selector.matchers.iter().any(|matcher| matcher.name() == NAME_LABEL) {
            self.wrong("query", "expected the profile type before the braces, found a matcher on `__name__`");
            return None;
        }
        Some(selector)
    }

    fn form(&mut self) -> Option<Form> {
        let Some(name) = self.value("reportType") else { return Some(Form::FlameJson) };
        let form = Form::of_report_type(&name);
        if form.is_none() {
            let message = format!("expected a type of report, found `{}`", short(&name));
            self.mistakes.push(Mistake::new("reportType", message).with_candidates(Form::report_types()));
        }
        form
    }

    fn look(&mut self, form: Option<Form>) -> Look {
        let mut look = Look { trim_percent: self.percent("trim"), sum: self.flag("sum"), ..Look::default() };
        if let Some(text) = self.value("sort") {
            match text.as_str() {
                "flat" => look.sort = Sort::Flat,
                "cum" | "cumulative" => look.sort = Sort::Cumulative,
                other => self.wrong("sort", format!("expected `flat` or `cum`, found `{}`", short(other))),
            }
        }
        if let Some(text) = self.value("limit") {
            match text.parse() {
                Ok(limit) => look.limit = limit,
                Err(_) => self.wrong("limit", format!("expected a number, found `{}`", short(&text))),
            }
        }
        let Some(form) = form else { return look };
        if look.trim_percent > 0.0 && !form.can_be_trimmed() {
            self.wrong("trim", format!("expected a report that is a tree, found `{form}`"));
        }
        for name in ["sort", "limit"] {
            if self.value(name).is_some() && !form.is_ranking() {
                self.wrong(name, format!("expected a report that ranks functions, found `{form}`"));
            }
        }
        look
    }

    fn point(&mut self, name: &str) -> Option<SystemTime> {
        let text = self.value(name)?;
        match timespec::parse_point(&text, self.now) {
            Ok(point) => Some(point),
            Err(error) => {
                self.wrong(name, error.to_string());
                None
            }
        }
    }

    fn range(
        &mut self,
        start: Option<SystemTime>,
        end: Option<SystemTime>,
        names: [&str; 2],
    ) -> Option<TimeRange> {
        let range = TimeRange::new(start?.into(), end?.into());
        if range.is_empty() {
            let [start, end] = names;
            self.wrong(start, format!("expected a time before `{end}`, found one after it"));
            return None;
        }
        Some(range)
    }

    fn base(&mut self) -> Option<TimeRange> {
        let [start, end] = ["baseStart", "baseEnd"].map(|name| self.value(name).is_some());
        match (start, end) {
            (false, false) => None,
            (true, false) => {
                self.wrong("baseEnd", "expected it beside `baseStart`, found nothing");
                None
            }
            (false, true) => {
                self.wrong("baseStart", "expected it beside `baseEnd`, found nothing");
                None
            }
            (true, true) => {
                let (start, end) = (self.point("baseStart"), self.point("baseEnd"));
                self.range(start, end, ["baseStart", "baseEnd"])
            }
        }
    }

    fn changes(&mut self, form: Option<Form>, compares: bool) -> Changes {
        let changes = Changes {
            group_by: self.labels(),
            focus: self.regex("focus"),
            ignore: self.regex("ignore"),
            hide: self.regex("hide"),
            invert: self.flag("invert"),
            collapse: self.flag("collapse"),
            relative: self.flag("relative"),
        };
        let Some(form) = form else { return changes };
        let needs_stacks = [
            ("focus", changes.focus.is_some()),
            ("ignore", changes.ignore.is_some()),
            ("hide", changes.hide.is_some()),
            ("invert", changes.invert),
            ("collapse", changes.collapse),
        ];
        for (name, _) in needs_stacks.into_iter().filter(|(_, given)| *given && !form.is_made_from_stacks()) {
            self.wrong(name, format!("expected a report that is made from stacks, found `{form}`"));
        }
        if compares && !form.can_compare() {
            self.wrong("baseStart", format!("expected a report that shows a comparison, found `{form}`"));
        }
        if compares && changes.collapse {
            self.wrong(
                "collapse",
                "expected no collapsing in a comparison: a run of one side may be none of the other",
            );
        }
        if compares && !changes.group_by.is_empty() {
            self.wrong("groupBy", "expected no labels to group by in a comparison");
        }
        changes
    }

    fn labels(&mut self) -> Vec<String> {
        let Some(text) = self.value("groupBy") else { return Vec::new() };
        let labels: Vec<String> = text.split(',').map(|label| label.trim().to_owned()).collect();
        if labels.len() > MAX_LABELS || labels.iter().any(String::is_empty) {
            let message =
                format!("expected 1 to {MAX_LABELS} labels, separated by commas, found `{}`", short(&text));
            self.wrong("groupBy", message);
        }
        labels
    }

    fn regex(&mut self, name: &str) -> Option<Regex> {
        let text = self.value(name)?;
        if text.len() > MAX_REGEX {
            self.wrong(name, format!("expected at most {MAX_REGEX} bytes, found {}", text.len()));
            return None;
        }
        match Regex::new(&text) {
            Ok(regex) => Some(regex),
            Err(error) => {
                self.wrong(name, format!("expected a regular expression: {error}"));
                None
            }
        }
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.value(name).as_deref() {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(other) => {
                self.wrong(name, format!("expected `true` or `false`, found `{}`", short(other)));
                false
            }
        }
    }

    fn percent(&mut self, name: &str) -> f64 {
        let Some(text) = self.value(name) else { return 0.0 };
        match text.parse() {
            Ok(percent @ 0.0..=100.0) => percent,
            _ => {
                self.wrong(name, format!("expected a percentage from 0 to 100, found `{}`", short(&text)));
                0.0
            }
        }
    }
}

fn short(text: &str) -> String {
    words::short(text, 64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use profile_model::Timestamp;

    use super::*;

    fn parse(parameters: &[(&str, &str)]) -> Result<Question, Vec<Mistake>> {
        Question::parse(
            parameters.iter().copied(),
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
        )
    }

    #[track_caller]
    fn check(parameters: &[(&str, &str)], expect: &[&str]) {
        let mistakes = parse(parameters).map(|_| ()).unwrap_err();
        let found: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn the_last_quarter_of_an_hour_as_a_tree_unless_said_otherwise() {
        let question = parse(&[("query", "memory")]).unwrap();
        assert_eq!(question.ask.type_name.as_deref(), Some("memory"));
        assert_eq!(question.form, Form::FlameJson);
        let range = TimeRange::new(Timestamp::new(1_699_999_100, 0), Timestamp::new(1_700_000_000, 0));
        assert_eq!(question.ask.range, range);
        // Without a start, the time before the end.
        let question = parse(&[("query", "memory"), ("end", "now-1h")]).unwrap();
        assert_eq!(question.ask.range.start, Timestamp::new(1_699_995_500, 0));
    }

    #[test]
    fn everything_can_be_said() {
        let question = parse(&[
            ("query", r#"{job="api", pod=~"a.*"}"#),
            ("start", "2023-11-01T00:00:00Z"),
            ("end", "2023-11-01T00:05:00.5Z"),
            ("reportType", "svg"),
            ("baseStart", "now-2h"),
            ("baseEnd", "now-1h"),
            ("focus", "main.*"),
            ("invert", "true"),
            ("trim", "0.5"),
            ("absolute", "1"),
        ])
        .unwrap();
        assert_eq!(question.ask.type_name, None);
        assert_eq!(question.ask.matchers.len(), 2);
        assert_eq!(crate::rfc3339(question.ask.range.end), "2023-11-01T00:05:00.5Z");
        assert!(question.base.is_some() && question.changes.invert && question.absolute);
        assert_eq!(question.look.trim_percent, 0.5);
    }

    #[test]
    fn every_mistake_is_said() {
        check(
            &[
                ("query", "memory{job=}"),
                ("start", "yesterday"),
                ("end", "never"),
                ("reportType", "picture"),
                ("trim", "101"),
                ("focus", "("),
                ("invert", "maybe"),
                ("reporttype", "svg"),
                ("trim", "1"),
                ("baseEnd", "now"),
            ],
            &[
                "reporttype: expected a parameter that exists",
                "trim: expected it once, found it twice",
                "query: 1:12: expected a quoted value, found `}`",
                "reportType: expected a type of report, found `picture`",
                "end: expected a time such as `2023-10-26T10:00:00Z`, `now-1h` or `1698314400`, found `never`",
                "start: expected a time such as `2023-10-26T10:00:00Z`, `now-1h` or `1698314400`, found `yesterday`",
                "baseStart: expected it beside `baseEnd`, found nothing",
                "focus: expected a regular expression: error parsing regexp: missing closing ): `(`",
                "invert: expected `true` or `false`, found `maybe`",
            ],
        );
        check(
            &[("query", ""), ("start", "now"), ("end", "now-1h")],
            &[
                "query: expected a profile type such as `process_cpu`, labels such as `{job=\"api\"}`, or both; \
                 found nothing",
                "start: expected a time before `end`, found one after it",
            ],
        );
    }

    #[test]
    fn what_cannot_go_together_is_said() {
        check(
            &[
                ("query", "memory"),
                ("reportType", "svg"),
                ("baseStart", "now-2h"),
                ("baseEnd", "now-1h"),
                ("collapse", "true"),
            ],
            &["collapse: expected no collapsing in a comparison: a run of one side may be none of the other"],
        );
        check(
            &[
                ("query", "memory"),
                ("reportType", "pprof"),
                ("focus", "a"),
                ("trim", "1"),
                ("absolute", "true"),
            ],
            &[
                "focus: expected a report that is made from stacks, found `pprof`",
                "trim: expected a report that is a tree, found `pprof`",
                "absolute: expected it beside `baseStart` and `baseEnd` only",
            ],
        );
        check(
            &[("query", "memory{__name__=\"a\"}")],
            &["query: expected the profile type before the braces, found a matcher on `__name__`"],
        );
    }

    #[test]
    fn a_caret_shows_where() {
        let mistakes = parse(&[("query", "memory{job=}")]).map(|_| ()).unwrap_err();
        assert!(mistakes[0].caret.as_deref().unwrap().ends_with('^'));
    }
}
