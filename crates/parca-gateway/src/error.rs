use parca_client::Error;
use pyroscope_api::ApiError;

/// What a Parca's failure is to a client of Pyroscope's.
pub(crate) fn api_error(error: &Error) -> ApiError {
    let of = error.url().map(|url| format!("the Parca at {url}: ")).unwrap_or_default();
    ApiError::new(error.code(), format!("{of}{}", error.message()))
}
