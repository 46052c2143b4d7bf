use std::fmt;

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// The pprof message as canonical JSON of protobuf.
    Pprof,
    /// Parca's own flame graph message as canonical JSON of protobuf.
    FlamegraphArrow,
    /// A nested tree.
    JsonFlamegraph,
    /// Stacks, root first.
    JsonStacks,
    /// What the viewer of the page takes.
    Viewer,
    /// An image.
    Svg,
    /// One page that works offline.
    Html,
    /// A line for each stack.
    Folded,
    /// The functions as a text table.
    Top,
    /// The file format of speedscope.app.
    Speedscope,
    /// The pprof file, compressed.
    PprofRaw,
}

impl View {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::Pprof,
        Self::FlamegraphArrow,
        Self::JsonFlamegraph,
        Self::JsonStacks,
        Self::Svg,
        Self::Html,
        Self::Folded,
        Self::Top,
        Self::Speedscope,
        Self::PprofRaw,
        Self::Viewer,
    ];

    /// How it is called in `reportType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pprof => "pprof",
            Self::FlamegraphArrow => "flamegraph_arrow",
            Self::JsonFlamegraph => "json_flamegraph",
            Self::JsonStacks => "json_stacks",
            Self::Viewer => "viewer",
            Self::Svg => "svg",
            Self::Html => "html",
            Self::Folded => "folded",
            Self::Top => "top",
            Self::Speedscope => "speedscope",
            Self::PprofRaw => "pprof_raw",
        }
    }

    /// The view of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name() == name)
    }

    /// The media type of what is written.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Html => "text/html; charset=utf-8",
            Self::Folded | Self::Top => "text/plain; charset=utf-8",
            Self::PprofRaw => "application/octet-stream",
            _ => "application/json",
        }
    }

    /// The name of the file to save as, where the report is a file.
    pub fn file_name(self) -> Option<&'static str> {
        match self {
            Self::PprofRaw => Some("profile.pb.gz"),
            Self::Speedscope => Some("profile.speedscope.json"),
            _ => None,
        }
    }

    /// Under which name an envelope of several profiles holds the report; nothing for a document
    /// of its own, which shows one profile.
    pub fn field(self) -> Option<&'static str> {
        match self {
            Self::Pprof => Some("pprof"),
            Self::FlamegraphArrow => Some("flamegraph_arrow"),
            Self::JsonFlamegraph => Some("flamegraph"),
            Self::JsonStacks => Some("stacks"),
            Self::Viewer => Some("viewer"),
            _ => None,
        }
    }

    /// Whether it is made here from stacks, so that they can be filtered, turned and compared.
    pub fn is_made_from_stacks(self) -> bool {
        !matches!(self, Self::Pprof | Self::PprofRaw | Self::FlamegraphArrow)
    }

    /// Whether it is a tree or a table of which small parts can be cut.
    pub fn can_be_trimmed(self) -> bool {
        matches!(self, Self::JsonFlamegraph | Self::Viewer | Self::Svg | Self::Html)
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
