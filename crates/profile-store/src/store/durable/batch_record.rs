//! A batch in a record of the log, packed by zstd.
//!
//! | | |
//! |---|---|
//! | number | 1: keep zeros, 2: keep columns |
//! | block | symbols |
//! | texts | of labels |
//! | sets | each: pairs of texts |
//! | types | each: name, type and unit of sample and period |
//! | heads | each: type, set, time since the head before, duration, period, rows |
//! | rows | each: stack, value; as many as the heads have |

use profile_model::{BatchHead, BatchType, LabelSets, ProfileBatch, StackId, StringId, ValueType};

use crate::sealed::codec::{Reader, Writer};
use crate::sealed::{read_symbols, write_symbols};
use crate::{Keep, NewBatch};

/// Fast rather than small: the log lives for an hour.
const ZSTD_LEVEL: i32 = 1;
/// The most bytes of a batch when it is unpacked.
const MOST_BYTES: u64 = 512 << 20;

pub(crate) fn write(out: &mut Writer, batch: &NewBatch) {
    let body = body(batch);
    let packed = zstd::bulk::compress(&body, ZSTD_LEVEL).expect("memory takes all that is packed");
    out.len(body.len());
    out.block(&packed);
}

fn body(new: &NewBatch) -> Vec<u8> {
    let NewBatch { batch, keep } = new;
    let mut out = Writer::default();
    out.number(u64::from(keep.zeros) | u64::from(keep.columns) << 1);
    out.block(&write_symbols(&batch.symbols));
    write_sets(&mut out, &batch.sets);
    out.len(batch.types.len());
    for BatchType { name, sample_type, period_type } in &batch.types {
        let texts = [name, &sample_type.name, &sample_type.unit, &period_type.name, &period_type.unit];
        texts.into_iter().for_each(|text| out.text(text));
    }
    out.len(batch.heads.len());
    let (mut time, mut start) = (0_i64, 0);
    for head in &batch.heads {
        out.numbers([head.of_type, head.set].map(u64::from));
        out.signed(head.time_nanos.wrapping_sub(time));
        out.signed(head.duration_nanos);
        out.signed(head.period);
        out.len(head.rows_end - start);
        (time, start) = (head.time_nanos, head.rows_end);
    }
    for (stack, value) in batch.stacks.iter().zip(&batch.values) {
        out.number(stack.get().into());
        out.signed(*value);
    }
    out.bytes
}

fn write_sets(out: &mut Writer, sets: &LabelSets) {
    out.len(sets.texts().len());
    sets.texts().for_each(|text| out.text(text));
    out.len(sets.len());
    for at in 0..sets.len() {
        out.len(sets.ids(at).len());
        sets.ids(at).iter().for_each(|(name, value)| out.numbers([name.get().into(), value.get().into()]));
    }
}

/// The batch; nothing where the bytes are none.
pub(crate) fn read(input: &mut Reader<'_>) -> Option<NewBatch> {
    let unpacked = input.number().filter(|bytes| *bytes <= MOST_BYTES)?;
    let body = unpack(input.block()?, unpacked as usize)?;
    let mut input = Reader::new(&body);
    let flags = input.number()?;
    let keep = Keep { zeros: flags & 1 != 0, columns: flags & 2 != 0 };
    let symbols = read_symbols(input.block()?)?;
    let sets = read_sets(&mut input)?;
    let types: Vec<BatchType> = (0..input.len()?).map(|_| read_type(&mut input)).collect::<Option<_>>()?;
    let mut batch = ProfileBatch { symbols, sets, types, ..ProfileBatch::default() };
    let mut rows = 0_usize;
    for _ in 0..input.len()? {
        let time = batch.heads.last().map_or(0, |head| head.time_nanos);
        let head = read_head(&mut input, &batch, time, &mut rows)?;
        batch.heads.push(head);
    }
    for _ in 0..rows {
        let stack = input.small().filter(|id| (*id as usize) < batch.symbols.stacks().len())?;
        batch.stacks.push(StackId::new(stack));
        batch.values.push(input.signed()?);
    }
    input.is_empty().then_some(NewBatch { batch, keep })
}

/// Room is taken as bytes come out, not as a damaged number promises.
fn unpack(packed: &[u8], unpacked: usize) -> Option<Vec<u8>> {
    use std::io::Read;

    let mut body = Vec::new();
    let stream = zstd::stream::read::Decoder::with_buffer(packed).ok()?;
    stream.take(unpacked as u64 + 1).read_to_end(&mut body).ok()?;
    (body.len() == unpacked).then_some(body)
}

