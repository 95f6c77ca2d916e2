//! Stretches of the ordered map.

use std::ops::Range;

use super::Key;

/// A stretch of keys: from `start`, before `end`.
#[derive(Debug, Clone)]
pub(in crate::store) struct Span {
    pub(in crate::store) start: Vec<u8>,
    pub(in crate::store) end: Vec<u8>,
}

impl Span {
    pub(in crate::store) fn range(&self) -> Range<&[u8]> {
        &self.start..self.end.as_slice().max(self.start.as_slice())
    }

    /// The same stretch from a later key on.
    pub(in crate::store) fn from(self, start: Key) -> Span {
        Span {
            start: start.0.max(self.start),
            end: self.end,
        }
    }

    /// The same stretch after a key in it.
    pub(in crate::store) fn past(self, mut key: Vec<u8>) -> Span {
        key.push(0);
        Span {
            start: key,
            end: self.end,
        }
    }

    /// The same stretch up to an earlier key as it lies in the map.
    pub(in crate::store) fn before(self, end: &[u8]) -> Span {
        Span {
            start: self.start,
            end: self.end.min(end.to_owned()),
        }
    }

    /// What of this stretch comes after another, which begins no earlier.
    pub(in crate::store) fn after(self, other: Span) -> Span {
        Span {
            start: other.end,
            end: self.end,
        }
    }

    /// The same stretch up to an earlier key.
    pub(in crate::store) fn up_to(self, end: Key) -> Span {
        Span {
            start: self.start,
            end: end.0.min(self.end),
        }
    }
}
