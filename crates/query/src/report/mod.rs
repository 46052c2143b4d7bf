//! One way to show a profile: every form of a report, and what it looks like.
//!
//! ```
//! use query::report::{Form, Look, write};
//! use query::{Changes, Shown, file};
//!
//! let profile = file::read("x.folded", b"main;parse 3\nmain;render 5\n", &file::Options::default())?.profile;
//! let shown = Shown::of_file("x.folded", Changes::default().apply(file::first_value(profile)), Vec::new());
//! let mut text = Vec::new();
//! write(&shown, Form::Folded, &Look::default(), &mut text)?;
//! assert_eq!(text, b"main;parse 3\nmain;render 5\n");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod form;
mod message;
mod write;

pub use form::Form;
pub(crate) use message::arrow;
pub use report_render::top::Sort;
pub(crate) use write::write_value;
pub use write::{Look, write};
