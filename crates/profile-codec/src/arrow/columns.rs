//! Columns in the widths that Parca chooses.

use std::{hash::Hash, sync::Arc};

use arrow_array::{
    ArrayRef, BinaryArray, DictionaryArray, Int8Array, Int16Array, Int32Array, Int64Array, ListArray,
    PrimitiveArray, StringArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
    types::{ArrowDictionaryKeyType, ArrowPrimitiveType, Int32Type, UInt8Type, UInt16Type, UInt32Type},
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field};
use hashbrown::HashMap;

/// The smallest unsigned integers whose largest value is larger than all in the column: 255 takes
/// two bytes. Negative values are cast, as Parca's are, so that they take eight and come back.
pub(super) fn smallest_uint(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    let values: Vec<Option<u64>> = values.map(|value| value.map(i64::cast_unsigned)).collect();
    let most = values.iter().flatten().copied().max().unwrap_or(0);
    if most < u64::from(u8::MAX) {
        Arc::new(values.iter().map(|value| value.map(|value| value as u8)).collect::<UInt8Array>())
    } else if most < u64::from(u16::MAX) {
        Arc::new(values.iter().map(|value| value.map(|value| value as u16)).collect::<UInt16Array>())
    } else if most < u64::from(u32::MAX) {
        Arc::new(values.iter().map(|value| value.map(|value| value as u32)).collect::<UInt32Array>())
    } else {
        Arc::new(UInt64Array::from(values))
    }
}

/// The smallest signed integers that hold all of the column. Parca looks at the largest only, so
/// that its large negative values wrap.
pub(super) fn smallest_int(values: impl Iterator<Item = i64>) -> ArrayRef {
    let values: Vec<i64> = values.collect();
    let least = values.iter().copied().min().unwrap_or(0);
    let most = values.iter().copied().max().unwrap_or(0);
    let fits = |min: i64, max: i64| min <= least && most < max;
    if fits(i8::MIN.into(), i8::MAX.into()) {
        Arc::new(values.iter().map(|value| *value as i8).collect::<Int8Array>())
    } else if fits(i16::MIN.into(), i16::MAX.into()) {
        Arc::new(values.iter().map(|value| *value as i16).collect::<Int16Array>())
    } else if fits(i32::MIN.into(), i32::MAX.into()) {
        Arc::new(values.iter().map(|value| *value as i32).collect::<Int32Array>())
    } else {
        Arc::new(Int64Array::from(values))
    }
}

/// A dictionary under construction: keys count up in order of first sight.
pub(super) struct Dictionary<T> {
    entries: Vec<T>,
    keys: Vec<Option<u32>>,
}

impl<T: Copy> Dictionary<T> {
    /// A column of values, each with what tells it from others.
    pub(super) fn of<K: Hash + Eq>(values: impl Iterator<Item = Option<(K, T)>>) -> Self {
        let mut seen = HashMap::<_, _, foldhash::fast::RandomState>::default();
        let mut dictionary = Self { entries: Vec::new(), keys: Vec::new() };
        for value in values {
            let key = value.map(|(identity, entry)| {
                *seen.entry(identity).or_insert_with(|| {
                    dictionary.entries.push(entry);
                    (dictionary.entries.len() - 1) as u32
                })
            });
            dictionary.keys.push(key);
        }
        dictionary
    }

    /// The array with the smallest keys whose largest value is larger than the number of entries.
    fn with_smallest_keys(&self, values: ArrayRef) -> Result<ArrayRef, ArrowError> {
        match self.entries.len() {
            0..0xff => self.with_keys::<UInt8Type>(values, |key| key as u8),
            0xff..0xffff => self.with_keys::<UInt16Type>(values, |key| key as u16),
            _ => self.with_keys::<UInt32Type>(values, |key| key),
        }
    }

    fn with_keys<K: ArrowDictionaryKeyType>(
        &self,
        values: ArrayRef,
        convert: impl Fn(u32) -> K::Native,
    ) -> Result<ArrayRef, ArrowError> {
        let keys: PrimitiveArray<K> = self.keys.iter().map(|key| key.map(&convert)).collect();
        Ok(Arc::new(DictionaryArray::try_new(keys, values)?))
    }
}

impl Dictionary<&str> {
    /// As flame graphs have it: bytes, keys as small as can be.
    pub(super) fn binary(&self) -> Result<ArrayRef, ArrowError> {
        self.with_smallest_keys(self.binary_values())
    }

