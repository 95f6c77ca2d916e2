//! What pages list.

use super::*;
use crate::domain::{FeedKey, PublicationKey};
use crate::store::pages::Place;

fn titles(publications: &[PublicationState]) -> Vec<&str> {
    let states = publications.iter();
    states.map(|s| s.publication.title.as_str()).collect()
}

/// A page of 1970 or before, and of one instant with another.
fn dated(path: &str, second: i64, bench: &Bench) -> Found {
    Found {
        published: Timestamp::from_second(second).ok(),
        ..file(path, bench).tagged("prawo")
    }
}

pub(super) async fn a_feed_is_listed_page_by_page_whatever_happens_meanwhile(bench: Bench) -> Test {
    let ages = [
        ("a.md", -5),
        ("b.md", 7),
        ("c.md", 7),
        ("d.md", 9),
        ("e.md", 10),
    ];
    let pages = ages.map(|(path, second)| dated(path, second, &bench));
    bench.scan(pages, &[]).await?;
    let feed = FeedKey {
        language: None,
        tag: Some(TagId::new("prawo")?),
    };
    let first = bench.store.listed(&feed, None, 2).await?;
    assert_eq!(titles(&first.publications), ["e", "d"]);
    // The place holds, also when what stood there has gone and another is newer.
    bench.look([dated("f.md", 11, &bench)], &["d.md"]).await?;
    let place = first.older.ok_or("older ones")?;
    let second = bench.store.listed(&feed, Some(place), 2).await?;
    assert_eq!(titles(&second.publications), ["c", "b"]);
    let place = second.older.ok_or("older ones")?;
    let last = bench.store.listed(&feed, Some(place), 2).await?;
    assert_eq!((titles(&last.publications), last.older), (vec!["a"], None));
    let whole = bench.store.listed(&feed, None, 5).await?;
    assert_eq!((whole.publications.len(), whole.older), (5, None));
    Ok(())
}

pub(super) async fn a_place_is_read_back_as_it_is_printed(bench: Bench) -> Test {
    bench.scan([dated("a.md", -5, &bench)], &[]).await?;
    for second in [-5, 0, 1_795_000_000] {
        let place = Place {
            published: Timestamp::from_second(second)?,
            key: PublicationKey(7),
        };
        assert_eq!(place.to_string().parse(), Ok(place));
        let listed = bench.store.listed(&FeedKey::ALL, Some(place), 2).await?;
        assert_eq!(listed.publications.len(), 1);
    }
    for bad in [
        "",
        "-",
        "7",
        "-7",
        "1-",
        "a-1",
        "1-a",
        "1--1",
        "99999999999999999-1",
    ] {
        assert!(bad.parse::<Place>().is_err(), "{bad:?}");
    }
    Ok(())
}

pub(super) async fn what_can_be_read_is_listed_by_number(bench: Bench) -> Test {
    let pages = ["a.md", "b.md", "c.md", "d.md"].map(|path| file(path, &bench));
    bench.scan(pages, &[]).await?;
    bench.look([], &["b.md"]).await?;
    assert_eq!(bench.store.last_publication().await?, PublicationKey(4));
    for (first, most, expected) in [
        (1, 2, &["a.md"][..]),
        (3, 2, &["c.md", "d.md"]),
        (5, 2, &[]),
        (u64::MAX, 2, &[]),
    ] {
        let live = bench.store.live_from(PublicationKey(first), most).await?;
        let ids: Vec<&str> = live.iter().map(|s| s.publication.id.0.as_str()).collect();
        let expected: Vec<String> = expected.iter().map(|path| id_of(path)).collect();
        assert_eq!(ids, expected, "{first}");
    }
    Ok(())
}

pub(super) async fn a_feed_that_was_left_is_empty_and_not_unknown(bench: Bench) -> Test {
    bench
        .scan([file("a.md", &bench).tagged("prawo")], &[])
        .await?;
    let feed = |tag: &str| {
        TagId::new(tag).map(|tag| FeedKey {
            language: None,
            tag: Some(tag),
        })
    };
    assert_eq!(bench.store.entries_in(&feed("prawo")?).await?, Some(1));
    bench.look([file("a.md", &bench)], &[]).await?;
    assert_eq!(bench.store.entries_in(&feed("prawo")?).await?, Some(0));
    assert_eq!(bench.store.entries_in(&feed("pomoc")?).await?, None);
    Ok(())
}
