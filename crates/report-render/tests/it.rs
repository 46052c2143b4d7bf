//! All forms of one selection: golden files, sums that agree, hostile names, great and empty trees.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "it/forms.rs"]
mod forms;
#[path = "it/goldens.rs"]
mod goldens;
#[path = "it/hostile.rs"]
mod hostile;
#[path = "it/large.rs"]
mod large;
#[path = "it/signs.rs"]
mod signs;
#[path = "it/speedscope.rs"]
mod speedscope;
#[path = "it/sums.rs"]
mod sums;
#[path = "it/transforms.rs"]
mod transforms;
