//! Publications whose author said from when on they are of no use; and each source's own baseline.

use super::*;
use crate::domain::ChangeKind::{Expired, MajorEdit, MinorEdit, Released, Restored, Withdrawn};
use crate::domain::{Change, FeedKey, Standing};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn expiring(page: Found, in_days: i32, bench: &Bench) -> Found {
    Found {
        expires: bench.now.checked_add(DAY * in_days).ok(),
        ..page
    }
}

async fn fall_due(bench: &Bench) -> Result<Vec<Change>, StoreError> {
    bench.release_due().await
}

fn told(changes: &[Change]) -> Vec<(ChangeKind, bool)> {
    changes.iter().map(|c| (c.kind, c.news)).collect()
}

async fn titles(bench: &Bench) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let feed = bench
        .store
        .feed(&FeedKey::ALL, 10)
        .await?
        .ok_or("no feed")?;
    let title = |entry: PublicationState| entry.publication.title;
    Ok(feed.entries.into_iter().map(title).collect())
}

async fn standing(bench: &Bench, path: &str) -> Result<Standing, Box<dyn std::error::Error>> {
    Ok(bench.publication(&id_of(path)).await?.standing)
}

pub(super) async fn what_expires_leaves_the_feeds(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let page = expiring(file("a.md", &bench), 2, &bench);
    bench
        .look([page.clone(), file("b.md", &bench)], &[])
        .await?;
    assert_eq!(bench.store.next_release().await?, page.expires);
    bench.wait(DAY);
    assert_eq!(fall_due(&bench).await?, []);
    bench.wait(DAY);
    let changes = fall_due(&bench).await?;
    assert_eq!(told(&changes), [(Expired, false)]);
    assert_eq!(changes[0].sequence.0, 3, "it has a number of its own");
    assert_eq!(titles(&bench).await?, ["b"]);
    let feed = bench
        .store
        .feed(&FeedKey::ALL, 10)
        .await?
        .ok_or("no feed")?;
    assert_eq!(feed.updated, bench.now, "a departure dates the feed");
    let totals = bench.store.totals().await?;
    assert_eq!((totals.live, totals.expired, totals.withdrawn), (1, 1, 0));
    assert_eq!(bench.store.next_release().await?, None);
    // The file reads as it did, and is edited: nobody can read that.
    assert_eq!(bench.scan([page.clone()], &[]).await?, Applied::default());
    let edited = Found {
        title: "Inaczej".into(),
        ..page
    };
    assert_eq!(kinds(&bench.look([edited], &[]).await?), []);
    assert_eq!(standing(&bench, "a.md").await?, Standing::Expired);
    Ok(())
}

pub(super) async fn what_expired_before_its_mail_is_dropped_from_it(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    bench.subscribe("b@example.org", "daily", "prawo").await?;
    let short = expiring(file("a.md", &bench), 1, &bench).tagged("prawo");
    bench.look([short, file("b.md", &bench)], &[]).await?;
    bench.run("daily").await?;
    bench.wait(DAY);
    fall_due(&bench).await?;
    let claims = bench.claim().await?;
    assert_eq!(
        claims.iter().map(super::told).collect::<Vec<_>>(),
        [("a@example.org".to_owned(), vec!["b".to_owned()])]
    );
    let runs = bench.store.runs(1).await?;
    assert_eq!(runs[0].counts.withdrawn, 1);
    Ok(())
}

pub(super) async fn what_is_found_expired_is_known_and_never_released(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    let page = expiring(file("a.md", &bench), 0, &bench);
    assert_eq!(kinds(&bench.look([page.clone()], &[]).await?), []);
    assert_eq!(bench.store.feeds().await?, []);
    assert_eq!(standing(&bench, "a.md").await?, Standing::Expired);
    bench.wait(DAY);
    assert_eq!(fall_due(&bench).await?, []);
    assert_eq!(bench.mail("daily").await?, []);
    // Its file goes, and it is withdrawn without a word; it comes again, and is what it was.
    assert_eq!(kinds(&bench.look([], &["a.md"]).await?), []);
    assert_eq!(bench.store.totals().await?.withdrawn, 1);
    assert_eq!(kinds(&bench.look([page.clone()], &[]).await?), []);
    assert_eq!(bench.store.totals().await?.expired, 1);
    // What was a mistake is mended: now it is released.
    let mended = Found {
        expires: None,
        ..page
    };
    assert_eq!(kinds(&bench.look([mended], &[]).await?), [(Released, true)]);
    assert_eq!(bench.store.totals().await?.expired, 0);
    Ok(())
}

