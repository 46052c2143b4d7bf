use std::collections::VecDeque;

use crate::failure::Failure;

/// The words of a command that belong to no flag, to be taken one by one; none is dropped silently.
#[derive(Debug)]
pub(crate) struct Words {
    left: VecDeque<String>,
}

impl Words {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self { left: words.into() }
    }

    /// The next word, if there is one.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.left.pop_front()
    }

    /// The next word, which has to be there.
    pub(crate) fn expect(&mut self, name: &str) -> Result<String, Failure> {
        self.next().ok_or_else(|| Failure::usage(format!("expected {name}, found no more words")))
    }

    /// Drops the next word if it is this one.
    pub(crate) fn skip(&mut self, word: &str) {
        if self.left.front().is_some_and(|next| next == word) {
            self.left.pop_front();
        }
    }

    /// How many are left.
    pub(crate) fn len(&self) -> usize {
        self.left.len()
    }

    /// The word that is left, if it is the only one.
    pub(crate) fn only(&self) -> Option<String> {
        if self.left.len() == 1 { self.left.front().cloned() } else { None }
    }

    /// All that are left.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        self.left.drain(..).collect()
    }

    /// Whether all of the words were meant for something.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        match self.next() {
            None => Ok(()),
            Some(word) => {
                Err(Failure::usage(format!("expected no more words, found `{}`", words::safe(&word))))
            }
        }
    }
}
