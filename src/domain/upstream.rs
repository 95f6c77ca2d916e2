//! An upstream feed, as it was last met.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Problem;

/// What is known of an upstream feed: how to ask for it next, and how it was the last time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamState {
    /// The configured URL; all else is about it.
    pub url: String,
    /// Where it has moved for good.
    pub moved_to: Option<String>,
    /// `ETag` of the last feed all of which was taken that could be.
    pub etag: Option<String>,
    /// `Last-Modified` of it.
    pub last_modified: Option<String>,
    /// How that feed was read: another way needs it again.
    pub reader: String,
    /// When a feed was last there, changed or not.
    pub last_success: Option<Timestamp>,
    /// When it is to be asked next; `None`: at once.
    pub next: Option<Timestamp>,
    /// How often in a row there was none.
    pub failures: u32,
    /// Why there was none.
    pub problem: Option<Problem>,
}

impl UpstreamState {
    /// Nothing is known of the feed at this URL.
    pub fn new(url: &str) -> UpstreamState {
        UpstreamState {
            url: url.to_owned(),
            ..UpstreamState::default()
        }
    }

    /// Where to ask. Two addresses take turns while there is no feed, for either may be the one
    /// that is wrong.
    pub fn address(&self) -> &str {
        match &self.moved_to {
            Some(moved_to) if self.failures.is_multiple_of(2) => moved_to,
            _ => &self.url,
        }
    }
}
