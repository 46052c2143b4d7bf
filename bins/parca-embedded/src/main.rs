//! parca-embedded
fn main() {}
