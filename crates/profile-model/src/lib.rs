//! profile-model
