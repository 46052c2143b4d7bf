//! Profiles as people and programs read them.
//!
//! A [`Selection`] is one kind of value of a profile. It gives the tree that most renderers show
//! (a [`Flame`]); each renderer is a function that writes to any [`io::Write`](std::io::Write) and
//! says what it left out ([`Cut`]). What is shown can be changed before by the functions of
//! [`transform`], which take a profile and give one.
//!
//! ```
//! use report_render::{Selection, folded, svg};
//!
//! let profile = folded::parse(&b"main;parse 3\nmain;render 5\n"[..], &folded::ParseOptions::default())?;
//! let selection = Selection::preferred(&profile).expect("folded stacks have one kind of value");
//! let graph = selection.flame_graph(Default::default());
//!
//! let mut image = Vec::new();
//! svg::flame_graph(&selection.flame(&graph), &svg::SvgOptions::default(), &mut image)?;
//! assert!(String::from_utf8(image)?.contains("<title>render: 5 samples (62.5 %)"));
//!
//! let mut lines = Vec::new();
//! folded::write(&selection.flame(&graph), &mut lines)?;
//! assert_eq!(lines, b"main;parse 3\nmain;render 5\n");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! What it does not know: any profiling service, any encoding of profiles, the pprof format
//! included, and any file, clock, terminal or socket.

mod color;
mod compare;
mod cut;
mod describe;
pub mod dot;
mod flame;
pub mod folded;
pub mod html;
pub mod json;
pub mod names;
mod output;
pub mod peek;
mod selection;
pub mod speedscope;
pub mod svg;
pub mod terminal;
pub mod top;
pub mod transform;
mod units;
mod walk;
mod xml;

pub use compare::{Comparison, compare, compare_by_share};
pub use cut::{Cut, Limits};
pub use flame::{Flame, NodeName};
pub use selection::Selection;
pub use units::{Human, Percent};
pub use walk::Order;
