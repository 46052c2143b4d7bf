//! The command line as it is typed: words, not yet what they mean.

use clap::{Args, Parser, Subcommand};

/// Asks a Pyroscope or a Parca: what there is, which functions cost most, what changed.
///
/// DEPLOYMENT is a section of ~/.config/axiom-sre/config.toml (SRE_CONFIG, SRE_CONFIG_DIR). With --url there
/// is none, and `-` is the server that PROFILECLI_URL or PARCA_URL names.
#[derive(Parser)]
#[command(name = "profile-query", version = ops::version(), max_term_width = 110, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub(crate) struct Typed {
    #[command(flatten)]
    pub(crate) server: Server,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  profile-query services prod
  profile-query flamegraph prod axiom-db --range 30m --type memory
  profile-query diff prod axiom-db -2h -1h -30m now --fail-if 'cum>5pp'
  profile-query top - api --url http://localhost:4040

Times: 10m, 1h30m, 90 (minutes); now, -2h, 2026-01-17T04:00:00Z, 1768622400 (seconds or milliseconds)

Exit codes:
  0  done
  1  it failed while it ran: the server refused, or could not be reached
  2  asked wrongly
  3  there is no data; the reason is said
  4  no or wrong credentials
  5  a change is beyond --fail-if
";

/// Which server, and how to get in.
#[derive(Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Server {
    /// Configuration file [default: ~/.config/axiom-sre/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<String>,
    /// Which of two deployments of one name, or what runs at --url: pyroscope or parca
    #[arg(long, global = true, value_name = "KIND")]
    pub(crate) backend: Option<String>,
    /// A server that is in no file; there is no DEPLOYMENT then
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Whose profiles (X-Scope-OrgID); several as a|b
    #[arg(long, global = true, alias = "tenant-id", value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// Bearer token; seen by whoever lists processes, so --token-file or PROFILECLI_TOKEN are better
    #[arg(long, global = true, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// File with the bearer token
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<String>,
    /// User for HTTP Basic
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Password for HTTP Basic; seen by whoever lists processes, so --password-file is better
    #[arg(long, global = true, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,
    /// File with the password
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) password_file: Option<String>,
    /// Header of every request; several times for several
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    pub(crate) header: Vec<String>,
    /// PEM file of the only authorities to trust
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<String>,
    /// PEM file of the client certificate
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) cert_file: Option<String>,
    /// PEM file of the client certificate's key
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key_file: Option<String>,
    /// Name to verify instead of the URL's host
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) server_name: Option<String>,
    /// Take any server certificate
    #[arg(long, global = true)]
    pub(crate) insecure_skip_verify: bool,
    /// How long a request may take [default: 30s]
    #[arg(long, global = true, value_name = "DURATION")]
    pub(crate) timeout: Option<String>,
    /// Label that services are told apart by [default: service_name, on a Parca job]
    #[arg(long, global = true, value_name = "LABEL", value_parser = LabelName::one)]
    pub(crate) service_label: Option<LabelName>,
    /// JSON: what was asked for on stdout, and errors on stderr
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,
    /// Say on stderr what is asked of whom
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(crate) verbose: bool,
    /// auto, always or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub(crate) color: String,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the deployments of the configuration, or show one; never a secret
    #[command(override_usage = "profile-query config [DEPLOYMENT]")]
    Config(List),
    /// List the services that have profiles [default range: 1h]
    #[command(override_usage = "profile-query services DEPLOYMENT [RANGE] [OPTIONS]")]
    Services(Services),
    /// List the profile types that there are, or that a service has [default range: 1h]
    #[command(override_usage = "profile-query profiles DEPLOYMENT [SERVICE] [OPTIONS]")]
    Profiles(Services),
    /// List the names of labels, or the values of one [default range: 2h]
    #[command(override_usage = "profile-query labels DEPLOYMENT [LABEL] [OPTIONS]")]
    Labels(Labels),
    /// List sets of labels that occur together [default range: 1h]
    #[command(override_usage = "profile-query series DEPLOYMENT [SERVICE] [OPTIONS]")]
    Series(Series),
    /// Say whether the server has profiles, and from when to when
    #[command(override_usage = "profile-query stats DEPLOYMENT")]
    Stats(List),
    /// Show where a service spends what it spends [default range: 10m]
    #[command(override_usage = "profile-query flamegraph DEPLOYMENT SERVICE [OPTIONS]\n       \
                          profile-query flamegraph DEPLOYMENT SERVICE [RANGE] [TYPE:...] [MAX_NODES]\n       \
                          profile-query flamegraph FILE [OPTIONS]")]
    Flamegraph(Flamegraph),
    /// Rank the functions of a service; nothing is cut off by the server [default range: 10m]
    #[command(
        override_usage = "profile-query top DEPLOYMENT [SERVICE] [OPTIONS]\n       profile-query top FILE [OPTIONS]"
    )]
    Top(Top),
    /// Show functions between those who call them and those they call [default range: 10m]
    #[command(
        override_usage = "profile-query peek DEPLOYMENT [SERVICE] FUNCTION [OPTIONS]\n       profile-query peek FILE FUNCTION [OPTIONS]"
    )]
    Peek(Peek),
    /// Compare two times, label sets, deployments or files, function by function
    #[command(
        override_usage = "profile-query diff DEPLOYMENT SERVICE BASE_START BASE_END START END [OPTIONS]\n       \
                          profile-query diff DEPLOYMENT SERVICE --range R --base-label K=V --compare-label K=V\n       \
                          profile-query diff BASE.pb.gz COMPARED.pb.gz [OPTIONS]"
    )]
    Diff(Box<Diff>),
    /// Call a method of the server with JSON
    #[command(override_usage = "profile-query query DEPLOYMENT METHOD [JSON|@FILE|-] [--raw]")]
    Query(Query),
    /// Save the merged profile as pprof, for `go tool pprof` and others [default range: 10m]
    #[command(override_usage = "profile-query export DEPLOYMENT SERVICE [-o FILE] [OPTIONS]")]
    Export(Export),
    /// Send pprof files to the server
    #[command(override_usage = "profile-query upload DEPLOYMENT FILE... [OPTIONS]")]
    Upload(Upload),
    /// Show the top functions again and again [default range: 1m]
    #[command(override_usage = "profile-query watch DEPLOYMENT [SERVICE] [OPTIONS]")]
    Watch(Watch),
    /// Show profiles in a browser: of deployments, of a server, or of files
    #[command(override_usage = "profile-query ui [DEPLOYMENT | FILE]... [OPTIONS]")]
    Ui(Ui),
    /// Serve Pyroscope's query API in front of a Parca: for Grafana's data source, profilecli, scripts
    #[command(
        override_usage = "profile-query gateway DEPLOYMENT [OPTIONS]\n       profile-query gateway --url http://localhost:7070 [OPTIONS]"
    )]
    Gateway(Gateway),
    /// Print the address of a profile in a browser [default range: 1h]
    #[command(override_usage = "profile-query link DEPLOYMENT SERVICE|QUERY [RANGE] [VIEW] [OPTIONS]")]
    Link(Link),
    #[command(flatten)]
    Manual(manual::Manual),
}

