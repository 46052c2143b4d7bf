use std::fmt;

/// What bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Form {
    /// Nothing, or only white space.
    Empty,
    /// pprof, not compressed.
    Pprof,
    /// Several pprof messages one after another, so that their string tables became one.
    SeveralPprofs,
    /// One of the formats from before pprof was protobuf.
    Legacy,
    /// Stacks of every goroutine as a panic prints them: `/debug/pprof/goroutine?debug=2`.
    GoroutineDump,
    /// Folded stacks.
    Folded,
    /// The file format of Linux `perf record`.
    PerfData,
    /// The text of `perf script`.
    PerfScript,
    /// speedscope's own file format.
    Speedscope,
    /// Batches that parca-agent kept in offline mode.
    Padata,
    /// Java Flight Recorder.
    Jfr,
    /// A V8 CPU profile (`.cpuprofile`).
    CpuProfile,
    /// Events for `chrome://tracing`.
    ChromeTrace,
    /// The Firefox profiler's file format, which samply writes too.
    Gecko,
    /// A flame graph of Pyroscope.
    Flamebearer,
    /// JSON that is nothing of the above.
    Json,
    /// A page.
    Html,
    /// XML, SVG included.
    Xml,
    /// An HTTP answer with its head.
    Http,
    /// gzip-compressed.
    Gzip,
    /// zstd-compressed.
    Zstd,
    /// xz-compressed.
    Xz,
    /// bzip2-compressed.
    Bzip2,
    /// A ZIP archive, which a JAR is too.
    Zip,
    /// A tar archive.
    Tar,
    /// A program or library.
    Elf,
    /// Some other text.
    Text,
    /// Some other bytes.
    Unknown,
}

impl Form {
    /// What it is called in a sentence such as "this is …".
    pub fn noun(self) -> &'static str {
        self.words().0
    }

    /// What somebody can do who wants a profile of it.
    pub fn hint(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Empty => (
                "nothing: 0 bytes, or only white space",
                "check what was to write it: it may have failed, or still be at it",
            ),
            Self::Pprof => ("a pprof profile", ""),
            Self::SeveralPprofs => (
                "several pprof profiles one after another without compression",
                "write each into a file of its own: their ids and strings cannot be told apart again",
            ),
            Self::Legacy => ("a profile in a format from before pprof", ""),
            Self::GoroutineDump => (
                "a dump of goroutine stacks as text (`?debug=2`)",
                "ask for `/debug/pprof/goroutine` without `?debug=2`",
            ),
            Self::Folded => ("folded stacks (`a;b 12` per line)", CONVERT),
            Self::PerfData => ("a recording of `perf record`", CONVERT),
            Self::PerfScript => ("the text of `perf script`", CONVERT),
            Self::Speedscope => ("a speedscope file", CONVERT),
            Self::Padata => ("an offline file of parca-agent", "push it: `parca-ingest push FILE`"),
            Self::Jfr => ("a Java Flight Recorder recording", CONVERT),
            Self::CpuProfile => (
                "a CPU profile of V8 (`.cpuprofile`)",
                "open it in speedscope or Chrome, or record pprof with the packages `pprof` or `@datadog/pprof`",
            ),
            Self::ChromeTrace => (
                "events for `chrome://tracing`",
                "have the profiler write pprof, folded stacks or speedscope's format",
            ),
            Self::Gecko => (
                "a profile of the Firefox profiler or samply",
                "have the profiler write pprof, or open it at profiler.firefox.com",
            ),
            Self::Flamebearer => (
                "a flame graph of Pyroscope as JSON",
                "ask Pyroscope for pprof: `format=pprof`, or `profile-query export`",
            ),
            Self::Json => ("JSON", "it is no profile; the text tells what answered"),
            Self::Html => (
                "an HTML page, such as that of a login or a proxy",
                "check the address, and that you are logged in there",
            ),
            Self::Xml => ("XML", "it is no profile; the text tells what answered"),
            Self::Http => ("an HTTP answer with its head", "keep only the body: `curl` without `-i`"),
            Self::Gzip => (
                "gzip-compressed more than three times, or cut off",
                "fetch it again, or decompress it: `gzip -d`",
            ),
            Self::Zstd => ("zstd-compressed", "decompress it first: `zstd -d FILE`"),
            Self::Xz => ("xz-compressed", "decompress it first: `xz -d FILE`"),
            Self::Bzip2 => ("bzip2-compressed", "decompress it first: `bzip2 -d FILE`"),
            Self::Zip => ("a ZIP archive", "take the profile out of it: `unzip FILE`"),
            Self::Tar => ("a tar archive", "take the profile out of it: `tar -xf FILE`"),
            Self::Elf => ("a program, not a profile of one", "give the file that its profiler wrote"),
            Self::Text => ("text", "it is no profile; the text tells what answered"),
            Self::Unknown => ("no format that is known", "check that the file is whole, and what wrote it"),
        }
    }
}

const CONVERT: &str = "convert it: `parca-ingest convert FILE -o FILE.pb.gz`";

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.noun())
    }
}
