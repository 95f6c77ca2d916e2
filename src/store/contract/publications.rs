use super::*;
use crate::domain::ChangeKind::{MajorEdit, MinorEdit, Released, Restored, Retagged, Withdrawn};
use crate::domain::{FeedKey, Standing};
use crate::store::{Refusal, Refused};

pub(super) async fn what_the_first_scan_finds_is_not_news(bench: Bench) -> Test {
    let first = bench.batch([file("a.md", &bench)], &[], Pass::More).await?;
    assert_eq!(kinds(&first), [(Released, false)]);
    let rest = bench.scan([file("b.md", &bench)], &[]).await?;
    assert_eq!(kinds(&rest), [(Released, false)]);
    let later = bench.look([file("c.md", &bench)], &[]).await?;
    assert_eq!(kinds(&later), [(Released, true)]);
    assert_eq!(later.changes[0].sequence.0, 3);
    Ok(())
}

pub(super) async fn a_file_that_reads_the_same_is_no_change(mut bench: Bench) -> Test {
    let page = Found {
        published: None,
        ..file("a.md", &bench)
    };
    bench.scan([page.clone()], &[]).await?;
    bench.wait(SignedDuration::from_hours(1));
    assert_eq!(bench.scan([page], &[]).await?, Applied::default());
    let seen = bench.publication(&id_of("a.md")).await?;
    assert_eq!(seen.publication.published, seen.first_seen);
    Ok(())
}

pub(super) async fn what_is_found_long_after_its_date_is_not_news(mut bench: Bench) -> Test {
    let old = file("old.md", &bench);
    let recent = file("recent.md", &bench);
    bench.scan([], &[]).await?;
    bench.wait(MAX_AGE);
    assert_eq!(kinds(&bench.look([recent], &[]).await?), [(Released, true)]);
    bench.wait(SignedDuration::from_secs(1));
    assert_eq!(kinds(&bench.look([old], &[]).await?), [(Released, false)]);
    Ok(())
}

pub(super) async fn a_minor_edit_is_not_news_and_a_major_one_is(mut bench: Bench) -> Test {
    let page = file("a.md", &bench);
    bench.scan([page.clone()], &[]).await?;
    bench.wait(SignedDuration::from_hours(1));
    let minor = Found {
        title: "Inny tytuł".into(),
        ..page.clone()
    };
    assert_eq!(
        kinds(&bench.look([minor], &[]).await?),
        [(MinorEdit, false)]
    );
    let only_dated = Found {
        updated: Some(bench.now),
        ..page.clone()
    };
    assert_eq!(
        kinds(&bench.look([only_dated], &[]).await?),
        [(MinorEdit, false)]
    );
    bench.wait(SignedDuration::from_hours(1));
    let major = page.corrected("Nowy termin", &bench);
    assert_eq!(
        kinds(&bench.look([major.clone()], &[]).await?),
        [(MajorEdit, true)]
    );
    assert_eq!(bench.publication(&id_of("a.md")).await?.major, 1);
    bench.wait(SignedDuration::from_hours(1));
    let same_note = Found {
        updated: Some(bench.now),
        ..major
    };
    assert_eq!(
        kinds(&bench.look([same_note], &[]).await?),
        [(MinorEdit, false)]
    );
    Ok(())
}

pub(super) async fn a_moved_file_keeps_its_id(bench: Bench) -> Test {
    let page = file("a.md", &bench);
    bench.scan([page.clone()], &[]).await?;
    // Seen in one look.
    let moved = bench
        .look([page.clone().moved_to("b.md")], &["a.md"])
        .await?;
    assert_eq!(kinds(&moved), []);
    assert_eq!(bench.publication(&id_of("a.md")).await?.path, "b.md");
    // The old place was withdrawn a look earlier.
    assert_eq!(
        kinds(&bench.look([], &["b.md"]).await?),
        [(Withdrawn, false)]
    );
    let back = bench.look([page.moved_to("c.md")], &[]).await?;
    assert_eq!(kinds(&back), [(Restored, false)]);
    let state = bench.publication(&id_of("a.md")).await?;
    assert_eq!(
        (state.path.as_str(), state.standing),
        ("c.md", Standing::Live)
    );
    assert_eq!(
        bench.store.paths("pages").await?,
        BTreeSet::from(["c.md".to_owned()])
    );
    Ok(())
}

pub(super) async fn of_two_that_may_have_moved_nothing_is_guessed(bench: Bench) -> Test {
    let page = file("a.md", &bench);
    let twin = page.clone().moved_to("b.md");
    bench.scan([page.clone(), twin], &[]).await?;
    bench
        .look([page.moved_to("c.md")], &["a.md", "b.md"])
        .await?;
    assert_eq!(
        bench.publication(&id_of("c.md")).await?.standing,
        Standing::Live
    );
    assert_eq!(
        bench.publication(&id_of("a.md")).await?.standing,
        Standing::Withdrawn
    );
    Ok(())
}

