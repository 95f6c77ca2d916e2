//! The archives of feeds, and what left the feeds.

mod histories;

use super::*;
use crate::domain::{FeedKey, Sequence};
use crate::store::PAGE;

fn tag_feed(tag: &str) -> FeedKey {
    FeedKey::in_all_languages(TagId::new(tag).ok())
}

fn many(numbers: std::ops::Range<u64>, bench: &Bench) -> Vec<Found> {
    numbers
        .map(|number| file(&format!("{number:03}.md"), bench).tagged("prawo"))
        .collect()
}

/// What a page has as entries, and what as tombstones, by title.
async fn page(
    bench: &Bench,
    feed: &FeedKey,
    number: u64,
) -> Result<(Vec<String>, Vec<String>), Box<dyn std::error::Error>> {
    let page = bench.store.page(feed, number).await?.ok_or("no page")?;
    let entries = page.entries.into_iter();
    let departed = page.departed.into_iter().map(|departed| departed.id.0);
    Ok((
        entries.map(|state| state.publication.title).collect(),
        departed.collect(),
    ))
}

async fn number_all(bench: &Bench) -> Result<(), StoreError> {
    for feed in bench.store.unnumbered().await? {
        while bench.store.number(&feed).await? {}
    }
    assert_eq!(bench.store.unnumbered().await?, []);
    Ok(())
}

/// What left a feed since, by id.
async fn departed(
    bench: &Bench,
    feed: &FeedKey,
    since: Sequence,
) -> Result<Option<Vec<String>>, StoreError> {
    let departed = bench.store.departed(feed, since).await?;
    Ok(departed.map(|all| all.into_iter().map(|one| one.id.0).collect()))
}

pub(super) async fn a_page_keeps_its_publications_whatever_becomes_of_them(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.look(many(0..120, &bench), &[]).await?;
    let (all, prawo) = (FeedKey::ALL, tag_feed("prawo"));
    let counts: Vec<_> = bench.store.page_counts().await?.into_values().collect();
    assert_eq!(
        counts,
        [2, 2],
        "of the feeds in one language there are none"
    );
    let titles = |numbers: std::ops::Range<u64>| -> Vec<String> {
        numbers.map(|number| format!("{number:03}")).collect()
    };
    assert_eq!(page(&bench, &all, 1).await?, (titles(0..PAGE), vec![]));
    assert_eq!(bench.store.page(&all, 3).await?, None, "it is not full");
    assert_eq!(bench.store.not_archived(&all).await?.len(), 20);

    bench.wait(SignedDuration::from_hours(1));
    let before = bench.store.page(&all, 1).await?.ok_or("no page")?;
    let edited = Found {
        title: "inaczej".to_owned(),
        ..file("001.md", &bench).tagged("prawo")
    };
    let elsewhere = file("002.md", &bench).tagged("pomoc");
    bench.look([edited, elsewhere], &["000.md"]).await?;
    let (entries, gone) = page(&bench, &all, 1).await?;
    assert_eq!((entries.len(), entries[0].as_str()), (49, "inaczej"));
    assert_eq!(gone, [id_of("000.md")]);
    let (entries, gone) = page(&bench, &prawo, 1).await?;
    assert_eq!(entries.len(), 48);
    assert_eq!(gone, [id_of("000.md"), id_of("002.md")]);
    let after = bench.store.page(&all, 1).await?.ok_or("no page")?;
    assert!(after.sequence > before.sequence);
    assert_eq!(after.updated, bench.now);

    // What comes back is where it was.
    bench.look(many(0..1, &bench), &[]).await?;
    let (entries, gone) = page(&bench, &all, 1).await?;
    assert_eq!((entries.len(), entries[0].as_str()), (50, "000"));
    assert_eq!(gone, Vec::<String>::new());
    let untouched = bench.store.pages(&all).await?[1].1;
    assert!(
        untouched < before.sequence.max(after.sequence),
        "its page only"
    );
    Ok(())
}

