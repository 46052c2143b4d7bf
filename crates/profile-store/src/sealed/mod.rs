//! Parts on disk.

use std::sync::Arc;

use profile_model::Labels;

use crate::merge::{Collector, Merge};
use crate::model::{Filter, Span, TypeKey};
use crate::view::ProfileSum;

/// Why a part on disk could not be read.
#[derive(Debug, thiserror::Error)]
#[error("block {block} cannot be read: {reason}")]
#[non_exhaustive]
pub struct ReadError {
    /// The block's number.
    pub block: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// A part on disk.
#[derive(Debug)]
pub(crate) enum Block {}

impl Block {
    pub(crate) fn merge(&self, _: &Merge, _: &mut Collector) -> Result<(), ReadError> {
        match *self {}
    }

    pub(crate) fn sums(
        &self,
        _: &Filter,
        _: Span,
        _: &mut dyn FnMut(&Labels, &[ProfileSum]),
    ) -> Result<(), ReadError> {
        match *self {}
    }

    pub(crate) fn types(&self, _: Span, _: &mut dyn FnMut(&TypeKey, bool)) -> Result<(), ReadError> {
        match *self {}
    }

    pub(crate) fn labels(
        &self,
        _: &Filter,
        _: Span,
        _: &mut dyn FnMut(&Arc<Labels>),
    ) -> Result<(), ReadError> {
        match *self {}
    }
}
