//! The books of runs: two counts that agree, and that differ where a row is not what it was.

use super::*;
use crate::domain::{Counts, SubscriberKey};
use crate::store::books::{Account, Books};
use crate::store::rows::Chunk;
use crate::store::{keys, load_required, save};

type Stop = Box<dyn std::error::Error>;

/// The books of every run agree.
pub(super) async fn are_even(bench: &Bench) -> Result<(), Stop> {
    for run in bench.store.runs(usize::MAX).await? {
        let books = bench.store.books(&run).await?.unwrap_or_default();
        if !books.are_even() {
            return Err(format!("the books of {run:?} differ: {books:?}").into());
        }
    }
    Ok(())
}

async fn books(bench: &Bench, run: &Run) -> Result<Books, Stop> {
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    Ok(bench.store.books(&run).await?.ok_or("no books")?)
}

async fn account(bench: &Bench, books: &Books, path: &str) -> Result<Account, Stop> {
    let key = bench.publication(&id_of(path)).await?.key;
    Ok(books
        .publications
        .get(&key)
        .ok_or("not in the books")?
        .clone())
}

/// Changes the first chunk of a run behind everybody's back.
async fn tamper(
    bench: &Bench,
    run: &Run,
    change: impl FnOnce(&mut Chunk) + Send + 'static,
) -> Result<(), Stop> {
    let run = run.key;
    let first = bench.store.deliveries(run, SubscriberKey(0), 1).await?;
    let first = first.first().ok_or("no delivery")?.key.subscriber;
    let tampered = bench.store.write(move |transaction| {
        let mut chunk: Chunk = load_required(transaction, &keys::chunk(run, first))?;
        change(&mut chunk);
        save(transaction, keys::chunk(run, first), &chunk)
    });
    Ok(tampered.await?)
}

/// Five subscribers of everything or of law, one publication about law and one about help.
async fn two_publications(bench: &Bench) -> Result<Run, Stop> {
    bench.scan([], &[]).await?;
    for (number, any) in ["", "", "prawo", "", "pomoc"].iter().enumerate() {
        let address = format!("s{number}@example.org");
        bench.subscribe(&address, "daily", any).await?;
    }
    let law = file("a.md", bench).tagged("prawo");
    bench
        .look([law, file("b.md", bench).tagged("pomoc")], &[])
        .await?;
    Ok(bench.run("daily").await?)
}

pub(super) async fn what_became_of_everyone_is_in_the_books(mut bench: Bench) -> Test {
    let run = two_publications(&bench).await?;
    let claims = bench.claim().await?;
    let leaves = claims[3].key.subscriber;
    bench.store.unsubscribe(leaves, bench.now).await?;
    let outcomes = [
        Outcome::Accepted,
        Outcome::Refused("550".into()),
        Outcome::Deferred("451".into()),
        Outcome::Suppressed,
    ];
    let keys = claims.iter().map(|claim| claim.key);
    bench.settle(keys.zip(outcomes).collect()).await?;
    let kept = books(&bench, &run).await?;
    let expected = Account {
        matched: 4,
        counts: Counts {
            sent: 1,
            failed: 1,
            deferred: 1,
            suppressed: 1,
            ..Counts::default()
        },
        ..Account::default()
    };
    assert_eq!(account(&bench, &kept, "a.md").await?, expected);
    let help = account(&bench, &kept, "b.md").await?;
    assert_eq!((help.matched, help.counts.pending), (4, 1));
    assert!(kept.are_even() && kept.left_out == 0, "{kept:?}");

    // Of the weekly ones, one had it with the daily mail, one reads a translation, one is new.
    bench.wait(SignedDuration::from_hours(1));
    for (address, tag) in [("w@example.org", "pl"), ("uk@example.org", "uk")] {
        let reader = NewSubscription {
            language: language(tag),
            ..request(address, "weekly", "")
        };
        bench.store.subscribe(reader, bench.now).await?;
    }
    bench.subscribe("s0@example.org", "weekly", "").await?;
    bench
        .subscribe("s0@example.org", "daily", "raporty")
        .await?;
    let original = file("c.md", &bench).tagged("raporty");
    let translation = Found {
        language: language("uk"),
        translation_of: Some(original.minted_id.clone()),
        ..file("c.uk.md", &bench)
    };
    bench.look([original, translation], &[]).await?;
    bench.run("daily").await?;
    let run = bench.run("weekly").await?;
    let kept = books(&bench, &run).await?;
    let polish = account(&bench, &kept, "c.md").await?;
    let ukrainian = account(&bench, &kept, "c.uk.md").await?;
    let told = |account: &Account| (account.matched, account.already_had, account.counts.pending);
    assert_eq!((told(&polish), told(&ukrainian)), ((3, 2, 1), (3, 2, 1)));
    are_even(&bench).await
}

