//! Many profiles on their way in that share their symbols, checked.

use profile_model::ProfileBatch;

use crate::new_profile::{check_bytes, check_count, check_types};
use crate::{Invalid, Keep};

/// Profiles that share symbols and label sets, and that may be stored: what an agent sends at once. Made by
/// [`NewBatch::new`], which refuses what could not be found again.
///
/// A batch is recognised, when it comes again, by the key of its write only.
#[derive(Clone, Debug)]
pub struct NewBatch {
    pub(crate) batch: ProfileBatch,
    pub(crate) keep: Keep,
}

impl NewBatch {
    /// Checks types and label sets; a bad one refuses the whole batch.
    ///
    /// # Errors
    /// A type cannot be asked for, or labels are without a name, too long or too many.
    pub fn new(batch: ProfileBatch, keep: Keep) -> Result<Self, Invalid> {
        (0..batch.sets.len()).try_for_each(|at| check_set(batch.sets.get(at)))?;
        let mut deltas = vec![false; batch.types.len()];
        for head in &batch.heads {
            deltas[head.of_type as usize] |= head.duration_nanos > 0;
        }
        for (of_type, is_delta) in batch.types.iter().zip(deltas) {
            if of_type.name.is_empty() {
                return Err(Invalid::NoName);
            }
            let sample_types = std::slice::from_ref(&of_type.sample_type);
            check_types(&of_type.name, sample_types, &of_type.period_type, is_delta)?;
        }
        Ok(Self { batch, keep })
    }

    /// How many profiles there are.
    pub fn len(&self) -> usize {
        self.batch.heads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.batch.heads.is_empty()
    }
}

fn check_set<'a>(pairs: impl ExactSizeIterator<Item = (&'a str, &'a str)>) -> Result<(), Invalid> {
    check_count(pairs.len())?;
    for (name, value) in pairs {
        if name.is_empty() {
            return Err(Invalid::NoLabelName);
        }
        if name == pql::NAME_LABEL {
            return Err(Invalid::DuplicateLabel(name.to_owned()));
        }
        check_bytes(name, value)?;
    }
    Ok(())
}