/// A span of time.
#[derive(Args)]
#[command(next_help_heading = "Time")]
pub(crate) struct Time {
    /// How long, up to now or to --end
    #[arg(long, value_name = "DURATION")]
    pub(crate) range: Option<String>,
    /// From when
    #[arg(long, alias = "from", value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// Until when
    #[arg(long, alias = "to", value_name = "TIME")]
    pub(crate) end: Option<String>,
}

/// Which labels.
#[derive(Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Matching {
    /// k=v, k!=v, k=~regex or k!~regex; all must hold
    #[arg(short, long = "label", value_name = "K=V")]
    pub(crate) labels: Vec<String>,
    /// A selector in full, such as '{pod=~"a.*"}', or with a type: 'TYPE{...}'
    #[arg(long, value_name = "SELECTOR")]
    pub(crate) query: Option<String>,
}

/// Which profiles.
#[derive(Args)]
pub(crate) struct Which {
    #[command(flatten)]
    pub(crate) time: Time,
    #[command(flatten)]
    pub(crate) matching: Matching,
    /// cpu, memory, alloc, goroutine, mutex, block, a sample type, or a full id [default: cpu, or what there is]
    #[arg(
        short = 't',
        long = "type",
        alias = "profile-type",
        value_name = "TYPE",
        help_heading = "Selection"
    )]
    pub(crate) profile_type: Option<String>,
}

