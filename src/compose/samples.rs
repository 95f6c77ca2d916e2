//! Letters that nobody gets: one of every kind.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::delivery::{ClaimContent, ClaimItem};
use crate::domain::{
    Address, Archived, BodyHash, Cadence, Claim, DeliveryKey, Filter, Language, Publication,
    PublicationId, RunKey, SubscriberKey, TagId, TagName,
};

/// A sample of each kind of letter to a reader of a language: one publication, a digest, one by
/// topics with more than it has room for, corrections and archived pages with and without their
/// notes, and what lacks a link or a summary.
pub fn samples(language: &Language, to: &Address, now: Timestamp) -> Vec<Claim> {
    let plain = || item(language, "plain", now);
    let latest = "https://example.org/latest/";
    let leading = format!("This page is archived; the current one is at {latest}");
    let letters = [
        ("immediate", vec![plain()], 0, ""),
        ("immediate", vec![corrected(plain(), true)], 0, ""),
        (
            "immediate",
            vec![archived(plain(), &leading, Some(latest))],
            0,
            "",
        ),
        (
            "daily",
            vec![plain(), foreign(plain()), bare(plain())],
            0,
            "help",
        ),
        (
            "other",
            vec![
                corrected(plain(), false),
                archived(plain(), "This page is archived.", Some(latest)),
                archived(plain(), "", None),
                corrected(foreign(archived(plain(), &leading, None)), true),
            ],
            1,
            "",
        ),
        ("weekly", by_topics(language, now), 7, "help law"),
    ];
    let letters = (1..).zip(letters);
    letters
        .map(|(number, (schedule, items, more, asked))| Claim {
            key: DeliveryKey {
                run: RunKey(0),
                subscriber: SubscriberKey(0),
            },
            address: to.clone(),
            language: language.clone(),
            cadence: Cadence {
                schedule: schedule.to_owned(),
                zone: None,
            },
            date: now,
            content: Arc::new(ClaimContent {
                number,
                items,
                more,
            }),
            asked: vec![Filter {
                any: tags(asked).collect::<BTreeSet<_>>(),
                ..Filter::default()
            }],
        })
        .collect()
}

fn tags(names: &str) -> impl Iterator<Item = TagId> {
    names.split_whitespace().flat_map(TagId::new)
}

fn item(language: &Language, name: &str, now: Timestamp) -> ClaimItem {
    let tag = |id: TagId| TagName {
        label: id.to_string(),
        id,
    };
    ClaimItem {
        publication: Publication {
            id: PublicationId(format!("tag:example.org,2026:{name}")),
            title: format!("Sample: {name}"),
            link: format!("https://example.org/{name}/"),
            language: language.clone(),
            published: now,
            updated: now,
            tags: tags("help").map(tag).collect(),
            summary: "What stands here is what the publication is about.".to_owned(),
            body: BodyHash::of(""),
            authors: Vec::new(),
            archived: None,
            change_note: None,
            translation_of: None,
            image: None,
            enclosures: Vec::new(),
            expires: None,
        },
        correction: false,
    }
}

/// Long enough to be divided.
fn by_topics(language: &Language, now: Timestamp) -> Vec<ClaimItem> {
    let topics = ["help", "law", "help", "", "law", "help", "law", "", "help"];
    let items = topics.iter().enumerate().map(|(place, topic)| {
        let mut item = item(language, &format!("number-{place}"), now);
        item.publication.tags.retain(|_| false);
        item.publication.tags.extend(tags(topic).map(|id| TagName {
            label: id.to_string(),
            id,
        }));
        item
    });
    items.collect()
}

fn corrected(mut item: ClaimItem, with_note: bool) -> ClaimItem {
    item.correction = true;
    item.publication.change_note = with_note.then(|| "the date has changed".to_owned());
    item
}

fn archived(mut item: ClaimItem, notice: &str, latest: Option<&str>) -> ClaimItem {
    item.publication.archived = Some(Archived {
        notice: notice.to_owned(),
        latest: latest.map(str::to_owned),
    });
    item
}

fn foreign(mut item: ClaimItem) -> ClaimItem {
    if let Ok(esperanto) = Language::parse("eo") {
        item.publication.language = esperanto;
    }
    item
}

fn bare(mut item: ClaimItem) -> ClaimItem {
    item.publication.link.clear();
    item.publication.summary.clear();
    item.publication.tags.clear();
    item
}
