//! Withdrawals that wait for a person.

use super::*;
use crate::domain::{Hold, HoldKind, Standing};
use crate::store::HoldEvent;

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn path(number: usize) -> String {
    format!("{number:03}.md")
}

fn files(bench: &Bench, numbers: impl IntoIterator<Item = usize>) -> Vec<Found> {
    let one = |number| file(&path(number), bench);
    numbers.into_iter().map(one).collect()
}

/// A source of so many files.
async fn site(bench: &Bench, number: usize) -> Result<(), StoreError> {
    bench.scan(files(bench, 0..number), &[]).await?;
    Ok(())
}

/// A look that misses files.
async fn miss(
    bench: &Bench,
    numbers: impl IntoIterator<Item = usize>,
    pass: Pass,
) -> Result<Applied, StoreError> {
    let paths: Vec<String> = numbers.into_iter().map(path).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    bench.batch([], &paths, pass).await
}

async fn only_hold(bench: &Bench) -> Result<Hold, Box<dyn std::error::Error>> {
    let mut holds = bench.store.holds().await?;
    match holds.pop() {
        Some(hold) if holds.is_empty() => Ok(hold),
        _ => Err("not one hold".into()),
    }
}

async fn decide(
    bench: &Bench,
    decision: Decision,
) -> Result<Vec<Change>, Box<dyn std::error::Error>> {
    let hold = only_hold(bench).await?.key;
    bench.store.decide(hold, decision).await?;
    let changes = bench.carry_out(hold).await?;
    assert_eq!(bench.store.holds().await?, []);
    Ok(changes)
}

/// How many are live, and how many withdrawn.
async fn standing(bench: &Bench) -> Result<(u64, u64), StoreError> {
    let totals = bench.store.totals().await?;
    Ok((totals.live, totals.withdrawn))
}

pub(super) async fn a_source_that_lost_over_half_withdraws_nothing(bench: Bench) -> Test {
    site(&bench, 20).await?;
    let lost = miss(&bench, 0..11, Pass::End).await?;
    let hold = only_hold(&bench).await?;
    assert_eq!(lost.changes, []);
    assert_eq!(lost.holds, [HoldEvent::Opened(hold.clone())]);
    let source = "pages".to_owned();
    assert_eq!(hold.kind, HoldKind::Withdrawals { source });
    assert_eq!(hold.publications, 11);
    // Each look renews it, and says nothing.
    assert_eq!(
        miss(&bench, 0..11, Pass::EndOfScan).await?,
        Applied::default()
    );
    assert_eq!(
        miss(&bench, 0..12, Pass::EndOfScan).await?,
        Applied::default()
    );
    assert_eq!(miss(&bench, [12], Pass::End).await?, Applied::default());
    assert_eq!(only_hold(&bench).await?.publications, 13);
    assert_eq!(standing(&bench).await?, (20, 0));
    Ok(())
}

pub(super) async fn up_to_ten_and_up_to_half_may_go(mut bench: Bench) -> Test {
    bench.guards.hold_over = 1000;
    site(&bench, 10).await?;
    miss(&bench, 0..10, Pass::End).await?;
    assert_eq!(standing(&bench).await?, (0, 10));
    bench.look(files(&bench, 100..140), &[]).await?;
    miss(&bench, 100..115, Pass::End).await?;
    assert_eq!(standing(&bench).await?, (25, 25), "half of fifty");
    miss(&bench, [115], Pass::End).await?;
    assert_eq!(standing(&bench).await?, (25, 25));
    assert_eq!(only_hold(&bench).await?.publications, 1);
    Ok(())
}

pub(super) async fn many_small_losses_add_up(mut bench: Bench) -> Test {
    site(&bench, 20).await?;
    for number in 0..10 {
        bench.wait(SignedDuration::from_secs(30));
        miss(&bench, [number], Pass::End).await?;
    }
    assert_eq!(standing(&bench).await?, (10, 10));
    miss(&bench, [10], Pass::End).await?;
    assert_eq!(standing(&bench).await?, (10, 10), "the eleventh waits");
    // Who takes their time may remove whatever they like.
    bench.wait(minutes(11));
    miss(&bench, [10], Pass::EndOfScan).await?;
    assert_eq!(standing(&bench).await?, (9, 11));
    assert_eq!(bench.store.holds().await?, []);
    Ok(())
}