/// What is done to stacks before they are shown.
#[derive(Args, Default)]
#[command(next_help_heading = "Stacks")]
pub(crate) struct Filters {
    /// Only stacks with a function, file or binary that matches
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    pub(crate) focus: Option<String>,
    /// No stacks with a function, file or binary that matches
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    pub(crate) ignore: Option<String>,
    /// Take functions that match out of the stacks
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true)]
    pub(crate) hide: Option<String>,
    /// Callers below those they call: the leaf next to the root
    #[arg(long)]
    pub(crate) invert: bool,
    /// Shares of what the filters leave, not of the whole
    #[arg(long)]
    pub(crate) relative: bool,
    /// Of files: keep the frames that a profile says are of no interest (drop_frames)
    #[arg(long)]
    pub(crate) all_frames: bool,
}

#[derive(Args)]
pub(crate) struct List {
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
    /// text or json
    #[arg(long, value_name = "FORM")]
    pub(crate) output: Option<String>,
}

#[derive(Args)]
pub(crate) struct Services {
    #[command(flatten)]
    pub(crate) list: List,
    #[command(flatten)]
    pub(crate) time: Time,
}

#[derive(Args)]
pub(crate) struct Labels {
    #[command(flatten)]
    pub(crate) list: List,
    #[command(flatten)]
    pub(crate) time: Time,
    #[command(flatten)]
    pub(crate) matching: Matching,
    /// Only labels of this service
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
}

#[derive(Args)]
pub(crate) struct Series {
    #[command(flatten)]
    pub(crate) list: List,
    #[command(flatten)]
    pub(crate) time: Time,
    #[command(flatten)]
    pub(crate) matching: Matching,
    /// Only these labels of each set [default: all]
    #[arg(long = "name", alias = "label-names", value_name = "LABEL", value_parser = LabelName::one)]
    pub(crate) names: Vec<LabelName>,
}

#[derive(Args)]
pub(crate) struct Flamegraph {
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// The most nodes that the server sends; the rest is `other` [default: 16384]
    #[arg(long, value_name = "N", help_heading = "Stacks")]
    pub(crate) max_nodes: Option<String>,
    /// Runs of functions that only call the next one as the last of them
    #[arg(long, help_heading = "Stacks")]
    pub(crate) collapse: bool,
    /// graph (in a terminal), text, tree, json, folded, svg, html, speedscope, pprof, dot or top
    #[arg(long, value_name = "FORM", help_heading = "Output")]
    pub(crate) output: Option<String>,
    /// How many functions
    #[arg(short = 'n', long, value_name = "N", default_value = "20", help_heading = "Output")]
    pub(crate) limit: usize,
    /// flat or cum
    #[arg(long, value_name = "BY", default_value = "flat", help_heading = "Output")]
    pub(crate) sort: String,
    /// Sums of snapshots (memory in use, goroutines) in the ranking, not their means
    #[arg(long, help_heading = "Output")]
    pub(crate) sum: bool,
}

#[derive(Args)]
pub(crate) struct Top {
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// text, json or csv
    #[arg(long, value_name = "FORM", help_heading = "Output")]
    pub(crate) output: Option<String>,
    /// How many functions
    #[arg(short = 'n', long, value_name = "N", default_value = "20", help_heading = "Output")]
    pub(crate) limit: usize,
    /// flat or cum
    #[arg(long, value_name = "BY", default_value = "flat", help_heading = "Output")]
    pub(crate) sort: String,
    /// Sums of snapshots (memory in use, goroutines), not their means
    #[arg(long, help_heading = "Output")]
    pub(crate) sum: bool,
}

#[derive(Args)]
pub(crate) struct Peek {
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// How many functions, and how many neighbours of each
    #[arg(short = 'n', long, value_name = "N", default_value = "20", help_heading = "Output")]
    pub(crate) limit: usize,
}

#[derive(Args)]
pub(crate) struct Ui {
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
    /// Where the page is; port 0 is a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    pub(crate) address: String,
    /// Of files: keep the frames that a profile says are of no interest (drop_frames)
    #[arg(long)]
    pub(crate) all_frames: bool,
}

#[derive(Args)]
pub(crate) struct Gateway {
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
    /// Where it listens; port 0 is a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4040")]
    pub(crate) listen: String,
    /// Labels that a service_name is taken from: the first that a profile has [default: service_name, service.name, job, comm]
    #[arg(long, value_name = "LABEL,...", value_delimiter = ',', value_parser = LabelName::listed)]
    pub(crate) service_labels: Vec<LabelName>,
}

#[derive(Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) top: Top,
    /// How often
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub(crate) every: String,
    /// How many times [default: until Ctrl-C]
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
}

