use bytes::Bytes;
use profile_model::{Labels, Profile, ProfileBatch};

use crate::ApiError;

/// A profile on its way in, as a Parca keeps them: with a name, with labels that its language can say, and with a
/// duration where it is about a span of time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pushed {
    /// The labels, `__name__` and `service_name` among them.
    pub labels: Labels,
    /// What was measured.
    pub profile: Profile,
    /// The bytes it came in, by which it is recognised when it comes again.
    pub bytes: Bytes,
    /// What of it was measured in each span that samples say they are of: a profile each, with the label `span_id` and of
    /// types that have this one's name, whatever theirs is. Each is about one request, so that these are no series. A sink
    /// may keep them for a while, or not at all.
    pub spans: ProfileBatch,
}

/// Where profiles are pushed to.
pub trait Sink: Clone + Send + Sync + 'static {
    /// Stores all of them or none. `method` is `Push` or `ingest`.
    fn push(
        &self,
        method: &'static str,
        profiles: Vec<Pushed>,
    ) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// The turn of a request to be read, until what this gives is dropped: requests take many times the memory of what
    /// came while they are read. By default every turn is at once.
    fn turn(&self) -> impl Future<Output = impl Send + 'static> + Send {
        std::future::ready(())
    }

    /// Counts and logs what was refused before it came so far.
    fn refused(&self, method: &'static str, error: &ApiError);

    /// The longest message that is taken, once it is decompressed.
    fn max_message_bytes(&self) -> usize {
        64 << 20
    }
}