pub(super) async fn who_unsubscribed_or_went_is_in_neither_count(bench: Bench) -> Test {
    let run = two_publications(&bench).await?;
    let claims = bench.claim().await?;
    let who = claims[0].key.subscriber;
    bench.store.unsubscribe(who, bench.now).await?;
    bench
        .store
        .erase(claims[1].address.clone(), false, bench.now)
        .await?;
    let kept = books(&bench, &run).await?;
    // What became of a delivery to somebody who left is known; nothing of who was removed.
    assert_eq!(kept.left_out, 1);
    assert_eq!(account(&bench, &kept, "a.md").await?.matched, 3);
    // Whoever comes back begins anew.
    bench.subscribe("s0@example.org", "daily", "").await?;
    let kept = books(&bench, &run).await?;
    assert_eq!(kept.left_out, 2);
    assert_eq!(account(&bench, &kept, "a.md").await?.matched, 2);
    are_even(&bench).await
}

pub(super) async fn a_page_of_planning_has_the_news_of_its_own_moment(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    for number in 0..4 {
        let address = format!("s{number}@example.org");
        bench.subscribe(&address, "daily", "").await?;
    }
    bench
        .look([file("a.md", &bench), file("b.md", &bench)], &[])
        .await?;
    let run = bench
        .store
        .open_run(cadence("daily"), bench.now, None, bench.now);
    let run = run.await?;
    bench.store.plan(run.key, 3, bench.now).await?;
    let kept = books(&bench, &run).await?;
    assert_eq!(account(&bench, &kept, "a.md").await?.matched, 3);
    bench.look([], &["a.md"]).await?;
    bench.store.plan(run.key, 3, bench.now).await?;
    let kept = books(&bench, &run).await?;
    assert_eq!(account(&bench, &kept, "a.md").await?.matched, 3);
    assert_eq!(account(&bench, &kept, "b.md").await?.matched, 4);
    are_even(&bench).await
}

pub(super) async fn what_was_taken_back_after_it_was_mailed_is_in_the_books(
    mut bench: Bench,
) -> Test {
    bench.guards.hold_over = 2;
    let run = two_publications(&bench).await?;
    bench.wait(SignedDuration::from_mins(1));
    // The third within ten minutes: all three wait in a hold.
    bench.look([file("c.md", &bench)], &[]).await?;
    assert_eq!(bench.store.holds().await?.len(), 1);
    let kept = books(&bench, &run).await?;
    assert_eq!(account(&bench, &kept, "a.md").await?.counts.pending, 4);
    are_even(&bench).await
}

pub(super) async fn a_delivery_that_is_lost_is_seen(bench: Bench) -> Test {
    let run = two_publications(&bench).await?;
    tamper(&bench, &run, |chunk| drop(chunk.entries.remove(1))).await?;
    let kept = books(&bench, &run).await?;
    let law = account(&bench, &kept, "a.md").await?;
    assert_eq!((law.missing, law.beyond, law.matched), (1, 0, 4));
    assert!(!kept.are_even() && kept.miscounted.is_some());
    Ok(())
}

pub(super) async fn a_delivery_that_nobody_asked_for_is_seen(bench: Bench) -> Test {
    let run = two_publications(&bench).await?;
    // The reader of law gets what the reader of everything gets.
    tamper(&bench, &run, |chunk| {
        chunk.entries[2].content = chunk.entries[0].content;
    })
    .await?;
    let kept = books(&bench, &run).await?;
    let help = account(&bench, &kept, "b.md").await?;
    assert_eq!((help.missing, help.beyond), (0, 1));
    assert_eq!(help.counts.total(), help.matched + 1);
    assert!(kept.miscounted.is_none() && !kept.are_even());
    Ok(())
}

pub(super) async fn a_subscriber_whom_the_index_hides_is_seen(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let hidden = bench
        .subscribe("a@example.org", "daily", "prawo")
        .await?
        .key;
    bench
        .store
        .write(move |transaction| {
            let posting = keys::posting(&cadence("daily"), "prawo", hidden);
            transaction.remove(posting.into_bytes());
            Ok(())
        })
        .await?;
    bench
        .look([file("a.md", &bench).tagged("prawo")], &[])
        .await?;
    let run = bench.run("daily").await?;
    let law = account(&bench, &books(&bench, &run).await?, "a.md").await?;
    assert_eq!((law.missed, law.missing), (vec![hidden], 1));
    Ok(())
}

pub(super) async fn counters_that_are_not_the_rows_are_seen(bench: Bench) -> Test {
    let run = two_publications(&bench).await?;
    tamper(&bench, &run, |chunk| {
        chunk.entries[0].state = crate::domain::DeliveryState::Sent;
    })
    .await?;
    let kept = books(&bench, &run).await?;
    let counted = kept.miscounted.ok_or("it is not seen")?;
    assert_eq!((counted.sent, counted.pending), (1, 4));
    Ok(())
}