fn read_sets(input: &mut Reader<'_>) -> Option<LabelSets> {
    let mut sets = LabelSets::default();
    for at in 0..input.len()? {
        (sets.intern_text(input.text()?).index() == at).then_some(())?;
    }
    let texts = sets.texts().len();
    let mut pairs = Vec::new();
    for at in 0..input.len()? {
        pairs.clear();
        for _ in 0..input.len()? {
            let text = |id: u32| ((id as usize) < texts).then_some(StringId::new(id));
            pairs.push((text(input.small()?)?, text(input.small()?)?));
        }
        (sets.intern(&pairs)? == (at, true)).then_some(())?;
    }
    Some(sets)
}

fn read_type(input: &mut Reader<'_>) -> Option<BatchType> {
    let mut text = || Some(input.text()?.to_owned());
    let name = text()?;
    let sample_type = ValueType { name: text()?, unit: text()? };
    Some(BatchType { name, sample_type, period_type: ValueType { name: text()?, unit: text()? } })
}

fn read_head(input: &mut Reader<'_>, batch: &ProfileBatch, time: i64, rows: &mut usize) -> Option<BatchHead> {
    let of_type = input.small().filter(|at| (*at as usize) < batch.types.len())?;
    let set = input.small().filter(|at| (*at as usize) < batch.sets.len())?;
    let time_nanos = time.wrapping_add(input.signed()?);
    let (duration_nanos, period) = (input.signed()?, input.signed()?);
    *rows = rows.checked_add(input.len()?)?;
    Some(BatchHead { of_type, set, time_nanos, duration_nanos, period, rows_end: *rows })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;

    /// Two types, three sets, three profiles, one of them of two rows.
    pub(crate) fn batch() -> NewBatch {
        let mut batch = ProfileBatch::default();
        let mut location = |address| {
            let location = profile_model::Location { mapping: None, address, is_folded: false, lines: &[] };
            batch.symbols.intern_location(location)
        };
        let [a, b] = [1, 2].map(&mut location);
        let stacks = [batch.symbols.intern_stack(&[a, b]), batch.symbols.intern_stack(&[b])];
        let [comm, x, y] = ["comm", "x", "y"].map(|text| batch.sets.intern_text(text));
        for pairs in [&[(comm, x)][..], &[(comm, y)], &[]] {
            batch.sets.intern(pairs).unwrap();
        }
        for name in ["cpu", "wallclock"] {
            let (sample_type, period_type) = (ValueType::new(name, "ns"), ValueType::new("cpu", "ns"));
            batch.types.push(BatchType { name: "parca_agent".to_owned(), sample_type, period_type });
        }
        let mut head = |of_type, set, time_nanos, rows_end| {
            batch.heads.push(BatchHead { of_type, set, time_nanos, duration_nanos: 1, period: 7, rows_end });
        };
        head(0, 0, 100, 2);
        head(1, 1, 50, 3);
        head(0, 2, i64::MIN, 4);
        batch.stacks = vec![stacks[0], stacks[1], stacks[0], StackId::EMPTY];
        batch.values = vec![5, -6, 0, i64::MAX];
        NewBatch::new(batch, Keep { zeros: true, columns: false }).unwrap()
    }

    #[test]
    fn a_batch_comes_back() {
        let mut out = Writer::default();
        write(&mut out, &batch());
        let read = read(&mut Reader::new(&out.bytes)).unwrap();
        assert_eq!(format!("{:?}", described(&read)), format!("{:?}", described(&batch())));
    }

    fn described(new: &NewBatch) -> impl std::fmt::Debug {
        let NewBatch { batch, keep } = new;
        let profiles: Vec<_> = batch
            .profiles()
            .map(|(head, rows)| (*head, batch.sets.labels(head.set as usize), rows.collect::<Vec<_>>()))
            .collect();
        let stacks: Vec<Vec<_>> = batch.symbols.stacks().map(<[_]>::to_vec).collect();
        (profiles, stacks, batch.types.clone(), *keep)
    }

    #[test]
    fn damage_is_another_batch_or_none_and_never_a_panic() {
        let good = body(&batch());
        let packed = |body: &[u8]| {
            let mut out = Writer::default();
            out.len(body.len());
            out.block(&zstd::bulk::compress(body, 1).unwrap());
            out.bytes
        };
        for at in 0..good.len() {
            assert!(read(&mut Reader::new(&packed(&good[..at]))).is_none(), "cut at {at}");
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                if let Some(read) = read(&mut Reader::new(&packed(&bad))) {
                    assert_eq!(read.batch.profiles().count(), read.len());
                }
            }
        }
        let whole = packed(&good);
        (0..whole.len()).for_each(|at| assert!(read(&mut Reader::new(&whole[..at])).is_none(), "{at}"));
    }
}
