//! Labels of threads, which Pyroscope's agent sends beside a recording: events have the id of a context, and a context
//! has labels.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::JfrError;
use crate::pprof::WireError;
use crate::pprof::wire::Reader;

/// Labels by the ids of their contexts, as the message `LabelsSnapshot` of Pyroscope's agent has them.
///
/// ```
/// use profile_codec::jfr::Contexts;
///
/// // Context 4 has the label 1: 2, that is `pod`: `a`.
/// let message = b"\x0a\x0a\x08\x04\x12\x06\x0a\x04\x08\x01\x10\x02\x12\x07\x08\x01\x12\x03pod\x12\x05\x08\x02\x12\x01a";
/// let contexts = Contexts::decode(message)?;
/// assert_eq!(contexts.labels(4).collect::<Vec<_>>(), [("pod", "a")]);
/// # Ok::<_, profile_codec::jfr::JfrError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Contexts {
    labels: HashMap<i64, Vec<(i64, i64)>, RandomState>,
    strings: HashMap<i64, String, RandomState>,
}

/// A snapshot has what was used since the one before.
const MOST: usize = 1 << 20;

type Result<T> = std::result::Result<T, JfrError>;

impl Contexts {
    /// Reads an encoded `LabelsSnapshot`. No bytes are no labels.
    ///
    /// # Errors
    /// If it is no such message, or has more than a million labels or strings.
    pub fn decode(message: &[u8]) -> Result<Self> {
        let mut contexts = Self::default();
        let mut count = 0;
        let mut reader = Reader::new(message);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => {
                    let (id, context) = entry(field.bytes()?)?;
                    let labels = labels(context, &mut count)?;
                    bounded(contexts.labels.len())?;
                    contexts.labels.insert(id, labels);
                }
                2 => {
                    let (id, text) = entry(field.bytes()?)?;
                    bounded(contexts.strings.len())?;
                    contexts.strings.insert(id, String::from_utf8_lossy(text).into_owned());
                }
                _ => {}
            }
        }
        Ok(contexts)
    }

    /// The labels of a context, name and value, in order; those whose strings are not there are left out.
    pub fn labels(&self, context: i64) -> impl Iterator<Item = (&str, &str)> {
        let ids = self.labels.get(&context).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|(name, value)| Some((self.string(*name)?, self.string(*value)?)))
    }

    /// Whether events of this context have labels.
    pub(super) fn has_labels(&self, context: i64) -> bool {
        self.labels(context).next().is_some()
    }

    pub(super) fn string(&self, id: i64) -> Option<&str> {
        self.strings.get(&id).map(String::as_str).filter(|text| !text.is_empty())
    }
}

/// The key of a map's entry, and its value, which has a length.
fn entry(message: &[u8]) -> Result<(i64, &[u8])> {
    let (mut key, mut value) = (0, &[][..]);
    let mut reader = Reader::new(message);
    while let Some(field) = reader.next()? {
        match field.number {
            1 => key = field.signed()?,
            2 => value = field.bytes()?,
            _ => {}
        }
    }
    Ok((key, value))
}

fn labels(context: &[u8], count: &mut usize) -> Result<Vec<(i64, i64)>> {
    let mut labels = Vec::new();
    let mut reader = Reader::new(context);
    while let Some(field) = reader.next()? {
        if field.number == 1 {
            bounded(*count)?;
            *count += 1;
            let mut pair = (0, 0);
            let mut entry = Reader::new(field.bytes()?);
            while let Some(field) = entry.next()? {
                match field.number {
                    1 => pair.0 = field.signed()?,
                    2 => pair.1 = field.signed()?,
                    _ => {}
                }
            }
            labels.push(pair);
        }
    }
    labels.sort_unstable();
    Ok(labels)
}

fn bounded(count: usize) -> Result<()> {
    let full = JfrError::TooLarge { what: "labels or strings of labels", limit: MOST };
    if count < MOST { Ok(()) } else { Err(full) }
}

impl From<WireError> for JfrError {
    fn from(error: WireError) -> Self {
        Self::Labels(error)
    }
}
