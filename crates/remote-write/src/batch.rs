//! Requests that are ready to send, and how series become them.

use std::borrow::Cow;

use bytes::Bytes;

use crate::series::Series;
use crate::wire::{self, DecodeError, Message, decode};

/// The body of one request with what must be known of it without reading it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The protocol of the body.
    pub message: Message,
    /// The compressed message.
    pub body: Bytes,
    /// How many samples it holds.
    pub samples: u64,
    /// The oldest sample's timestamp, in milliseconds since 1970.
    pub oldest_ms: i64,
    /// The newest sample's timestamp, in milliseconds since 1970.
    pub newest_ms: i64,
}

/// How large a request may be; whichever is reached first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Samples, at least 1.
    pub samples: usize,
    /// Bytes before compression. A single series that is larger goes alone.
    pub bytes: usize,
}

impl Batch {
    /// Encodes one request.
    pub fn encode(message: Message, series: &[Series]) -> Self {
        Self::of(message, &series.iter().collect::<Vec<_>>())
    }

    fn of(message: Message, series: &[&Series]) -> Self {
        let times = || series.iter().flat_map(|one| &one.samples).map(|sample| sample.timestamp_ms);
        Self {
            message,
            body: message.encode(series),
            samples: times().count() as u64,
            oldest_ms: times().min().unwrap_or_default(),
            newest_ms: times().max().unwrap_or_default(),
        }
    }

    /// The batch's samples in another protocol.
    pub fn in_message(&self, message: Message) -> Result<Self, DecodeError> {
        if message == self.message {
            return Ok(self.clone());
        }
        Ok(Self::encode(message, &decode(self.message, &self.body)?))
    }

    /// Two batches of half the samples each, in order; none if there is only one sample.
    pub fn halves(&self) -> Result<Option<[Self; 2]>, DecodeError> {
        let limits = BatchLimits { samples: self.samples.div_ceil(2) as usize, bytes: usize::MAX };
        let halves =
            split(self.message, decode(self.message, &self.body)?.into_iter().map(Cow::Owned), limits);
        Ok(halves.try_into().ok())
    }

    /// Without samples before `limit_ms`, or nothing if all are older.
    pub fn since(&self, limit_ms: i64) -> Result<Option<Self>, DecodeError> {
        if self.oldest_ms >= limit_ms {
            return Ok(Some(self.clone()));
        }
        if self.newest_ms < limit_ms {
            return Ok(None);
        }
        let mut series = decode(self.message, &self.body)?;
        series.iter_mut().for_each(|one| one.samples.retain(|sample| sample.timestamp_ms >= limit_ms));
        series.retain(|one| !one.samples.is_empty());
        Ok(Some(Self::encode(self.message, &series)))
    }

    /// What it takes of a queue's bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len() + size_of::<Self>()
    }
}

/// Cuts the series into requests within the limits, in order. A series with many samples may go on
/// in the next request.
pub fn split<'a>(
    message: Message,
    series: impl IntoIterator<Item = Cow<'a, Series>>,
    limits: BatchLimits,
) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut group = Group::default();
    for mut rest in series {
        while !rest.samples.is_empty() {
            match group.room(&rest, limits) {
                0 => batches.push(group.take(message)),
                room if room >= rest.samples.len() => {
                    group.push(rest);
                    break;
                }
                room => {
                    let mut part = rest.into_owned();
                    let after = part.samples.split_off(room);
                    rest = Cow::Owned(Series { samples: after, ..part.clone() });
                    group.push(Cow::Owned(part));
                }
            }
        }
    }
    if !group.series.is_empty() {
        batches.push(group.take(message));
    }
    batches
}

/// The request that is being filled.
#[derive(Default)]
struct Group<'a> {
    series: Vec<Cow<'a, Series>>,
    samples: usize,
    bytes: usize,
}

impl<'a> Group<'a> {
    /// How many samples of the series still fit; into an empty group at least one.
    fn room(&self, series: &Series, limits: BatchLimits) -> usize {
        let labels = wire::bytes_at_most(series) - wire::BYTES_PER_SAMPLE * series.samples.len();
        let room = limits.bytes.saturating_sub(self.bytes + labels) / wire::BYTES_PER_SAMPLE;
        let room = room.min(limits.samples.saturating_sub(self.samples));
        if self.series.is_empty() { room.max(1) } else { room }
    }

