use parca_client::{Code as ParcaCode, Error};
use pyroscope_api::{ApiError, Code};

/// What a Parca's failure is to a client of Pyroscope's.
pub(crate) fn api_error(error: &Error) -> ApiError {
    let code = match error.code() {
        ParcaCode::InvalidArgument => Code::InvalidArgument,
        ParcaCode::DeadlineExceeded | ParcaCode::Canceled => Code::DeadlineExceeded,
        ParcaCode::NotFound => Code::NotFound,
        ParcaCode::PermissionDenied => Code::PermissionDenied,
        ParcaCode::ResourceExhausted => Code::ResourceExhausted,
        ParcaCode::OutOfRange => Code::OutOfRange,
        ParcaCode::Unimplemented => Code::Unimplemented,
        ParcaCode::Unavailable => Code::Unavailable,
        ParcaCode::DataLoss => Code::DataLoss,
        ParcaCode::Unauthenticated => Code::Unauthenticated,
        ParcaCode::Internal => Code::Internal,
        _ => Code::Unknown,
    };
    let of = error.url().map(|url| format!("the Parca at {url}: ")).unwrap_or_default();
    ApiError::new(code, format!("{of}{}", error.message()))
}
