//! parca-embedded
