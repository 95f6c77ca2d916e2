//! Who applies what is new has what is there, whatever the versions were.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::domain::Sequence;

/// What is in a document, by name.
type Entries = BTreeMap<u64, u8>;

fn written(entries: &Entries) -> (Vec<u8>, Vec<Part>) {
    let mut bytes = b"head|".to_vec();
    let mut parts = Vec::new();
    for (name, text) in entries {
        let entry = format!("{name}:{text};");
        parts.push(Part(*name, bytes.len(), entry.len()));
        bytes.extend_from_slice(entry.as_bytes());
    }
    bytes.extend_from_slice(b"|tail");
    (bytes, parts)
}

fn read(bytes: &[u8]) -> Option<Entries> {
    let text = std::str::from_utf8(bytes).ok()?;
    let entries = text.strip_prefix("head|")?.strip_suffix("|tail")?;
    let entries = entries.split_terminator(';').map(|entry| {
        let (name, text) = entry.split_once(':')?;
        Some((name.parse().ok()?, text.parse().ok()?))
    });
    entries.collect()
}

/// The versions one after the other, and the last one's bytes.
fn documents(versions: &[Entries]) -> Vec<(Document, Vec<u8>)> {
    let mut documents: Vec<(Document, Vec<u8>)> = Vec::new();
    for (number, entries) in versions.iter().enumerate() {
        let (bytes, parts) = written(entries);
        let lineage = match documents.last() {
            None => Lineage::first(parts),
            Some((former, was)) => {
                let fresh = former.lineage().fresh(was, &parts, &bytes);
                former.lineage().next(former, parts, fresh)
            }
        };
        let sequence = Sequence(number as u64);
        let document = Document::of(&bytes, "text/plain", sequence, Timestamp::UNIX_EPOCH);
        documents.push((document.with_lineage(lineage), bytes));
    }
    documents
}

fn tag(document: &Document, coding: Coding) -> String {
    String::from_utf8_lossy(document.etag(coding)).into_owned()
}

proptest! {
    #[test]
    fn who_applies_what_is_new_has_what_is_there(
        versions in vec(btree_map(0..8_u64, 0..3_u8, 0..6), 1..40),
        coding in prop::sample::select(Coding::ALL.to_vec()),
    ) {
        let documents = documents(&versions);
        let (last, bytes) = documents.last().expect("a version");
        let present = versions.last().expect("a version");
        let former = documents.iter().zip(&versions).rev().skip(1);
        for (age, ((document, _), has)) in former.enumerate() {
            let tag = tag(document, coding);
            let Some((base, delta)) = last.lineage().delta([tag.as_str()], bytes) else {
                continue;
            };
            prop_assert!(age < VERSIONS);
            prop_assert_eq!(base, &tag);
            prop_assert!(delta.len() < bytes.len());
            let delta = read(&delta).expect("it is whole");
            prop_assert!(delta.iter().all(|(name, text)| present.get(name) == Some(text)));
            let mut applied = has.clone();
            applied.extend(delta);
            prop_assert!(present.iter().all(|(name, text)| applied.get(name) == Some(text)));
        }
    }

    #[test]
    fn no_tag_that_is_none_of_ours_is_known(tag: String) {
        let documents = documents(&[Entries::from([(1, 1)]), Entries::from([(1, 1), (2, 2)])]);
        let (last, bytes) = documents.last().expect("a version");
        prop_assert_eq!(last.lineage().delta([tag.as_str()], bytes), None);
    }
}

#[test]
fn the_latest_known_version_counts_and_nothing_is_told_twice() {
    let versions = [1, 2, 3, 4].map(|last| (1..=last).map(|name| (name, 0)).collect::<Entries>());
    let documents = documents(&versions);
    let (last, bytes) = documents.last().expect("a version");
    let tags: Vec<String> = documents
        .iter()
        .map(|(d, _)| tag(d, Coding::Gzip))
        .collect();
    let given = [
        tags[1].as_str(),
        "\"none\"",
        tags[2].as_str(),
        tags[0].as_str(),
    ];
    let (base, delta) = last.lineage().delta(given, bytes).expect("a delta");
    assert_eq!(base, tags[2]);
    assert_eq!(read(&delta), Some(Entries::from([(4, 0)])));
    // Somebody weakened it on the way.
    let weak = format!("W/{}", tags[1]);
    let (_, delta) = last
        .lineage()
        .delta([weak.as_str()], bytes)
        .expect("a delta");
    assert_eq!(read(&delta), Some(Entries::from([(3, 0), (4, 0)])));
}

#[test]
fn what_is_remembered_is_bounded() {
    let versions: Vec<Entries> = (0..100_u64)
        .map(|number| (number..number + 50).map(|name| (name, 0)).collect())
        .collect();
    let (last, _) = documents(&versions).pop().expect("a version");
    assert_eq!(last.lineage().steps.len(), VERSIONS);
    let versions = [0, 1].map(|text| (0..1_000).map(|name| (name, text)).collect::<Entries>());
    let (last, _) = documents(&versions).pop().expect("a version");
    assert!(last.lineage().steps.is_empty());
}

#[test]
fn what_gives_way_to_newer_ones_is_not_lost() {
    let parts = |names: &[u64]| {
        names
            .iter()
            .map(|name| Part(*name, 0, 0))
            .collect::<Vec<_>>()
    };
    let was = Lineage::first(parts(&[5, 4, 3]));
    for (now, lost) in [
        (&[5, 4, 3][..], false),
        (&[6, 5, 4], false),
        (&[9, 8, 7], false),
        (&[6, 5, 4, 3], false),
        (&[3, 5, 4], false),
        (&[5, 4], true),
        (&[5, 3, 2], true),
        (&[6, 4, 3], true),
    ] {
        assert_eq!(was.has_lost(&parts(now)), lost, "{now:?}");
    }
}
