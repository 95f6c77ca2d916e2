//! Who is not to be written to, whoever asks for it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Address;

/// Why an address is not to be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionReason {
    /// An administrator decided so.
    Administrator,
    /// Mail to it came back for good.
    Bounced,
    /// Its owner called mail unwanted at their provider.
    Complained,
    /// Its owner asked never to be written to again, or had unsubscribed before all that was known
    /// of them was erased.
    Asked,
}

impl fmt::Display for SuppressionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SuppressionReason::Administrator => "by an administrator",
            SuppressionReason::Bounced => "mail came back",
            SuppressionReason::Complained => "complained",
            SuppressionReason::Asked => "asked for it",
        })
    }
}

/// An entry of the suppression list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Who; `None`: all that is kept of an erased address is a keyed hash, by which it is known
    /// again should it come.
    pub address: Option<Address>,
    /// Why.
    pub reason: SuppressionReason,
    /// An administrator's or a server's words.
    pub note: Option<String>,
    /// Since when.
    pub at: Timestamp,
}
