use std::fmt;

/// The form of a report on one profile, or on two that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// The functions as a text table.
    Top,
    /// The functions as JSON.
    TopJson,
    /// The functions as comma-separated values.
    Csv,
    /// The calls as an indented text, a line each.
    CallTree,
    /// A flame graph in letters.
    FlameText,
    /// A nested tree as JSON.
    FlameJson,
    /// Stacks as JSON, root first.
    StacksJson,
    /// What the viewer of the page takes.
    Viewer,
    /// An image.
    Svg,
    /// One page that works offline.
    Html,
    /// A line for each stack; in a comparison with two values, before and after.
    Folded,
    /// The file format of speedscope.app.
    Speedscope,
    /// A call graph for Graphviz.
    Dot,
    /// The pprof file, compressed.
    Pprof,
    /// The pprof message as canonical JSON of protobuf.
    PprofJson,
    /// Parca's own flame graph message as canonical JSON of protobuf.
    Arrow,
}

/// The names of `reportType`, in the order of the documentation.
const REPORT_TYPES: [(&str, Form); 11] = [
    ("pprof", Form::PprofJson),
    ("flamegraph_arrow", Form::Arrow),
    ("json_flamegraph", Form::FlameJson),
    ("json_stacks", Form::StacksJson),
    ("svg", Form::Svg),
    ("html", Form::Html),
    ("folded", Form::Folded),
    ("top", Form::Top),
    ("speedscope", Form::Speedscope),
    ("pprof_raw", Form::Pprof),
    ("viewer", Form::Viewer),
];

impl Form {
    /// The form that a `reportType` names.
    pub fn of_report_type(name: &str) -> Option<Self> {
        REPORT_TYPES.iter().find(|(known, _)| *known == name).map(|(_, form)| *form)
    }

    /// All names of `reportType`.
    pub fn report_types() -> impl Iterator<Item = &'static str> {
        REPORT_TYPES.iter().map(|(name, _)| *name)
    }

    /// The media type of what is written.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Html => "text/html; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Folded | Self::Top | Self::CallTree | Self::FlameText | Self::Dot => {
                "text/plain; charset=utf-8"
            }
            Self::Pprof => "application/octet-stream",
            _ => "application/json",
        }
    }

    /// The name of the file to save as, where the report is a file.
    pub fn file_name(self) -> Option<&'static str> {
        match self {
            Self::Pprof => Some("profile.pb.gz"),
            Self::Speedscope => Some("profile.speedscope.json"),
            _ => None,
        }
    }

    /// Under which name an envelope of several profiles holds the report; nothing for a document of its own, which
    /// shows one profile.
    pub fn field(self) -> Option<&'static str> {
        match self {
            Self::PprofJson => Some("pprof"),
            Self::Arrow => Some("flamegraph_arrow"),
            Self::FlameJson => Some("flamegraph"),
            Self::StacksJson => Some("stacks"),
            Self::Viewer => Some("viewer"),
            _ => None,
        }
    }

    /// Whether it is a pprof file in one of its writings.
    pub fn is_pprof(self) -> bool {
        matches!(self, Self::Pprof | Self::PprofJson)
    }

    /// Whether it ranks functions: of instants the mean is shown then.
    pub fn is_ranking(self) -> bool {
        matches!(self, Self::Top | Self::TopJson | Self::Csv)
    }

    /// Whether it shows the stacks themselves, so that they can be filtered and turned.
    pub fn is_made_from_stacks(self) -> bool {
        !self.is_pprof() && self != Self::Arrow
    }

    /// Whether it can show a comparison.
    pub fn can_compare(self) -> bool {
        self.is_made_from_stacks() && self != Self::Speedscope
    }

    /// Whether it is a tree of which small parts can be cut.
    pub fn can_be_trimmed(self) -> bool {
        matches!(self, Self::FlameJson | Self::Viewer | Self::Svg | Self::Html | Self::CallTree | Self::Dot)
    }
}

impl fmt::Display for Form {
    /// As `reportType` names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = REPORT_TYPES.iter().find(|(_, form)| form == self).map(|(name, _)| *name);
        f.write_str(name.unwrap_or("another form"))
    }
}
