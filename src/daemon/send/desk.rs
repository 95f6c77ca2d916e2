//! From claims to letters.

use std::collections::HashMap;

use crate::compose::{Alike, ComposeError, Composer, Shared};
use crate::domain::{Address, Claim};
use crate::mail::Letter;

/// Rendered bodies kept at hand.
const SHARED: usize = 1_000;

/// Composes letters; bodies that many subscribers share are rendered once.
pub(super) struct ComposingDesk {
    composer: Composer,
    from: Address,
    shared: HashMap<Alike, Shared>,
}

impl ComposingDesk {
    pub(super) fn new(composer: Composer, from: Address) -> ComposingDesk {
        ComposingDesk {
            composer,
            from,
            shared: HashMap::new(),
        }
    }

    pub(super) fn compose(&mut self, claim: &Claim) -> Result<Letter, ComposeError> {
        let key = Alike::of(claim);
        if !self.shared.contains_key(&key) {
            if self.shared.len() >= SHARED {
                self.shared.clear();
            }
            let shared = self.composer.shared(claim)?;
            self.shared.insert(key.clone(), shared);
        }
        let text = match self.shared.get(&key) {
            Some(shared) => self.composer.letter(shared, claim),
            None => String::new(),
        };
        Ok(Letter {
            key: claim.key,
            from: self.from.clone(),
            to: claim.address.clone(),
            text,
        })
    }
}
