//! What people may ask of publications.

use super::*;
use crate::domain::ChangeKind::{MajorEdit, Released, Withdrawn};
use crate::domain::Standing;
use crate::store::catalogue::Wanted;

const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn paths(
    bench: &Bench,
    wanted: Wanted,
    skip: usize,
    most: usize,
) -> Result<(Vec<String>, usize), StoreError> {
    let (page, matching) = bench.store.publications(&wanted, skip, most).await?;
    Ok((page.into_iter().map(|state| state.path).collect(), matching))
}

pub(super) async fn publications_are_listed_newest_first_in_pages(mut bench: Bench) -> Test {
    let old = file("old.md", &bench).tagged("prawo");
    bench.wait(DAY);
    let new = file("new.md", &bench).tagged("prawo pomoc");
    let later = Found {
        published: bench.now.checked_add(DAY).ok(),
        ..file("later.md", &bench)
    };
    bench
        .scan([new, old, later, file("gone.md", &bench)], &[])
        .await?;
    bench.look([], &["gone.md"]).await?;
    let all = Wanted::default();
    assert_eq!(
        paths(&bench, all.clone(), 0, 2).await?,
        (vec!["later.md".to_owned(), "gone.md".to_owned()], 4)
    );
    assert_eq!(
        paths(&bench, all, 2, 9).await?,
        (vec!["new.md".to_owned(), "old.md".to_owned()], 4)
    );
    let tagged = Wanted {
        tag: TagId::new("prawo").ok(),
        ..Wanted::default()
    };
    assert_eq!(
        paths(&bench, tagged, 1, 9).await?,
        (vec!["old.md".to_owned()], 2)
    );
    let gone = Wanted {
        standing: Some(Standing::Withdrawn),
        source: Some("pages".into()),
        ..Wanted::default()
    };
    assert_eq!(
        paths(&bench, gone, 0, 9).await?,
        (vec!["gone.md".to_owned()], 1)
    );
    let elsewhere = Wanted {
        source: Some("news".into()),
        ..Wanted::default()
    };
    assert_eq!(paths(&bench, elsewhere, 0, 9).await?, (vec![], 0));
    Ok(())
}

pub(super) async fn a_publication_is_found_by_any_part_of_its_names(bench: Bench) -> Test {
    let pages = ["nabor.md", "2026/nabor.md", "inne/nabor.md.md"];
    bench
        .scan(pages.map(|path| file(path, &bench)), &[])
        .await?;
    let bench = &bench;
    let like = async |text: &str| -> Result<Vec<String>, StoreError> {
        let found = bench.store.publications_like(text, 2).await?;
        Ok(found.into_iter().map(|state| state.path).collect())
    };
    assert_eq!(
        like("nabor.md").await?,
        ["nabor.md"],
        "a whole path is no part"
    );
    assert_eq!(like(&id_of("nabor.md")).await?, ["nabor.md"]);
    assert_eq!(like("2026/nab").await?, ["2026/nabor.md"]);
    assert_eq!(like("nabor").await?.len(), 2, "no more than asked for");
    assert_eq!(like("kurs").await?, [""; 0]);
    Ok(())
}

pub(super) async fn what_became_of_a_publication_and_who_got_it_can_be_told(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    for name in ["a", "b", "c"] {
        bench
            .subscribe(&format!("{name}@example.org"), "daily", "")
            .await?;
    }
    bench.subscribe("d@example.org", "weekly", "prawo").await?;
    let page = file("a.md", &bench);
    bench
        .look([page.clone(), file("b.md", &bench)], &[])
        .await?;
    let first = bench.run("daily").await?;
    let claims = bench.claim().await?;
    let outcomes = [Outcome::Accepted, Outcome::Refused("550".into())];
    let keys = claims.iter().map(|claim| claim.key);
    bench.settle(keys.zip(outcomes).collect()).await?;
    bench.wait(DAY);
    bench
        .look([page.corrected("Nowy termin", &bench)], &[])
        .await?;
    bench.mail("daily").await?;
    bench.look([], &["a.md"]).await?;

    let state = bench.publication(&id_of("a.md")).await?;
    let revisions = bench.store.revisions(state.key, 10).await?;
    let told = revisions.iter().map(|revision| {
        let change = revision.change.as_ref();
        change.map(|change| {
            (
                revision.revision,
                change.kind,
                change.sequence.0,
                change.news,
            )
        })
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            Some((3, Withdrawn, 4, false)),
            Some((2, MajorEdit, 3, true)),
            Some((1, Released, 1, true)),
        ]
    );
    assert_eq!(revisions[2].publication.change_note, None);
    assert_eq!(bench.store.revisions(state.key, 1).await?.len(), 1);

    let (mailed, receipts) = bench.store.mailed(&state, 2).await?;
    let counts: Vec<_> = mailed
        .iter()
        .map(|mailed| {
            (
                mailed.counts.sent,
                mailed.counts.failed,
                mailed.counts.total(),
            )
        })
        .collect();
    assert_eq!(counts[0], (2, 1, 3), "the third went with the next run");
    assert_eq!((mailed[0].run, mailed.len()), (first.key, 2));
    assert_eq!(receipts.len(), 2, "no more than asked for");
    assert_eq!(receipts[0].subscriber, claims[0].key.subscriber);
    assert_eq!(receipts[0].revision, 1);
    let (mailed, _) = bench
        .store
        .mailed(&bench.publication(&id_of("b.md")).await?, 0)
        .await?;
    assert_eq!(mailed.len(), 1, "it was not mailed again");
    Ok(())
}
