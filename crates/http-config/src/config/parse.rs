use serde::Deserializer;

use super::HttpClientConfig;

/// A value of the wrong shape, or an unknown key.
#[derive(Debug, thiserror::Error)]
#[error("`{path}`: {message}")]
#[non_exhaustive]
pub struct ParseError {
    /// The key, with dots; `.` for the block itself.
    pub path: String,
    /// What the format's own parser says.
    pub message: String,
}

impl HttpClientConfig {
    /// Reads the settings from any format; unlike plain serde the error names the key.
    ///
    /// Only the shape is checked: [`validate`](Self::validate) has the rules.
    pub fn parse<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, ParseError> {
        serde_path_to_error::deserialize(deserializer).map_err(|error| ParseError {
            path: error.path().to_string(),
            message: error.inner().to_string(),
        })
    }
}
