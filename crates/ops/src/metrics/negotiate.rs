//! Which exposition a scraper asked for.

/// An exposition format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text 0.0.4: classic buckets.
    Text,
    /// Length-delimited `io.prometheus.client.MetricFamily`: the only one with native histograms.
    Protobuf,
}

impl Format {
    /// The format with the highest weight in an `Accept` header; text where there is none.
    pub fn from_accept(accept: Option<&str>) -> Self {
        let weigh = |wanted: Self| {
            accept
                .unwrap_or_default()
                .split(',')
                .filter_map(|range| matching(range, wanted))
                .fold(0.0, f64::max)
        };
        if weigh(Self::Protobuf) > weigh(Self::Text) { Self::Protobuf } else { Self::Text }
    }

    /// The `Content-Type` of an answer in this format.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }
}

/// The weight that one media range of an `Accept` header gives to `wanted`, if it covers it.
fn matching(range: &str, wanted: Format) -> Option<f64> {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next()?;
    let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let parameter = |name: &str| parameters.iter().find(|(n, _)| n.trim() == name).map(|(_, v)| v.trim());
    let covers = match wanted {
        Format::Text => {
            matches!(media, "text/plain" | "text/*" | "*/*")
                && parameter("version").is_none_or(|version| version == "0.0.4")
        }
        Format::Protobuf => {
            media == "application/vnd.google.protobuf"
                && parameter("proto").is_none_or(|proto| proto == "io.prometheus.client.MetricFamily")
                && parameter("encoding").is_none_or(|encoding| encoding == "delimited")
        }
    };
    covers.then(|| parameter("q").map_or(1.0, |q| q.parse().unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expect: Format) {
        assert_eq!(Format::from_accept(Some(accept)), expect, "{accept}");
    }

    #[test]
    fn the_heaviest_wins() {
        assert_eq!(Format::from_accept(None), Format::Text);
        check("*/*", Format::Text);
        check("text/plain;version=0.0.4;q=0.2,*/*;q=0.1", Format::Text);
        check(
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
             application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            Format::Protobuf,
        );
        check(
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,\
             application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.2",
            Format::Text,
        );
        check("application/vnd.google.protobuf;encoding=text", Format::Text);
    }
}
