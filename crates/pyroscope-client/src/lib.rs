//! A typed client of [Pyroscope](https://github.com/grafana/pyroscope): profiles, series, labels,
//! comparisons and writes, over Connect, so that any HTTP proxy lets it through.
//!
//! ```no_run
//! use pql::Matcher;
//! use profile_model::{TimeRange, Timestamp};
//! use pyroscope_client::{Client, Selection, Settings};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(&Settings::new("https://profiles.example.com/some/path"))?;
//!
//! let range = TimeRange::new(Timestamp::new(1_760_000_000, 0), Timestamp::new(1_760_000_900, 0));
//! let api = Matcher::equal("service_name", "api");
//! for profile_type in client.label_values("__profile_type__", &[api.clone()], range).await? {
//!     let selection = Selection::new(profile_type.parse()?, vec![api.clone()], range);
//!     let tree = client.tree(&selection).await?;
//!     println!("{profile_type}: {}, of which cut off {}", tree.total(), tree.truncated());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Answers are values of `profile-model`, or a [`CallTree`] where a server sends a tree. Its three
//! encodings (levels of a flame graph, levels of a comparison, a stream of nodes) are decoded by
//! functions of their own, which take anybody's bytes:
//!
//! ```
//! use pyroscope_client::{CallTree, Levels};
//!
//! let names = ["total", "main", "b", "c", "a"].map(String::from).to_vec();
//! let levels = vec![vec![0, 11, 0, 0], vec![0, 11, 1, 1], vec![1, 3, 3, 4, 0, 7, 5, 2], vec![9, 2, 2, 3]];
//! let tree: CallTree<1> = Levels { names, levels }.decode()?;
//! let rows: Vec<_> = tree.nodes().iter().map(|node| (node.depth, tree.name(node), node.sums[0].flat)).collect();
//! assert_eq!(rows, [(0, "main", 1), (1, "a", 3), (1, "b", 5), (2, "c", 2)]);
//! # Ok::<(), pyroscope_client::TreeError>(())
//! ```
//!
//! # What a call promises
//! - It ends at its deadline, [`Settings::timeout`] after it began. It is sent once; there are no retries.
//! - A range that the server finds too long is asked for in parts, and the answers are put together:
//!   see [`Client::profile`]. Each part has the deadline of a call.
//! - Time ranges are sent in milliseconds. Pyroscope leaves out the range's end (its old storage, v1,
//!   does not), and a server that looks back so far only shortens a range without a word.
//! - An error keeps the server's code and words. Nothing found is no error.
//!
//! # What it does not know
//! Short names of profile types, units, rankings and reports; who asks, and where settings come from.

mod api;
mod client;
mod error;
mod method;
mod parts;
mod settings;
mod transcode;
mod transport;
mod window;

pub use api::{
    Aggregation, Annotation, Exemplar, Format, GoPgo, HeatmapBucket, HeatmapRequest, HeatmapSeries,
    HeatmapSlot, Point, ProfileStats, PushSample, PushSeries, QueryAnalysis, QueryImpact, QueryScope,
    Selection, Series, SeriesRequest,
};
pub use client::{Client, RawAnswer};
pub use error::{Error, ErrorKind};
pub use pyroscope_tree::{CallNode, CallTree, DiffTree, Levels, NameId, Sums, Tree, TreeError};
pub use rpc_code::Code;
pub use settings::{Access, AccessCommand, Encoding, Settings, SettingsError};