    fn push(&mut self, series: Cow<'a, Series>) {
        self.samples += series.samples.len();
        self.bytes += wire::bytes_at_most(&series);
        self.series.push(series);
    }

    fn take(&mut self, message: Message) -> Batch {
        let series = std::mem::take(self).series;
        Batch::of(message, &series.iter().map(AsRef::as_ref).collect::<Vec<_>>())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::series::{Metadata, MetricKind, Sample};
    use proptest::prelude::*;
    use relabel::Labels;

    fn values() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>(),
            Just(crate::stale_marker()),
            Just(-0.0),
            Just(f64::NAN),
            Just(f64::INFINITY),
            any::<u64>().prop_map(f64::from_bits),
        ]
    }

    fn one_series() -> impl Strategy<Value = Series> {
        let pairs = prop::collection::btree_map("[a-c_é]{1,3}", "\\PC{1,8}", 0..4);
        let sample = (values(), any::<i64>(), prop_oneof![Just(0), any::<i64>()])
            .prop_map(|(value, timestamp_ms, start_ms)| Sample { value, timestamp_ms, start_ms });
        let samples = prop::collection::vec(sample, 1..5);
        ("m[0-9]{1,3}", pairs, samples).prop_map(|(name, mut pairs, samples)| {
            // By its name, because 1.0 can say it only once for each.
            let kinds = [MetricKind::Unknown, MetricKind::Counter, MetricKind::StateSet];
            let kind = kinds[name.len() - 2];
            let metadata = Metadata { kind, help: format!("{name}\n\"").into(), unit: "".into() };
            pairs.insert(relabel::METRIC_NAME.into(), name);
            Series { labels: Labels::new(pairs).unwrap(), samples, metadata: Some(metadata.into()) }
        })
    }

    fn without_start(mut series: Vec<Series>) -> Vec<Series> {
        series.iter_mut().flat_map(|one| &mut one.samples).for_each(|sample| sample.start_ms = 0);
        series
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(series in prop::collection::vec(one_series(), 0..8)) {
            let v2 = Batch::encode(Message::V2, &series);
            prop_assert_eq!(&decode(Message::V2, &v2.body).unwrap(), &series);
            let v1 = v2.in_message(Message::V1).unwrap();
            prop_assert_eq!(decode(Message::V1, &v1.body).unwrap(), without_start(series));
        }

        #[test]
        fn splitting_loses_and_reorders_nothing(
            series in prop::collection::vec(one_series(), 0..8),
            samples in 1usize..6,
            bytes in 1usize..2000,
        ) {
            let limits = BatchLimits { samples, bytes };
            let all = |batches: &[Batch]| -> Vec<(Labels, Sample)> {
                let flat = batches.iter().flat_map(|b| decode(b.message, &b.body).unwrap());
                flat.flat_map(|one| one.samples.clone().into_iter().map(move |s| (one.labels.clone(), s))).collect()
            };
            let whole = all(&[Batch::encode(Message::V2, &series)]);
            let batches = split(Message::V2, series.iter().map(Cow::Borrowed), limits);
            prop_assert_eq!(all(&batches), whole);
            for batch in &batches {
                prop_assert!(batch.samples as usize <= samples);
                let plain = snap::raw::decompress_len(&batch.body).unwrap();
                prop_assert!(plain <= bytes || batch.samples == 1, "{} in {}", plain, bytes);
                if let Some(halves) = batch.halves().unwrap() {
                    prop_assert_eq!(all(&halves), all(std::slice::from_ref(batch)));
                }
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(plain in prop::collection::vec(any::<u8>(), 0..200)) {
            let body = snap::raw::Encoder::new().compress_vec(&plain).unwrap();
            for message in [Message::V1, Message::V2] {
                let _ = decode(message, &body);
                let _ = decode(message, &plain);
            }
        }
    }

    #[test]
    fn only_samples_that_are_too_old_are_left_out() {
        let labels = Labels::new([("__name__", "m")]).unwrap();
        let samples = [1, 2, 3].map(|at| Sample::new(at as f64, at)).to_vec();
        let batch = Batch::encode(Message::V2, &[Series { labels, samples, metadata: None }]);
        let check = |limit, expect: Option<(u64, i64)>| {
            let left = batch.since(limit).unwrap();
            assert_eq!(left.map(|left| (left.samples, left.oldest_ms)), expect, "since {limit}");
        };
        check(0, Some((3, 1)));
        check(2, Some((2, 2)));
        check(4, None);
    }
}
