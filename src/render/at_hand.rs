//! Entries as they were written, at hand for the next feed that has them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Refused;
use crate::domain::{PublicationKey, Sequence};
use crate::feed::Format;

/// An entry, in every format of a feed.
#[derive(Default)]
pub(super) struct Pieces {
    /// Empty: there is none that can be shown.
    pub(super) written: BTreeMap<Format, Vec<u8>>,
    /// Of its body.
    pub(super) bytes: usize,
    /// Has it all that it should have?
    pub(super) is_whole: bool,
    /// It is not of the revision that it should be of.
    pub(super) refused: Option<Refused>,
}

impl Pieces {
    pub(super) fn are_in(&self, formats: &[Format]) -> bool {
        let mut formats = formats.iter();
        formats.all(|format| self.written.contains_key(format))
    }
}

/// What an entry's bytes depend on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Name {
    pub(super) publication: PublicationKey,
    pub(super) revision: u32,
    /// The last change of its translations.
    pub(super) translated: Sequence,
}

/// Entries at hand: those of the newest publications are in many feeds, and in the next rounds' too.
#[derive(Default)]
pub(super) struct AtHand {
    pieces: HashMap<Name, Arc<Pieces>>,
    bytes: usize,
    most: usize,
}

impl AtHand {
    /// At most so many bytes, and one entry.
    pub(super) fn of(most: usize) -> AtHand {
        AtHand {
            most,
            ..AtHand::default()
        }
    }

    pub(super) fn get(&self, name: &Name) -> Option<Arc<Pieces>> {
        self.pieces.get(name).cloned()
    }

    /// `is_wanted`: others give way.
    pub(super) fn hold(&mut self, name: Name, pieces: &Arc<Pieces>, is_wanted: bool) {
        if self.bytes >= self.most {
            if !is_wanted {
                return;
            }
            self.pieces.clear();
            self.bytes = 0;
        }
        self.bytes += pieces.written.values().map(Vec::len).sum::<usize>();
        self.pieces.insert(name, Arc::clone(pieces));
    }
}