pub(super) async fn a_body_that_many_share_tells_nothing_of_a_move(bench: Bench) -> Test {
    let form = |path: &str| Found {
        body: "<p>formularz</p>".into(),
        ..file(path, &bench)
    };
    let few = form("0.md");
    bench.scan([few.clone()], &[]).await?;
    bench.look([few.moved_to("moved.md")], &["0.md"]).await?;
    assert_eq!(bench.publication(&id_of("0.md")).await?.path, "moved.md");
    bench
        .look((1..40).map(|n| form(&format!("{n}.md"))), &[])
        .await?;
    bench.look([form("new.md")], &["1.md"]).await?;
    assert_eq!(
        bench.publication(&id_of("1.md")).await?.standing,
        Standing::Withdrawn
    );
    assert_eq!(bench.publication(&id_of("new.md")).await?.path, "new.md");
    Ok(())
}

pub(super) async fn a_file_that_claims_anothers_id_is_refused(bench: Bench) -> Test {
    let claim = Some(PublicationId("urn:wici:1".into()));
    let first = Found {
        declared_id: claim.clone(),
        ..file("a.md", &bench)
    };
    let second = Found {
        declared_id: claim,
        ..file("b.md", &bench)
    };
    let applied = bench.scan([first, second.clone()], &[]).await?;
    assert_eq!(kinds(&applied), [(Released, false)]);
    let refused = Refused {
        path: "b.md".to_owned(),
        why: Refusal::IdTaken {
            id: PublicationId("urn:wici:1".into()),
            source: "pages".to_owned(),
            path: "a.md".to_owned(),
        },
    };
    assert_eq!(applied.refused, [refused]);
    // Once the holder is gone the id may move.
    let moved = bench.look([second], &["a.md"]).await?;
    assert!(moved.refused.is_empty());
    assert_eq!(bench.publication("urn:wici:1").await?.path, "b.md");
    Ok(())
}

pub(super) async fn a_new_file_at_a_path_that_was_left_gets_an_id_of_its_own(bench: Bench) -> Test {
    let page = file("a.md", &bench);
    bench.scan([page.clone()], &[]).await?;
    bench
        .look([page.clone().moved_to("b.md")], &["a.md"])
        .await?;
    bench
        .look(
            [Found {
                body: "<p>nowa</p>".into(),
                ..page
            }],
            &[],
        )
        .await?;
    assert_eq!(bench.publication(&id_of("a.md")).await?.path, "b.md");
    assert_eq!(
        bench
            .publication(&format!("{}~2", id_of("a.md")))
            .await?
            .path,
        "a.md"
    );
    Ok(())
}

pub(super) async fn a_future_date_is_waited_for(mut bench: Bench) -> Test {
    let mut page = file("a.md", &bench);
    page.published = Some(bench.now.checked_add(SignedDuration::from_hours(2))?);
    // Even from the baseline it is news when it comes.
    assert_eq!(kinds(&bench.scan([page.clone()], &[]).await?), []);
    assert_eq!(bench.store.next_release().await?, page.published);
    assert!(bench.store.feeds().await?.is_empty());
    bench.wait(SignedDuration::from_hours(1));
    assert_eq!(bench.release_due().await?, []);
    bench.wait(SignedDuration::from_hours(1));
    let released = bench.release_due().await?;
    assert_eq!(
        released
            .iter()
            .map(|c| (c.kind, c.news))
            .collect::<Vec<_>>(),
        [(Released, true)]
    );
    assert_eq!(bench.store.next_release().await?, None);
    assert_eq!(bench.release_due().await?, []);
    Ok(())
}

pub(super) async fn what_comes_back_is_restored(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let page = file("a.md", &bench);
    bench.look([page.clone()], &[]).await?;
    bench.look([], &["a.md"]).await?;
    assert_eq!(bench.store.totals().await?.withdrawn, 1);
    let edited = Found {
        body: "<p>po zmianie</p>".into(),
        ..page
    };
    assert_eq!(kinds(&bench.look([edited], &[]).await?), [(Restored, true)]);
    assert_eq!(bench.store.totals().await?.live, 1);
    Ok(())
}

