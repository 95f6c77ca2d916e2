//! Subscribing many at once, and what became of each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::NewSubscription;

/// One of many who are to be subscribed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Who, and to what.
    pub subscription: NewSubscription,
    /// Since when there is consent.
    pub since: Timestamp,
}

/// What became of an [`Enrolment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enrolled {
    /// The address is subscribed.
    Added,
    /// It was subscribed to something else, and is to this too.
    Extended,
    /// It was subscribed to just this: nothing has changed.
    Already,
    /// Its owner unsubscribed: nothing has changed.
    Unsubscribed,
    /// It is on the suppression list: nothing has changed.
    Suppressed,
    /// It has as many subscriptions as one can have: nothing has changed.
    TooMany,
}