pub(super) async fn what_is_of_use_longer_is_restored(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    let page = expiring(file("a.md", &bench), 1, &bench);
    bench.look([page.clone()], &[]).await?;
    bench.mail("daily").await?;
    bench.wait(DAY);
    fall_due(&bench).await?;
    let longer = expiring(page.clone(), 1, &bench);
    let back = bench.look([longer.clone()], &[]).await?;
    assert_eq!(kinds(&back), [(Restored, true)]);
    assert_eq!(bench.store.next_release().await?, longer.expires);
    assert_eq!(bench.mail("daily").await?, [], "who had it has it");
    // Put forward before it comes, it is a minor edit, and the former instant passes.
    let longest = expiring(page.clone(), 30, &bench);
    assert_eq!(
        kinds(&bench.look([longest], &[]).await?),
        [(MinorEdit, false)]
    );
    bench.wait(DAY * 2);
    assert_eq!(fall_due(&bench).await?, []);
    // Taken back long after the release, it is no news; with a note, it is.
    bench.wait(DAY * 28);
    assert_eq!(told(&fall_due(&bench).await?), [(Expired, false)]);
    let unlimited = Found {
        expires: None,
        ..page.clone()
    };
    let back = bench.look([unlimited.clone()], &[]).await?;
    assert_eq!(kinds(&back), [(Restored, false)]);
    let over = expiring(page, 0, &bench);
    assert_eq!(kinds(&bench.look([over], &[]).await?), [(Expired, false)]);
    let noted = unlimited.corrected("Przedłużamy nabór", &bench);
    assert_eq!(kinds(&bench.look([noted], &[]).await?), [(MajorEdit, true)]);
    Ok(())
}

pub(super) async fn what_expires_before_its_date_is_never_released(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let page = Found {
        published: bench.now.checked_add(DAY * 3).ok(),
        ..expiring(file("a.md", &bench), 1, &bench)
    };
    assert_eq!(kinds(&bench.look([page], &[]).await?), []);
    assert_eq!(standing(&bench, "a.md").await?, Standing::Scheduled);
    bench.wait(DAY * 3);
    assert_eq!(fall_due(&bench).await?, []);
    assert_eq!(standing(&bench, "a.md").await?, Standing::Expired);
    assert_eq!(bench.store.next_release().await?, None);
    Ok(())
}

pub(super) async fn what_is_gone_waits_for_nothing(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let page = expiring(file("a.md", &bench), 1, &bench);
    bench.look([page], &[]).await?;
    let gone = bench.look([], &["a.md"]).await?;
    assert_eq!(kinds(&gone), [(Withdrawn, false)]);
    assert_eq!(bench.store.next_release().await?, None);
    bench.wait(DAY);
    assert_eq!(fall_due(&bench).await?, []);
    assert_eq!(standing(&bench, "a.md").await?, Standing::Withdrawn);
    Ok(())
}

pub(super) async fn each_source_has_a_baseline_of_its_own(mut bench: Bench) -> Test {
    bench.scan([file("a.md", &bench)], &[]).await?;
    let of_news = |path: &str, bench: &Bench, pass| Batch {
        source: "news".to_owned(),
        found: vec![Found {
            minted_id: PublicationId(format!("tag:portal.example,2026:news/{path}")),
            ..file(path, bench)
        }],
        missing: Vec::new(),
        pass,
    };
    // A source that was added later: what it has already is old to its readers.
    for (path, pass, news) in [
        ("b.md", Pass::End, false),
        ("c.md", Pass::EndOfScan, false),
        ("d.md", Pass::End, true),
    ] {
        let batch = of_news(path, &bench, pass);
        let applied = bench.store.apply(batch, bench.now, bench.guards).await?;
        assert_eq!(kinds(&applied), [(Released, news)], "{path}");
    }
    // What the baseline has dated ahead is news when it comes.
    let later = Found {
        published: bench.now.checked_add(DAY).ok(),
        ..file("e.md", &bench)
    };
    let batch = Batch {
        source: "third".to_owned(),
        found: vec![later],
        missing: Vec::new(),
        pass: Pass::EndOfScan,
    };
    bench.store.apply(batch, bench.now, bench.guards).await?;
    bench.wait(DAY);
    assert_eq!(told(&fall_due(&bench).await?), [(Released, true)]);
    Ok(())
}
