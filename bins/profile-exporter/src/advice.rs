//! What to do about a failure, in the words of the config.

use std::error::Error;

/// The advice of whoever failed, if there is some.
pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(hint) = cause.downcast_ref::<parca_client::Error>().and_then(parca_client::Error::hint) {
            return Some(exporter::in_terms_of_the_config(hint));
        }
        next = cause.source();
    }
    None
}
