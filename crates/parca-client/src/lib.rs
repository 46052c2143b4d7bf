//! parca-client
