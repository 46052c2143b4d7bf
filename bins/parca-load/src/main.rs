//! parca-load
fn main() {}
