//! How many series there may be in all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The series of all queries in their newest windows, and how many there may be.
#[derive(Debug)]
pub(crate) struct Budget {
    most: usize,
    used: Mutex<HashMap<String, usize>>,
}

impl Budget {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, used: Mutex::default() }
    }

    /// What a query may have in its next window: all that the others do not.
    pub(crate) fn available(&self, query_name: &str) -> usize {
        let used = self.used();
        let others: usize = used.iter().filter(|(name, _)| *name != query_name).map(|(_, used)| used).sum();
        self.most.saturating_sub(others)
    }

    pub(crate) fn use_up(&self, query_name: &str, series: usize) {
        let mut used = self.used();
        match series {
            0 => drop(used.remove(query_name)),
            _ => drop(used.insert(query_name.to_owned(), series)),
        }
    }

    fn used(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_may_use_what_the_others_leave() {
        let budget = Budget::new(100);
        budget.use_up("a", 70);
        assert_eq!((budget.available("a"), budget.available("b")), (100, 30));
        budget.use_up("b", 30);
        assert_eq!((budget.available("a"), budget.available("c")), (70, 0));
        budget.use_up("a", 0);
        assert_eq!(budget.available("c"), 70);
    }
}
