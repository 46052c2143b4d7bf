use crate::Error;

/// The service of a method that is named without one.
const QUERIER: &str = "querier.v1.QuerierService";

/// A method whose messages are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) service: &'static str,
    pub(crate) name: &'static str,
}

impl Method {
    pub(crate) const PROFILE_TYPES: Self = Self::querier("ProfileTypes");
    pub(crate) const LABEL_NAMES: Self = Self::querier("LabelNames");
    pub(crate) const LABEL_VALUES: Self = Self::querier("LabelValues");
    pub(crate) const SERIES: Self = Self::querier("Series");
    pub(crate) const STACKTRACES: Self = Self::querier("SelectMergeStacktraces");
    pub(crate) const SPAN_PROFILE: Self = Self::querier("SelectMergeSpanProfile");
    pub(crate) const PROFILE: Self = Self::querier("SelectMergeProfile");
    pub(crate) const SELECT_SERIES: Self = Self::querier("SelectSeries");
    pub(crate) const HEATMAP: Self = Self::querier("SelectHeatmap");
    pub(crate) const DIFF: Self = Self::querier("Diff");
    pub(crate) const STATS: Self = Self::querier("GetProfileStats");
    pub(crate) const ANALYZE: Self = Self::querier("AnalyzeQuery");
    pub(crate) const PUSH: Self = Self { service: "push.v1.PusherService", name: "Push" };

    const fn querier(name: &'static str) -> Self {
        Self { service: QUERIER, name }
    }

    /// The path of the method's URL, without a slash before it.
    pub(crate) fn path(self) -> String {
        format!("{}/{}", self.service, self.name)
    }
}

/// The path of a method by its name: of the querier, or `package.Service/Method` in full.
pub(crate) fn path_of(text: &str) -> Result<String, Error> {
    let path = text.trim_start_matches('/');
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let is_word = |word: &str| word.split('.').all(is_part);
    match path.split('/').collect::<Vec<_>>().as_slice() {
        [name] if is_word(name) && !name.contains('.') => Ok(format!("{QUERIER}/{name}")),
        [service, name] if is_word(service) && is_word(name) => Ok(format!("{service}/{name}")),
        _ => Err(Error::request(format!(
            "expected a method such as `Series` or `push.v1.PusherService/Push`, found `{}`",
            text.escape_debug()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_the_queriers() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(path_of(text).ok().as_deref(), expect, "{text}");
        };
        check("Series", Some("querier.v1.QuerierService/Series"));
        check("push.v1.PusherService/Push", Some("push.v1.PusherService/Push"));
        check("/querier.v1.QuerierService/Diff", Some("querier.v1.QuerierService/Diff"));
        for wrong in ["", "/", "a/b/c", "a b", "Series?x", "../x", "querier.v1", "a//b"] {
            check(wrong, None);
        }
    }
}
