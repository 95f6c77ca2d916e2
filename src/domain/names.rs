//! The names that subscriptions and publications go by, and what becomes of them when a
//! configuration changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::TagId;

/// What a configuration calls things.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// From each schedule's name, present or former, to the present one. Without `immediate`,
    /// which is always there.
    pub schedules: BTreeMap<String, String>,
    /// Those of the present names whose lines are read in each subscriber's own zone.
    pub zoned: BTreeSet<String>,
    /// From each id, label and alias of a defined tag, folded (`text::tags::fold`), to its id.
    pub labels: BTreeMap<String, TagId>,
    /// From the slug of each id, label and alias of a defined tag to its id.
    pub tags: BTreeMap<String, TagId>,
    /// From each source's name, present or former, to the present one.
    pub sources: BTreeMap<String, String>,
}

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `[[schedule]]`
    Schedule,
    /// `[[tag]]`
    Tag,
    /// `[[source]]`
    Source,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Schedule => "schedule",
            Kind::Tag => "tag",
            Kind::Source => "source",
        })
    }
}

/// A name that was there before, is no longer, and that somebody or something goes by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Orphan {
    /// What it names.
    pub kind: Kind,
    /// The name.
    pub name: String,
    /// How many go by it: subscribers; publications, of a source.
    pub concerned: u64,
}
