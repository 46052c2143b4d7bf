//! From what came over the wire to checked profiles, with the real server's codes and texts.

use parca_proto::profilestore::{RawProfileSeries, WriteRawRequest};
use profile_codec::arrow::{AgentError, ArrowLimits, decode_agent_batch};
use profile_codec::pprof::Limits;
use profile_model::ProfileBatch;
use profile_store::{Invalid, Keep, Named, NewBatch, NewProfile, NewWrite};

use crate::limits::MAX_MESSAGE_BYTES;
use crate::writes::NotStored;

/// A whole request, checked: one bad series refuses all of them.
pub(crate) fn ingest(request: &WriteRawRequest) -> Result<Vec<NewProfile>, Invalid> {
    let (mut profiles, mut expanded) = (Vec::new(), 0);
    for series in &request.series {
        ingest_series(series, &mut profiles, &mut expanded)?;
    }
    Ok(profiles)
}

fn ingest_series(
    series: &RawProfileSeries,
    profiles: &mut Vec<NewProfile>,
    expanded: &mut usize,
) -> Result<(), Invalid> {
    // The real server dies of a series without labels.
    let set = series.labels.as_ref().ok_or(Invalid::NoName)?;
    let named = Named::new(set.labels.iter().map(|label| (label.name.as_str(), label.value.as_str())))?;
    let mut limits = Limits::default();
    limits.max_decoded_bytes = MAX_MESSAGE_BYTES;
    for sample in series.samples.iter().filter(|sample| !sample.raw_profile.is_empty()) {
        let (raw, infos) = (sample.raw_profile.clone(), sample.executable_info.len());
        profiles.push(NewProfile::from_one_of(&named, raw, infos, &limits, expanded)?);
    }
    Ok(())
}

/// What a batch of an agent's may expand to.
pub(crate) fn agent_limits() -> ArrowLimits {
    let mut limits = ArrowLimits::default();
    limits.max_rows = 1 << 20;
    limits.max_decoded_bytes = MAX_MESSAGE_BYTES;
    limits
}

/// A batch of schema v2.
pub(crate) fn agent_batch(ipc: &[u8]) -> Result<NewWrite, NotStored> {
    let batch = decode_agent_batch(ipc, &agent_limits()).map_err(|error| match error {
        AgentError::Stream(_) | AgentError::NoRecord => {
            NotStored::Agent("failed to create arrow IPC reader: ", error)
        }
        AgentError::Schema => NotStored::Agent("unrecognized arrow record schema: ", error),
        AgentError::Missing(_) => NotStored::Agent("validate record: ", error),
        other => NotStored::Agent("failed to add sample record: ", other),
    })?;
    agent_write(batch)
}

/// What an agent sent, as Parca keeps it: with rows of nothing and with columns.
pub(crate) fn agent_write(batch: ProfileBatch) -> Result<NewWrite, NotStored> {
    Ok(NewWrite::of_batch(NewBatch::new(batch, Keep { zeros: true, columns: true })?))
}