pub(super) async fn what_a_first_scan_finds_is_numbered_from_the_oldest(mut bench: Bench) -> Test {
    let dated = |number: u64, bench: &Bench| Found {
        published: bench
            .now
            .checked_sub(SignedDuration::from_hours(number as i64))
            .ok(),
        ..file(&format!("{number:03}.md"), bench)
    };
    let pages: Vec<Found> = (0..600).map(|number| dated(number, &bench)).collect();
    bench.batch(pages, &[], Pass::More).await?;
    assert_eq!(bench.store.page_counts().await?.len(), 0);
    assert_eq!(bench.store.not_archived(&FeedKey::ALL).await?, []);
    bench.scan([], &[]).await?;
    // In the middle one more comes, one goes that has a number, and one that has none.
    assert!(bench.store.number(&FeedKey::ALL).await?);
    bench.wait(SignedDuration::from_hours(1));
    let late = Found {
        published: dated(599, &bench).published,
        ..file("late.md", &bench)
    };
    bench.look([late], &["599.md", "000.md"]).await?;
    number_all(&bench).await?;
    assert!(!bench.store.number(&FeedKey::ALL).await?, "all have theirs");
    assert_eq!(bench.store.page_counts().await?[&FeedKey::ALL], 12);
    let (entries, gone) = page(&bench, &FeedKey::ALL, 1).await?;
    assert_eq!((entries[0].as_str(), entries.len()), ("598", 49));
    assert_eq!(gone, [id_of("599.md")]);
    let last = bench.store.not_archived(&FeedKey::ALL).await?;
    assert_eq!(last.len(), 0, "600 and one more, without one");
    Ok(())
}

pub(super) async fn a_feed_of_a_few_is_told_whole_before_it_is_numbered(bench: Bench) -> Test {
    bench.scan(many(0..49, &bench), &[]).await?;
    for _ in 0..2 {
        assert_eq!(bench.store.not_archived(&FeedKey::ALL).await?.len(), 49);
        number_all(&bench).await?;
    }
    Ok(())
}

pub(super) async fn what_left_a_feed_is_told_until_it_is_back(mut bench: Bench) -> Test {
    bench.scan(many(0..2, &bench), &[]).await?;
    let polish = FeedKey {
        language: Some(language("pl")),
        tag: TagId::new("prawo").ok(),
    };
    let before = bench.store.feed(&polish, 1).await?.ok_or("no feed")?;
    assert_eq!(
        departed(&bench, &polish, before.sequence).await?,
        Some(vec![])
    );
    bench.wait(SignedDuration::from_hours(1));
    let elsewhere = file("001.md", &bench).tagged("pomoc");
    bench.look([elsewhere], &["000.md"]).await?;
    let told = bench.store.departed(&polish, before.sequence).await?;
    let told = told.ok_or("it is known")?;
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|one| one.when == bench.now));
    let between = told[0].sequence;
    assert_eq!(
        departed(&bench, &polish, between).await?,
        Some(vec![told[1].id.0.clone()])
    );
    assert_eq!(
        departed(&bench, &FeedKey::ALL, before.sequence).await?,
        Some(vec![id_of("000.md")]),
        "the other one has another tag, and is there"
    );
    bench.look(many(0..2, &bench), &[]).await?;
    assert_eq!(
        departed(&bench, &polish, before.sequence).await?,
        Some(vec![])
    );
    Ok(())
}

pub(super) async fn that_more_left_than_is_remembered_is_said(bench: Bench) -> Test {
    bench.scan(many(0..130, &bench), &[]).await?;
    let before = bench.store.feed(&FeedKey::ALL, 1).await?.ok_or("no feed")?;
    let gone: Vec<String> = (0..60).map(|number| format!("{number:03}.md")).collect();
    let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
    for some in gone.chunks(6) {
        bench.look([], some).await?;
    }
    let since = |later: u64| Sequence(before.sequence.0 + later);
    assert_eq!(departed(&bench, &FeedKey::ALL, since(9)).await?, None);
    let told = departed(&bench, &FeedKey::ALL, since(10)).await?;
    assert_eq!(told.map(|all| all.len()), Some(50));
    Ok(())
}

pub(super) async fn a_page_is_touched_by_what_its_entries_show_of_translations(
    bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.look(many(0..50, &bench), &[]).await?;
    let before = bench.store.pages(&FeedKey::ALL).await?[0].1;
    let ukrainian = Found {
        language: language("uk"),
        translation_of: Some(PublicationId(id_of("007.md"))),
        ..file("uk.md", &bench)
    };
    let change = bench.look([ukrainian], &[]).await?.changes[0].sequence;
    for feed in [FeedKey::ALL, tag_feed("prawo")] {
        assert_eq!(bench.store.pages(&feed).await?, [(1, change)]);
    }
    assert!(before < change);
    Ok(())
}