    /// As the empty flame graph has it: bytes, keys of four bytes.
    pub(super) fn binary_of_int32(&self) -> Result<ArrayRef, ArrowError> {
        self.with_keys::<Int32Type>(self.binary_values(), |key| key as i32)
    }

    /// As tables have it: text, keys of two bytes, or four where that is too little.
    pub(super) fn utf8_of_uint16(&self) -> Result<ArrayRef, ArrowError> {
        if self.entries.len() > usize::from(u16::MAX) {
            return self.utf8_of_uint32();
        }
        self.with_keys::<UInt16Type>(self.utf8_values(), |key| key as u16)
    }

    /// As tables have it: text, keys of four bytes.
    pub(super) fn utf8_of_uint32(&self) -> Result<ArrayRef, ArrowError> {
        self.with_keys::<UInt32Type>(self.utf8_values(), |key| key)
    }

    fn binary_values(&self) -> ArrayRef {
        Arc::new(BinaryArray::from_iter_values(&self.entries))
    }

    fn utf8_values(&self) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(&self.entries))
    }
}

/// Lists of numbers; an empty one becomes null.
pub(super) fn lists<T: ArrowPrimitiveType>(
    lists: impl Iterator<Item = impl ExactSizeIterator<Item = T::Native>>,
) -> Result<ArrayRef, ArrowError> {
    let (mut lengths, mut items) = (Vec::new(), Vec::new());
    for list in lists {
        lengths.push(list.len());
        items.extend(list);
    }
    let nulls: NullBuffer = lengths.iter().map(|length| *length > 0).collect();
    let items = PrimitiveArray::<T>::new(ScalarBuffer::from(items), None);
    let item = Arc::new(Field::new_list_field(T::DATA_TYPE, true));
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(items), Some(nulls))?))
}

/// One null of a type.
pub(super) fn one_null(data_type: &DataType) -> ArrayRef {
    arrow_array::new_null_array(data_type, 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::Array;

    use super::*;

    #[test]
    fn unsigned_widths_leave_the_largest_value_out() {
        #[track_caller]
        fn check(values: &[Option<i64>], expect: DataType) {
            assert_eq!(smallest_uint(values.iter().copied()).data_type(), &expect);
        }
        check(&[], DataType::UInt8);
        check(&[None, Some(254)], DataType::UInt8);
        check(&[Some(255)], DataType::UInt16);
        check(&[Some(65_534)], DataType::UInt16);
        check(&[Some(3), Some(-1)], DataType::UInt64);
        check(&[Some(65_535)], DataType::UInt32);
        check(&[Some(u32::MAX.into())], DataType::UInt64);
        check(&[Some(i64::MAX)], DataType::UInt64);
    }

    #[test]
    fn signed_widths_hold_both_ends() {
        #[track_caller]
        fn check(values: &[i64], expect: DataType) {
            assert_eq!(smallest_int(values.iter().copied()).data_type(), &expect);
        }
        check(&[], DataType::Int8);
        check(&[-128, 126], DataType::Int8);
        check(&[127], DataType::Int16);
        check(&[-129], DataType::Int16);
        check(&[-99_800], DataType::Int32);
        check(&[i64::MIN], DataType::Int64);
    }

    #[test]
    fn dictionaries_have_each_value_once() {
        let words = ["b", "a", "b", "a", "c"];
        let dictionary = Dictionary::of(words.iter().map(|word| Some((*word, *word))).chain([None]));
        let array = dictionary.binary().unwrap();
        let array = array.as_any().downcast_ref::<DictionaryArray<UInt8Type>>().unwrap();
        assert_eq!(array.values().len(), 3);
        assert_eq!(
            array.keys().iter().collect::<Vec<_>>(),
            [0, 1, 0, 1, 2].map(Some).into_iter().chain([None]).collect::<Vec<_>>()
        );
    }

    #[test]
    fn table_dictionaries_widen_rather_than_fail() {
        let words: Vec<String> = (0..65_536).map(|number| number.to_string()).collect();
        let narrow = Dictionary::of(words[..65_535].iter().map(|word| Some((word, word.as_str()))));
        let wide = Dictionary::of(words.iter().map(|word| Some((word, word.as_str()))));
        let key = |array: ArrayRef| match array.data_type() {
            DataType::Dictionary(key, _) => key.as_ref().clone(),
            other => panic!("{other}"),
        };
        assert_eq!(key(narrow.utf8_of_uint16().unwrap()), DataType::UInt16);
        assert_eq!(key(wide.utf8_of_uint16().unwrap()), DataType::UInt32);
    }
}