pub(super) async fn what_came_back_is_not_counted_as_lost(bench: Bench) -> Test {
    site(&bench, 20).await?;
    for _ in 0..3 {
        miss(&bench, 0..10, Pass::End).await?;
        assert_eq!(standing(&bench).await?, (10, 10));
        bench.look(files(&bench, 0..10), &[]).await?;
        assert_eq!(standing(&bench).await?, (20, 0));
    }
    Ok(())
}

pub(super) async fn a_hold_dissolves_when_everything_is_there_again(bench: Bench) -> Test {
    site(&bench, 40).await?;
    for pass in [Pass::End, Pass::EndOfScan] {
        miss(&bench, 0..30, Pass::End).await?;
        let hold = only_hold(&bench).await?;
        bench.batch(files(&bench, 0..10), &[], Pass::More).await?;
        let renewed = only_hold(&bench).await?;
        assert_eq!((renewed.key, renewed.publications), (hold.key, 20));
        let back = bench.batch(files(&bench, 10..30), &[], pass).await?;
        assert!(matches!(&back.holds[..], [HoldEvent::Dissolved(gone)] if gone.key == hold.key));
        assert_eq!(
            (back.changes.len(), bench.store.holds().await?.len()),
            (0, 0)
        );
        assert_eq!(standing(&bench).await?, (40, 0));
    }
    Ok(())
}

pub(super) async fn a_hold_dissolves_when_a_scan_finds_little_missing(bench: Bench) -> Test {
    site(&bench, 40).await?;
    miss(&bench, 0..30, Pass::EndOfScan).await?;
    bench.look(files(&bench, 0..25), &[]).await?;
    assert_eq!(
        only_hold(&bench).await?.publications,
        5,
        "more may come yet"
    );
    assert_eq!(standing(&bench).await?, (40, 0));
    let scan = miss(&bench, 25..30, Pass::EndOfScan).await?;
    assert!(matches!(&scan.holds[..], [HoldEvent::Dissolved(_)]));
    assert_eq!(standing(&bench).await?, (35, 5));
    Ok(())
}

pub(super) async fn renaming_everything_is_no_loss(bench: Bench) -> Test {
    const MANY: usize = 1000;
    site(&bench, MANY).await?;
    let old: Vec<String> = (0..MANY).map(path).collect();
    let old: Vec<&str> = old.iter().map(String::as_str).collect();
    let moved = files(&bench, 0..MANY)
        .into_iter()
        .map(|found| found.clone().moved_to(&format!("b/{}", found.path)));
    let moved: Vec<Found> = moved.collect();
    for (place, some) in moved.chunks(256).enumerate() {
        let is_last = (place + 1) * 256 >= MANY;
        let pass = if is_last { Pass::End } else { Pass::More };
        let applied = bench.batch(some.to_vec(), &old, pass).await?;
        assert_eq!((applied.changes.len(), applied.holds.len()), (0, 0));
    }
    assert_eq!(standing(&bench).await?, (MANY as u64, 0));
    Ok(())
}

pub(super) async fn what_was_missed_first_and_found_elsewhere_later_keeps_its_id(
    bench: Bench,
) -> Test {
    site(&bench, 20).await?;
    miss(&bench, 0..20, Pass::End).await?;
    assert_eq!(only_hold(&bench).await?.publications, 20);
    let moved = files(&bench, 0..20)
        .into_iter()
        .map(|found| found.clone().moved_to(&format!("b/{}", found.path)));
    let applied = bench.look(moved, &[]).await?;
    assert_eq!(applied.changes, []);
    assert!(matches!(&applied.holds[..], [HoldEvent::Dissolved(_)]));
    assert_eq!(bench.publication(&id_of("003.md")).await?.path, "b/003.md");
    assert_eq!(standing(&bench).await?, (20, 0));
    Ok(())
}

pub(super) async fn approved_losses_are_withdrawn_and_no_sign_of_worse(mut bench: Bench) -> Test {
    const MANY: usize = 700;
    site(&bench, MANY).await?;
    miss(&bench, 0..600, Pass::End).await?;
    let changes = decide(&bench, Decision::Approve).await?;
    assert_eq!(changes.len(), 600);
    assert!(
        changes
            .iter()
            .all(|change| change.kind == ChangeKind::Withdrawn)
    );
    assert_eq!(standing(&bench).await?, (100, 600));
    bench.wait(SignedDuration::from_secs(1));
    miss(&bench, [600], Pass::End).await?;
    assert_eq!(standing(&bench).await?, (99, 601));
    Ok(())
}

