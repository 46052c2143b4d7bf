//! `queue_config`, with Prometheus' names.

use config_file::{Field, Reader};
use remote_write::QueueConfig;

use super::values::{bytes, count, duration, positive_duration};

/// Prometheus' default of `max_shards`, which `min_shards` is measured by where none is written.
const PROMETHEUS_MAX_SHARDS: u64 = 50;

/// `spooled` says that batches wait on disk.
pub(super) fn read(field: &Field<'_>, spooled: bool) -> Option<QueueConfig> {
    let mut reader = field.reader()?;
    let mut queue = QueueConfig::default();
    reader.set("capacity", &mut queue.capacity, count(1_000_000_000));
    reader.set("capacity_bytes", &mut queue.capacity_bytes, bytes(1 << 20, 1 << 40));
    reader.set("max_shards", &mut queue.max_shards, count(1000));
    min_shards(&mut reader, queue.max_shards as u64);
    reader.set("max_samples_per_send", &mut queue.max_samples_per_send, count(1_000_000));
    reader.set("max_bytes_per_send", &mut queue.max_bytes_per_send, bytes(1 << 10, 1 << 30));
    reader.set("batch_send_deadline", &mut queue.batch_send_deadline, duration);
    reader.set("min_backoff", &mut queue.min_backoff, positive_duration);
    reader.set("max_backoff", &mut queue.max_backoff, positive_duration);
    reader.set("retry_on_http_429", &mut queue.retry_on_http_429, Field::boolean);
    reader.set("sample_age_limit", &mut queue.sample_age_limit, duration);
    let retries = |field: &Field<'_>| field.integer(0..=u64::from(u32::MAX))?.try_into().ok();
    reader.set("max_retries", &mut queue.max_retries, retries);
    if let Err(error) = queue.check() {
        let message = format!("expected a value {}", error.expected);
        reader.report().add(reader.mistake_at(error.key, message));
    }
    for key in ["max_shards", "batch_send_deadline"] {
        if spooled && reader.has(key) {
            let message =
                "no effect with `spool_dir`: batches are sent one after the other, as they are spooled";
            reader.report().add(reader.mistake_at(key, message).as_warning());
        }
    }
    reader.finish();
    Some(queue)
}

/// Known to Prometheus, whose number of shards changes with the load.
fn min_shards(reader: &mut Reader<'_>, max_shards: u64) {
    let most = if reader.has("max_shards") { max_shards } else { PROMETHEUS_MAX_SHARDS };
    let Some(field) = reader.optional("min_shards") else { return };
    let Some(least) = field.integer(1..=1000) else { return };
    if least > most {
        field.mistake(format!("expected at most `max_shards`, which is {most}, found `{least}`"));
    } else {
        field.warning("no effect: there are always `max_shards` shards");
    }
}
