//! The table at the head, line by line.

use super::ChangeKind::{Expired, MajorEdit, MinorEdit, Released, Restored, Retagged};
use super::*;
use crate::domain::{BodyHash, Language, PublicationId, TagId, TagName};

const DAY: i64 = 86_400;
const MAX_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);

fn day(day: i64) -> Timestamp {
    Timestamp::from_second(day * DAY).expect("in range")
}

/// Published on day 100.
fn page() -> Publication {
    Publication {
        id: PublicationId("urn:wici:1".into()),
        title: "Nabór".into(),
        link: "https://portal.example/nabor/".into(),
        language: Language::parse("pl").expect("a language"),
        published: day(100),
        updated: day(100),
        tags: Vec::new(),
        summary: String::new(),
        body: BodyHash::of(""),
        authors: Vec::new(),
        archived: None,
        change_note: None,
        translation_of: None,
        image: None,
        enclosures: Vec::new(),
        expires: None,
    }
}

fn tagged() -> Publication {
    let id = TagId::new("prawo").expect("a slug");
    let label = "Prawo".into();
    Publication {
        tags: vec![TagName { id, label }],
        ..page()
    }
}

fn corrected() -> Publication {
    Publication {
        updated: day(101),
        change_note: Some("Nowy termin".into()),
        ..page()
    }
}

fn expiring(on: i64) -> Publication {
    Publication {
        expires: Some(day(on)),
        ..page()
    }
}

/// Released on day 100, as news, unless it never was.
fn state(standing: Standing, released: bool) -> PublicationState {
    PublicationState {
        key: PublicationKey(1),
        source: "pages".into(),
        path: "nabor.md".into(),
        standing,
        revision: 1,
        major: 0,
        sequence: Sequence(1),
        first_seen: day(99),
        released: released.then(|| day(100)),
        news: released,
        publication: page(),
        tie: None,
        group: None,
    }
}

fn on(
    now: i64,
    before: Option<&PublicationState>,
    after: &Publication,
) -> Option<(ChangeKind, bool)> {
    let worth = Newsworthiness {
        now: day(now),
        max_age: MAX_AGE,
        baseline: false,
    };
    diff(before, after, worth)
}

#[test]
fn nothing_takes_effect_before_its_date_nor_after_its_end() {
    let never = [Standing::Scheduled, Standing::Withdrawn, Standing::Expired];
    for before in never.map(|standing| state(standing, false)) {
        let before = Some(&before);
        assert_eq!(on(99, before, &page()), None);
        assert_eq!(on(101, before, &expiring(101)), None);
        assert_eq!(on(100, before, &page()), Some((Released, true)));
        assert_eq!(on(100, before, &expiring(101)), Some((Released, true)));
        assert_eq!(on(108, before, &page()), Some((Released, false)));
    }
    assert_eq!(on(99, None, &page()), None);
    assert_eq!(on(101, None, &expiring(101)), None);
    assert_eq!(
        on(107, None, &page()),
        Some((Released, true)),
        "within max_age"
    );
    assert_eq!(on(108, None, &page()), Some((Released, false)));
}

#[test]
fn in_the_baseline_only_what_waited_is_news() {
    let worth = Newsworthiness {
        now: day(100),
        max_age: MAX_AGE,
        baseline: true,
    };
    assert_eq!(diff(None, &page(), worth), Some((Released, false)));
    for (standing, news) in [(Standing::Scheduled, true), (Standing::Expired, false)] {
        let before = state(standing, false);
        assert_eq!(diff(Some(&before), &page(), worth), Some((Released, news)));
    }
}

#[test]
fn what_is_live_is_edited_retagged_or_expires() {
    let live = state(Standing::Live, true);
    let only_noted = Publication {
        updated: day(100),
        ..corrected()
    };
    let only_dated = Publication {
        change_note: None,
        ..corrected()
    };
    let both = Publication {
        tags: tagged().tags,
        ..corrected()
    };
    for (now, after, expected) in [
        (101, page(), None),
        (101, only_noted, Some((MinorEdit, false))),
        (101, only_dated, Some((MinorEdit, false))),
        (200, corrected(), Some((MajorEdit, true))),
        (200, both, Some((MajorEdit, true))),
        (107, tagged(), Some((Retagged, true))),
        (108, tagged(), Some((Retagged, false))),
        (101, expiring(102), Some((MinorEdit, false))),
        (102, expiring(102), Some((Expired, false))),
    ] {
        assert_eq!(
            on(now, Some(&live), &after),
            expected,
            "day {now}: {after:?}"
        );
    }
    let not_news = PublicationState {
        news: false,
        ..live
    };
    assert_eq!(on(101, Some(&not_news), &tagged()), Some((Retagged, false)));
}

#[test]
fn what_was_away_is_restored_and_news_as_a_correction_or_while_it_is_fresh() {
    for standing in [Standing::Withdrawn, Standing::Expired, Standing::Scheduled] {
        let away = state(standing, true);
        for (now, after, expected) in [
            (107, page(), Some((Restored, true))),
            (108, page(), Some((Restored, false))),
            (108, expiring(109), Some((Restored, false))),
            (109, expiring(109), None),
            (99, page(), None),
            (200, corrected(), Some((MajorEdit, true))),
        ] {
            assert_eq!(
                on(now, Some(&away), &after),
                expected,
                "{standing}, day {now}"
            );
        }
    }
}
