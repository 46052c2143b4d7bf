use super::ArrowError;

/// How many decoded bytes a stream may still have.
pub(super) struct Budget {
    left: usize,
    limit: usize,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self { left: limit, limit }
    }

    /// All that is left, of which none remains here.
    pub(super) fn take(&mut self) -> Self {
        Self { left: std::mem::take(&mut self.left), limit: self.limit }
    }

    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), ArrowError> {
        let too_large = ArrowError::TooLarge { what: "decoded bytes", limit: self.limit };
        self.left = self.left.checked_sub(bytes).ok_or(too_large)?;
        Ok(())
    }
}
