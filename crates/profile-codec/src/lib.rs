//! profile-codec