#[derive(Args)]
pub(crate) struct Diff {
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// Labels of the side that is compared with
    #[arg(long = "base-label", value_name = "K=V", help_heading = "Sides")]
    pub(crate) base_labels: Vec<String>,
    /// Labels of the side that is looked at
    #[arg(long = "compare-label", value_name = "K=V", help_heading = "Sides")]
    pub(crate) compare_labels: Vec<String>,
    /// Deployment of the side that is compared with
    #[arg(long, value_name = "DEPLOYMENT", help_heading = "Sides")]
    pub(crate) base_deployment: Option<String>,
    /// Service of the side that is compared with
    #[arg(long, value_name = "SERVICE", help_heading = "Sides")]
    pub(crate) base_service: Option<String>,
    /// Profile type of the side that is compared with
    #[arg(long, value_name = "TYPE", help_heading = "Sides")]
    pub(crate) base_type: Option<String>,
    /// Compare by share of the total, per second of the window, or the values: share, second or none
    #[arg(long, value_name = "WHAT", default_value = "share", help_heading = "Comparison")]
    pub(crate) by: String,
    /// Exit 5 if a change is beyond this: cum>5pp, flat(regex)>10%, total>20%
    #[arg(long, value_name = "CONDITION", help_heading = "Comparison")]
    pub(crate) fail_if: Vec<String>,
    /// Functions of less than this share on both sides do not count against `%`, in percent
    #[arg(long, value_name = "PERCENT", default_value = "0.5", help_heading = "Comparison")]
    pub(crate) min_share: f64,
    /// Pass where there is nothing to compare with yet, and say so: for the first run of a gate
    #[arg(long, help_heading = "Comparison")]
    pub(crate) allow_empty_base: bool,
    /// Compare sums of snapshots (memory in use, goroutines), not their means
    #[arg(long, help_heading = "Comparison")]
    pub(crate) sum: bool,
    /// text, json, folded, svg, html, markdown or junit
    #[arg(long, value_name = "FORM", help_heading = "Output")]
    pub(crate) output: Option<String>,
    /// Write another form into a file, too: svg=diff.svg
    #[arg(long, value_name = "FORM=FILE", help_heading = "Output")]
    pub(crate) save: Vec<String>,
    /// Append to the summary of the GitHub job (GITHUB_STEP_SUMMARY)
    #[arg(long, help_heading = "Output")]
    pub(crate) github_summary: bool,
    /// How many functions
    #[arg(short = 'n', long, value_name = "N", default_value = "20", help_heading = "Output")]
    pub(crate) limit: usize,
    /// flat or cum
    #[arg(long, value_name = "BY", default_value = "flat", help_heading = "Output")]
    pub(crate) sort: String,
}

#[derive(Args)]
pub(crate) struct Query {
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
    /// Print what comes as it is
    #[arg(long)]
    pub(crate) raw: bool,
}

#[derive(Args)]
pub(crate) struct Export {
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// Where to; `-` is stdout
    #[arg(short, long, value_name = "FILE", default_value = "profile.pb.gz", help_heading = "Output")]
    pub(crate) output: String,
    /// Overwrite the file
    #[arg(short, long, help_heading = "Output")]
    pub(crate) force: bool,
}

#[derive(Args)]
pub(crate) struct Upload {
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
    /// Labels of the profiles
    #[arg(short, long = "label", alias = "extra-labels", value_name = "K=V")]
    pub(crate) labels: Vec<String>,
    /// Service of the profiles [default: profile-query]
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Option<String>,
    /// Say that the profiles are of this time; servers refuse old ones
    #[arg(long, value_name = "TIME")]
    pub(crate) time: Option<String>,
    /// As --time now
    #[arg(long, conflicts_with = "time")]
    pub(crate) override_timestamp: bool,
    /// Make series of these labels of samples, which a Parca drops: names with commas between, or all
    #[arg(long, value_name = "NAMES")]
    pub(crate) sample_labels: Option<String>,
}

#[derive(Args)]
pub(crate) struct Link {
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) which: Which,
    /// single, comparison, diff or explore
    #[arg(long, value_name = "VIEW")]
    pub(crate) view: Option<String>,
}

/// The name of a label. A type of its own, as what parses a text is replaced: see `hyphen`.
#[derive(Clone, Debug)]
pub(crate) struct LabelName(pub(crate) String);

impl LabelName {
    fn one(text: &str) -> Result<Self, pql::LabelNameError> {
        pql::typed_label_name(text).map(Self)
    }

    fn listed(text: &str) -> Result<Self, pql::LabelNameError> {
        pql::listed_label_name(text, ',').map(Self)
    }
}