pub(super) async fn a_feed_holds_the_newest_first_and_its_date_never_goes_back(
    mut bench: Bench,
) -> Test {
    let old = file("old.md", &bench).tagged("prawo");
    bench.wait(SignedDuration::from_hours(1));
    let new = file("new.md", &bench).tagged("prawo");
    let feed = FeedKey {
        language: Some(language("pl")),
        tag: TagId::new("prawo").ok(),
    };
    bench.scan([new], &[]).await?;
    let before = bench.store.feed(&feed, 10).await?.ok_or("no feed")?;
    bench.look([old], &[]).await?;
    let view = bench.store.feed(&feed, 10).await?.ok_or("no feed")?;
    let titles: Vec<_> = view
        .entries
        .iter()
        .map(|e| e.publication.title.as_str())
        .collect();
    assert_eq!(titles, ["new", "old"]);
    assert_eq!(view.updated, before.updated);
    assert!(view.sequence > before.sequence);
    assert_eq!(
        bench
            .store
            .feed(&feed, 1)
            .await?
            .ok_or("no feed")?
            .entries
            .len(),
        1
    );
    bench.wait(SignedDuration::from_hours(1));
    bench.look([], &["old.md", "new.md"]).await?;
    let empty = bench.store.feed(&feed, 10).await?.ok_or("no feed")?;
    assert!(empty.entries.is_empty());
    assert_eq!(empty.updated, bench.now);
    Ok(())
}

pub(super) async fn retagging_touches_the_feeds_left_and_entered(bench: Bench) -> Test {
    let page = file("a.md", &bench);
    bench
        .scan([page.clone().tagged("prawo pomoc")], &[])
        .await?;
    let applied = bench.look([page.tagged("pomoc raporty")], &[]).await?;
    assert_eq!(kinds(&applied), [(Retagged, false)]);
    let touched: Vec<String> = applied.changes[0].feeds.iter().map(FeedKey::stem).collect();
    let expected = [
        "all",
        "tag/pomoc",
        "tag/prawo",
        "tag/raporty",
        "pl/all",
        "pl/tag/pomoc",
        "pl/tag/prawo",
        "pl/tag/raporty",
    ];
    assert_eq!(touched, expected);
    let counts: Vec<u64> = bench
        .store
        .tags()
        .await?
        .into_values()
        .map(|tag| tag.publications)
        .collect();
    assert_eq!(counts, [1, 0, 1]);
    Ok(())
}

pub(super) async fn what_is_put_off_is_withdrawn_until_then(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    let page = file("a.md", &bench);
    bench.look([page.clone()], &[]).await?;
    bench.mail("daily").await?;
    let tomorrow = bench.now.checked_add(SignedDuration::from_hours(24))?;
    let put_off = Found {
        published: Some(tomorrow),
        body: "<p>dopiero jutro</p>".into(),
        ..page.clone()
    };
    let applied = bench.look([put_off.clone()], &[]).await?;
    assert_eq!(kinds(&applied), [(Withdrawn, false)]);
    let view = bench
        .store
        .feed(&FeedKey::ALL, 10)
        .await?
        .ok_or("no feed")?;
    assert!(view.entries.is_empty());
    // Also where the file was away meanwhile.
    bench.look([], &["a.md"]).await?;
    assert_eq!(kinds(&bench.look([put_off], &[]).await?), []);
    bench.now = tomorrow;
    let released = bench.release_due().await?;
    assert_eq!(
        released.iter().map(|c| c.kind).collect::<Vec<_>>(),
        [Restored]
    );
    let totals = bench.store.totals().await?;
    assert_eq!((totals.live, totals.scheduled, totals.withdrawn), (1, 0, 0));
    assert_eq!(bench.mail("daily").await?, [], "who had it has it");
    // A clock that was set back withdraws nothing.
    let page = Found {
        published: Some(tomorrow),
        body: "<p>dopiero jutro</p>".into(),
        ..page
    };
    bench.wait(SignedDuration::from_hours(-30));
    assert_eq!(bench.look([page], &[]).await?, Applied::default());
    Ok(())
}

pub(super) async fn what_comes_back_corrected_is_news(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let page = file("a.md", &bench);
    bench.look([page.clone()], &[]).await?;
    bench.look([], &["a.md"]).await?;
    bench.wait(MAX_AGE + MAX_AGE);
    let corrected = page.corrected("Nowy termin", &bench);
    assert_eq!(
        kinds(&bench.look([corrected], &[]).await?),
        [(MajorEdit, true)]
    );
    assert_eq!(bench.publication(&id_of("a.md")).await?.major, 1);
    assert_eq!(bench.store.totals().await?.live, 1);
    Ok(())
}

pub(super) async fn what_falls_due_at_once_takes_effect_in_pieces(mut bench: Bench) -> Test {
    let pages: Vec<Found> = (0..300)
        .map(|number| Found {
            published: bench.now.checked_add(SignedDuration::from_hours(1)).ok(),
            ..file(&format!("{number}.md"), &bench)
        })
        .collect();
    bench.scan(pages, &[]).await?;
    bench.wait(SignedDuration::from_hours(1));
    // A transaction is no larger than one of a scan.
    assert_eq!(bench.release_due().await?.len(), 256);
    assert_eq!(bench.store.next_release().await?, Some(bench.now));
    assert_eq!(bench.release_due().await?.len(), 44);
    assert_eq!(bench.store.next_release().await?, None);
    assert_eq!(bench.store.totals().await?.live, 300);
    Ok(())
}
