use profile_store::{Invalid, Keep, Named, NewProfile, NewWrite};
use pyroscope_api::{ApiError, Code, Pushed, Sink};

use super::Spans;
use crate::metrics::Coded;
use crate::writes::{NotStored, Writes};

/// A store that is pushed to as Pyroscope's SDKs push.
#[derive(Clone)]
pub(crate) struct StoreSink {
    pub(crate) writes: Writes,
    pub(crate) spans: Spans,
}

impl Sink for StoreSink {
    async fn turn(&self) -> impl Send + 'static {
        self.writes.turn().await
    }

    async fn push(&self, method: &'static str, mut profiles: Vec<Pushed>) -> Result<(), ApiError> {
        let spans = self.spans.taken(&mut profiles);
        let check = move || Ok(NewWrite::new(checked(profiles)?));
        self.writes.take_at_once(method, check).await.map_err(|error| refusal(&error))?;
        self.spans.keep(spans).await;
        Ok(())
    }

    fn refused(&self, method: &'static str, error: &ApiError) {
        self.writes.refused(method, &NotStored::Pushed(error.clone()));
    }
}

pub(crate) fn checked(profiles: Vec<Pushed>) -> Result<Vec<NewProfile>, Invalid> {
    let mut checked = Vec::with_capacity(profiles.len());
    for Pushed { labels, profile, bytes, .. } in profiles {
        checked.push(NewProfile::new(&Named::new(labels.iter())?, profile, Keep::default(), Some(&bytes))?);
    }
    Ok(checked)
}

/// The code by which senders know whether to try again: a Pyroscope has one for all that cannot be stored.
fn refusal(error: &NotStored) -> ApiError {
    let code = match error.code() {
        tonic::Code::Unknown => Code::InvalidArgument,
        code => Code::of_number(code.into()),
    };
    ApiError::new(code, error.words())
}