pub(super) async fn skipped_losses_stay_published_and_are_known_when_they_return(
    mut bench: Bench,
) -> Test {
    site(&bench, 20).await?;
    let claiming = Found {
        declared_id: Some(PublicationId("urn:wici:1".to_owned())),
        ..file("id.md", &bench)
    };
    bench.look([claiming.clone()], &[]).await?;
    let before = files(&bench, 0..20);
    bench.look([], &["id.md"]).await?;
    bench.look([claiming.clone()], &[]).await?;
    bench.wait(minutes(60));
    let mut missing: Vec<String> = (0..15).map(path).collect();
    missing.push("id.md".to_owned());
    let missing: Vec<&str> = missing.iter().map(String::as_str).collect();
    bench.batch([], &missing, Pass::EndOfScan).await?;
    assert_eq!(decide(&bench, Decision::Skip).await?, []);
    assert_eq!(bench.store.paths("pages").await?.len(), 5, "not looked for");
    let scan = bench.scan([], &[]).await?;
    assert_eq!(scan, Applied::default());
    assert_eq!(standing(&bench).await?, (21, 0));
    // At its place, elsewhere with the same text, or with the same id.
    let moved = before[1].clone().moved_to("elsewhere.md");
    let returned = [before[0].clone(), moved, claiming.moved_to("other.md")];
    assert_eq!(bench.look(returned, &[]).await?, Applied::default());
    assert_eq!(
        bench.publication(&id_of(&path(1))).await?.path,
        "elsewhere.md"
    );
    assert_eq!(bench.publication("urn:wici:1").await?.path, "other.md");
    let edited = Found {
        body: "<p>Inaczej</p>".to_owned(),
        ..before[2].clone()
    };
    let edited = bench.look([edited], &[]).await?;
    assert_eq!(kinds(&edited), [(ChangeKind::MinorEdit, false)]);
    assert_eq!(standing(&bench).await?, (21, 0));
    // From then on they are looked for again.
    miss(&bench, [0], Pass::End).await?;
    let gone = bench.publication(&id_of(&path(0))).await?;
    assert_eq!(gone.standing, Standing::Withdrawn);
    Ok(())
}

pub(super) async fn what_comes_back_while_it_is_decided_stays(bench: Bench) -> Test {
    for decision in [Decision::Approve, Decision::Skip] {
        bench.scan(files(&bench, 0..20), &[]).await?;
        miss(&bench, 0..15, Pass::End).await?;
        let hold = only_hold(&bench).await?.key;
        bench.store.decide(hold, decision).await?;
        bench.look(files(&bench, 0..5), &[]).await?;
        // A look in between withdraws nothing by itself.
        assert_eq!(
            miss(&bench, 5..15, Pass::EndOfScan).await?,
            Applied::default()
        );
        let changes = bench.carry_out(hold).await?;
        let withdrawn = if decision == Decision::Approve { 10 } else { 0 };
        assert_eq!(changes.len(), withdrawn);
        assert_eq!(bench.store.paths("pages").await?.len(), 10);
    }
    Ok(())
}

pub(super) async fn a_source_that_cannot_be_seen_loses_nothing(bench: Bench) -> Test {
    assert_eq!(bench.store.suspect("pages", bench.now).await?, None);
    site(&bench, 3).await?;
    let opened = bench.store.suspect("pages", bench.now).await?;
    assert_eq!(opened.map(|hold| hold.publications), Some(3));
    assert_eq!(bench.store.suspect("pages", bench.now).await?, None);
    assert_eq!(bench.store.suspect("other", bench.now).await?, None);
    let back = bench.scan(files(&bench, 0..3), &[]).await?;
    assert!(matches!(&back.holds[..], [HoldEvent::Dissolved(_)]));
    bench.store.suspect("pages", bench.now).await?;
    assert_eq!(decide(&bench, Decision::Approve).await?.len(), 3);
    assert_eq!(bench.store.suspect("pages", bench.now).await?, None);
    assert_eq!(standing(&bench).await?, (0, 3));
    Ok(())
}
