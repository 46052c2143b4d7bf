use std::collections::{BTreeMap, HashSet};

use super::{Family, Histogram, Kind, Sample, Scrape, Value};

pub(super) fn parse(text: &str) -> Result<Scrape, String> {
    let mut parser = Parser::default();
    for line in text.lines().filter(|line| !line.is_empty()) {
        parser.line(line).ok_or_else(|| format!("not the text format: `{line}`"))?;
    }
    Ok(parser.scrape)
}

#[derive(Default)]
struct Parser {
    scrape: Scrape,
    helps: BTreeMap<String, String>,
    seen: HashSet<String>,
}

impl Parser {
    /// Nothing where the line is wrong.
    fn line(&mut self, line: &str) -> Option<()> {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
            let help = help.replace("\\n", "\n").replace("\\\\", "\\");
            return self.helps.insert(name.to_owned(), help).is_none().then_some(());
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ')?;
            let help = self.helps.get(name).cloned().unwrap_or_default();
            let family = Family { kind: kind_of(kind)?, help, samples: Vec::new() };
            return self.scrape.families.insert(name.to_owned(), family).is_none().then_some(());
        }
        if line.starts_with('#') {
            return Some(());
        }
        let (series, value) = line.rsplit_once(' ')?;
        if !self.seen.insert(series.to_owned()) {
            return None;
        }
        let (name, labels) = labels(series)?;
        self.sample(name, labels, number(value)?)
    }

    fn sample(&mut self, name: &str, mut labels: BTreeMap<String, String>, value: f64) -> Option<()> {
        if let Some(family) = self.scrape.families.get_mut(name) {
            (family.kind != Kind::Histogram).then_some(())?;
            family.samples.push(Sample { labels, value: Value::Number(value) });
            return Some(());
        }
        let (base, part) = name.rsplit_once('_')?;
        let family = self.scrape.families.get_mut(base).filter(|family| family.kind == Kind::Histogram)?;
        let bound = labels.remove("le");
        let histogram = histogram_of(family, labels)?;
        match (part, bound) {
            ("bucket", Some(bound)) => histogram.buckets.push((number(&bound)?, whole(value)?)),
            ("sum", None) => histogram.sum = value,
            ("count", None) => histogram.count = whole(value)?,
            _ => return None,
        }
        Some(())
    }
}

fn histogram_of(family: &mut Family, labels: BTreeMap<String, String>) -> Option<&mut Histogram> {
    let index = family.samples.iter().position(|sample| sample.labels == labels);
    let index = index.unwrap_or_else(|| {
        family.samples.push(Sample { labels, value: Value::Histogram(Histogram::default()) });
        family.samples.len() - 1
    });
    match &mut family.samples[index].value {
        Value::Histogram(histogram) => Some(histogram),
        Value::Number(_) => None,
    }
}

fn kind_of(word: &str) -> Option<Kind> {
    Some(match word {
        "counter" => Kind::Counter,
        "gauge" => Kind::Gauge,
        "histogram" => Kind::Histogram,
        "summary" => Kind::Summary,
        "untyped" => Kind::Untyped,
        _ => return None,
    })
}

/// Rust reads what the format writes: `+Inf`, `NaN`, `1e+06`.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn whole(value: f64) -> Option<u64> {
    (value >= 0.0 && value.fract() == 0.0 && value < 2f64.powi(53)).then_some(value as u64)
}

/// `name{a="b",c="d"}`.
fn labels(series: &str) -> Option<(&str, BTreeMap<String, String>)> {
    let mut labels = BTreeMap::new();
    let Some((name, rest)) = series.split_once('{') else { return Some((series, labels)) };
    let mut rest = rest.strip_suffix('}')?;
    while !rest.is_empty() {
        let (label, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        labels.insert(label.to_owned(), value).is_none().then_some(())?;
        rest = match after.strip_prefix(',') {
            Some(more) => more,
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some((name, labels))
}

/// The text up to the closing quote, and what comes after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => return None,
            }),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const GOOD: &str = r#"# HELP a_seconds How long.
# TYPE a_seconds histogram
a_seconds_bucket{op="x\"y\\z",le="0.5"} 1
a_seconds_bucket{op="x\"y\\z",le="+Inf"} 3
a_seconds_sum{op="x\"y\\z"} 4.5
a_seconds_count{op="x\"y\\z"} 3
# TYPE up gauge
up 1
"#;

    #[test]
    fn families_have_their_series() {
        let scrape = parse(GOOD).unwrap();
        assert_eq!(scrape.number("up", &[]), Some(1.0));
        let family = scrape.family("a_seconds");
        assert_eq!((family.kind, family.help.as_str()), (Kind::Histogram, "How long."));
        let sample = family.matching(&[("op", "x\"y\\z")]).next().unwrap();
        let expect =
            Histogram { count: 3, sum: 4.5, buckets: vec![(0.5, 1), (f64::INFINITY, 3)], native: None };
        assert_eq!(sample.histogram(), &expect);
        assert_eq!(scrape.label_names("a_"), ["op"].into());
    }

    #[test]
    fn what_is_not_the_format_is_refused() {
        let check = |text: &str| assert!(parse(text).is_err(), "{text}");
        check("up 1\n");
        check("# TYPE up gauge\nup 1\nup 1\n");
        check("# TYPE up gauge\nup{a=\"b} 1\n");
        check("# TYPE up gauge\nup one\n");
        check("# TYPE a histogram\na 1\n");
        check("# TYPE a histogram\na_bucket 1\n");
        check("# TYPE a thing\n");
    }
}
