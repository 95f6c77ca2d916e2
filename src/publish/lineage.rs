//! What was new from version to version of a document, so that whoever has a former one can be told
//! no more than that (RFC 3229). No former bytes are kept for it.

use std::collections::{BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{Coding, Document, Part};

/// Former versions that are remembered at the most, and names of parts that were new in them: who
/// comes from farther back is told everything.
const VERSIONS: usize = 32;
const NAMES: usize = 256;

/// The parts of a document, and how it came to have them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// In the order of the bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// The oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    steps: VecDeque<Step>,
}

/// A former version, and the names of the parts that the version after it had not in common with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Step(String, Vec<u64>);

impl Lineage {
    /// The lineage of a document that nobody has a former version of.
    pub fn first(parts: Vec<Part>) -> Lineage {
        Lineage {
            parts,
            steps: VecDeque::new(),
        }
    }

    /// The names of those parts of the next version, which has these bytes, that this one has not, or
    /// has otherwise.
    pub fn fresh(&self, bytes: &[u8], next_parts: &[Part], next: &[u8]) -> Vec<u64> {
        let parts: HashMap<u64, &[u8]> = self
            .parts
            .iter()
            .filter_map(|part| Some((part.0, part.of(bytes)?)))
            .collect();
        let is_fresh = |part: &&Part| parts.get(&part.0).copied() != part.of(next);
        next_parts
            .iter()
            .filter(is_fresh)
            .map(|part| part.0)
            .collect()
    }

    /// Has something left since, other than for newer ones at the end of the parts?
    pub fn has_lost(&self, next_parts: &[Part]) -> bool {
        let next: BTreeSet<u64> = next_parts.iter().map(|part| part.0).collect();
        let is_lost = |part: &Part| !next.contains(&part.0);
        let at_the_end = self.parts.iter().rev().take_while(|part| is_lost(part));
        let lost = self.parts.iter().filter(|part| is_lost(part)).count();
        lost > at_the_end.count() || lost > 0 && next_parts.len() < self.parts.len()
    }

    /// The lineage of the same bytes.
    #[must_use]
    pub fn again(&self, parts: Vec<Part>) -> Lineage {
        Lineage {
            parts,
            steps: self.steps.clone(),
        }
    }

    /// The lineage of the version after `document`, whose lineage this is; `fresh` are the parts that
    /// it has not, or has otherwise.
    #[must_use]
    pub fn next(&self, document: &Document, parts: Vec<Part>, fresh: Vec<u64>) -> Lineage {
        let mut steps = self.steps.clone();
        let tag = String::from_utf8_lossy(document.etag(Coding::Identity));
        steps.push_back(Step(version(&tag).unwrap_or_default().to_owned(), fresh));
        let names = |steps: &VecDeque<Step>| steps.iter().map(|step| step.1.len()).sum::<usize>();
        while steps.len() > VERSIONS || names(&steps) > NAMES {
            steps.pop_front();
        }
        Lineage { parts, steps }
    }

    /// The document without what whoever has one of these versions has already: the latest of them
    /// that is known, and the bytes. `tags` are entity tags, of whatever coding. `None`: none is
    /// known, or nothing can be left out.
    pub fn delta<'t>(
        &self,
        tags: impl IntoIterator<Item = &'t str>,
        bytes: &[u8],
    ) -> Option<(&'t str, Vec<u8>)> {
        let place = |tag| {
            let version = version(tag)?;
            let place = self.steps.iter().rposition(|step| step.0 == version)?;
            Some((place, tag))
        };
        let (place, tag) = tags.into_iter().filter_map(place).max()?;
        let since = self.steps.iter().skip(place);
        let fresh: BTreeSet<u64> = since.flat_map(|step| &step.1).copied().collect();
        let mut kept = Vec::new();
        let mut end = 0;
        for Part(name, start, length) in &self.parts {
            if !fresh.contains(name) {
                kept.extend_from_slice(bytes.get(end..*start)?);
                end = start.checked_add(*length)?;
            }
        }
        kept.extend_from_slice(bytes.get(end..)?);
        (kept.len() < bytes.len()).then_some((tag, kept))
    }
}

/// What is the same in the entity tags of all codings of a version: its number, and some of its hash.
fn version(tag: &str) -> Option<&str> {
    let opaque = tag.trim().trim_start_matches("W/");
    let opaque = opaque.strip_prefix('"')?.strip_suffix('"')?;
    let (number, rest) = opaque.split_once('-')?;
    let hash = rest.split('-').next()?;
    opaque.get(..number.len() + 1 + hash.len())
}

#[cfg(test)]
mod tests;
