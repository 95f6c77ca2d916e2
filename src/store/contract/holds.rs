//! News that waits for a person.

use super::*;
use crate::domain::{FeedKey, Hold, HoldKind};
use crate::store::HoldEvent;

const LIMIT: usize = GUARDS.hold_over as usize;
const DAILY: &str = "daily";

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn name(number: usize) -> String {
    format!("{number:03}")
}

fn files(bench: &Bench, numbers: impl IntoIterator<Item = usize>) -> Vec<Found> {
    let one = |number| file(&format!("{}.md", name(number)), bench);
    numbers.into_iter().map(one).collect()
}

fn news(applied: &Applied) -> usize {
    applied.changes.iter().filter(|change| change.news).count()
}

/// A store that has seen its source, and somebody who wants everything.
async fn site(bench: &Bench) -> Result<(), StoreError> {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", DAILY, "").await?;
    Ok(())
}

async fn only_hold(bench: &Bench) -> Result<Hold, Box<dyn std::error::Error>> {
    let mut holds = bench.store.holds().await?;
    match holds.pop() {
        Some(hold) if holds.is_empty() => Ok(hold),
        _ => Err("not one hold".into()),
    }
}

async fn decide(bench: &Bench, decision: Decision) -> Result<(), Box<dyn std::error::Error>> {
    let hold = only_hold(bench).await?.key;
    bench.store.decide(hold, decision).await?;
    bench.carry_out(hold).await?;
    assert_eq!(bench.store.holds().await?, []);
    Ok(())
}

/// The titles that the one subscriber gets a little later.
async fn titles(bench: &mut Bench) -> Result<Vec<String>, StoreError> {
    bench.wait(SignedDuration::from_secs(1));
    let mut titles: Vec<String> = bench
        .mail(DAILY)
        .await?
        .into_iter()
        .flat_map(|(_, titles)| titles)
        .collect();
    titles.sort();
    Ok(titles)
}

fn names(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(name).collect()
}

pub(super) async fn more_news_than_the_limit_within_ten_minutes_waits(mut bench: Bench) -> Test {
    site(&bench).await?;
    let applied = bench.look(files(&bench, 0..LIMIT + 5), &[]).await?;
    let hold = only_hold(&bench).await?;
    assert_eq!(applied.holds, [HoldEvent::Opened(hold.clone())]);
    assert_eq!(hold.kind, HoldKind::Releases);
    assert_eq!(hold.publications, LIMIT as u64 + 5);
    let all = bench
        .store
        .feed(&FeedKey::ALL, 100)
        .await?
        .ok_or("no feed")?;
    assert_eq!(all.entries.len(), LIMIT + 5, "the feeds have everything");
    assert_eq!(titles(&mut bench).await?, [""; 0], "nobody is mailed");
    let held = bench.store.held(hold.key, 2).await?;
    let held: Vec<String> = held.into_iter().map(|s| s.publication.title).collect();
    assert_eq!(held, names(0..2));
    decide(&bench, Decision::Approve).await?;
    assert_eq!(titles(&mut bench).await?, names(0..LIMIT + 5));
    assert_eq!(titles(&mut bench).await?, [""; 0], "once");
    Ok(())
}

pub(super) async fn as_much_as_the_limit_is_mailed(mut bench: Bench) -> Test {
    site(&bench).await?;
    let applied = bench.look(files(&bench, 0..LIMIT), &[]).await?;
    assert_eq!((news(&applied), applied.holds.len()), (LIMIT, 0));
    assert_eq!(titles(&mut bench).await?, names(0..LIMIT));
    Ok(())
}

pub(super) async fn the_ten_minutes_slide(mut bench: Bench) -> Test {
    site(&bench).await?;
    bench.look(files(&bench, 0..LIMIT), &[]).await?;
    bench.wait(minutes(11));
    bench.look(files(&bench, 100..100 + LIMIT - 1), &[]).await?;
    bench.wait(minutes(9));
    bench.look(files(&bench, [200]), &[]).await?;
    assert_eq!(bench.store.holds().await?, []);
    bench.look(files(&bench, [201]), &[]).await?;
    assert_eq!(only_hold(&bench).await?.publications, LIMIT as u64 + 1);
    assert_eq!(
        titles(&mut bench).await?,
        names(0..LIMIT),
        "those of long ago"
    );
    Ok(())
}

pub(super) async fn a_hold_is_joined_until_ten_minutes_are_quiet(mut bench: Bench) -> Test {
    site(&bench).await?;
    bench.look(files(&bench, 0..LIMIT + 1), &[]).await?;
    for number in [100, 101] {
        bench.wait(minutes(9));
        let joined = bench.look(files(&bench, [number]), &[]).await?;
        assert_eq!((news(&joined), joined.holds.len()), (0, 0), "said once");
    }
    assert_eq!(only_hold(&bench).await?.publications, LIMIT as u64 + 3);
    bench.wait(minutes(11));
    let alone = bench.look(files(&bench, [102]), &[]).await?;
    assert_eq!(news(&alone), 1);
    assert_eq!(titles(&mut bench).await?, names([102]));
    // Another flood is another decision.
    bench.wait(minutes(11));
    bench.look(files(&bench, 200..201 + LIMIT), &[]).await?;
    assert_eq!(bench.store.holds().await?.len(), 2);
    Ok(())
}

pub(super) async fn whoever_had_some_of_it_is_not_mailed_it_again(mut bench: Bench) -> Test {
    site(&bench).await?;
    bench.subscribe("b@example.org", "weekly", "").await?;
    bench.look(files(&bench, 0..LIMIT), &[]).await?;
    assert_eq!(titles(&mut bench).await?, names(0..LIMIT));
    bench.look(files(&bench, [LIMIT]), &[]).await?;
    assert_eq!(bench.mail("weekly").await?, [], "taken back");
    decide(&bench, Decision::Approve).await?;
    assert_eq!(titles(&mut bench).await?, names([LIMIT]));
    let weekly = bench.mail("weekly").await?;
    assert_eq!(weekly[0].1.len(), LIMIT + 1);
    Ok(())
}

pub(super) async fn approved_news_has_new_numbers_in_the_former_order_and_a_new_date(
    mut bench: Bench,
) -> Test {
    site(&bench).await?;
    let applied = bench.look(files(&bench, 0..LIMIT + 1), &[]).await?;
    let last = applied.changes.last().ok_or("no change")?.sequence;
    bench.wait(minutes(60));
    decide(&bench, Decision::Approve).await?;
    let first = bench.store.first_news(last).await?;
    assert_eq!(
        first,
        Some(bench.now),
        "so that `immediate` waits its delay"
    );
    let upper = bench.store.ripe(bench.now).await?;
    assert_eq!(upper.0, last.0 + LIMIT as u64 + 1);
    // Who subscribed before the approval asked for what is news from then on.
    bench.subscribe("late@example.org", DAILY, "").await?;
    let mailed = bench.mail(DAILY).await?;
    assert_eq!(mailed.len(), 1);
    Ok(())
}

pub(super) async fn approved_news_is_not_counted_again(mut bench: Bench) -> Test {
    site(&bench).await?;
    bench.look(files(&bench, 0..LIMIT + 1), &[]).await?;
    decide(&bench, Decision::Approve).await?;
    let next = bench.look(files(&bench, 100..100 + LIMIT), &[]).await?;
    assert_eq!((news(&next), next.holds.len()), (LIMIT, 0));
    let beyond = bench.look(files(&bench, [200]), &[]).await?;
    assert_eq!(news(&beyond), 0);
    assert_eq!(only_hold(&bench).await?.publications, LIMIT as u64 + 1);
    assert_eq!(
        titles(&mut bench).await?,
        names(0..LIMIT + 1),
        "the approved ones"
    );
    Ok(())
}

pub(super) async fn what_was_withdrawn_meanwhile_is_dropped(mut bench: Bench) -> Test {
    site(&bench).await?;
    bench.look(files(&bench, 0..LIMIT + 1), &[]).await?;
    bench.look([], &["003.md"]).await?;
    decide(&bench, Decision::Approve).await?;
    let mailed = titles(&mut bench).await?;
    assert_eq!(mailed.len(), LIMIT);
    assert!(!mailed.contains(&name(3)));
    Ok(())
}

pub(super) async fn what_is_skipped_stays_in_the_feeds_and_is_news_only_once_corrected(
    mut bench: Bench,
) -> Test {
    site(&bench).await?;
    let found = files(&bench, 0..LIMIT + 1);
    bench.look(found.clone(), &[]).await?;
    decide(&bench, Decision::Skip).await?;
    let all = bench
        .store
        .feed(&FeedKey::ALL, 100)
        .await?
        .ok_or("no feed")?;
    assert_eq!(all.entries.len(), LIMIT + 1);
    let [first, second, third] = [&found[0], &found[1], &found[2]].map(Found::clone);
    let retagged = bench.look([first.tagged("prawo")], &[]).await?;
    assert_eq!(kinds(&retagged), [(ChangeKind::Retagged, false)]);
    bench.look([], &["001.md"]).await?;
    let restored = bench.look([second], &[]).await?;
    assert_eq!(kinds(&restored), [(ChangeKind::Restored, false)]);
    assert_eq!(titles(&mut bench).await?, [""; 0]);
    bench.wait(minutes(1));
    let corrected = bench
        .look([third.corrected("Nowa kwota", &bench)], &[])
        .await?;
    assert_eq!(kinds(&corrected), [(ChangeKind::MajorEdit, true)]);
    assert_eq!(titles(&mut bench).await?, names([2]));
    Ok(())
}

pub(super) async fn what_waits_goes_out_as_it_stands(mut bench: Bench) -> Test {
    site(&bench).await?;
    let found = files(&bench, 0..LIMIT + 1);
    bench.look(found.clone(), &[]).await?;
    bench.wait(minutes(60));
    let [first, second] = [&found[0], &found[1]].map(Found::clone);
    let minor = Found {
        title: "Drobna poprawka".to_owned(),
        ..first
    };
    let major = Found {
        title: "Nowa kwota".to_owned(),
        ..second.corrected("Zmieniono kwotę", &bench)
    };
    let edited = bench.look([minor, major], &[]).await?;
    let expected = [
        (ChangeKind::MinorEdit, false),
        (ChangeKind::MajorEdit, false),
    ];
    assert_eq!(kinds(&edited), expected, "it waits like the rest");
    assert_eq!(titles(&mut bench).await?, [""; 0]);
    decide(&bench, Decision::Approve).await?;
    let mailed = titles(&mut bench).await?;
    assert_eq!(mailed.len(), LIMIT + 1);
    assert!(mailed.contains(&"Drobna poprawka".to_owned()));
    assert!(mailed.contains(&"Nowa kwota".to_owned()));
    Ok(())
}

pub(super) async fn with_a_limit_of_nothing_everything_waits(mut bench: Bench) -> Test {
    bench.guards.hold_over = 0;
    site(&bench).await?;
    let applied = bench.look(files(&bench, [0]), &[]).await?;
    assert_eq!((news(&applied), applied.holds.len()), (0, 1));
    decide(&bench, Decision::Approve).await?;
    assert_eq!(titles(&mut bench).await?, names([0]));
    Ok(())
}

pub(super) async fn what_waited_for_its_date_counts(mut bench: Bench) -> Test {
    site(&bench).await?;
    let published = bench.now + minutes(60);
    let dated = |found: Found| Found {
        published: Some(published),
        ..found
    };
    let found = files(&bench, 0..LIMIT + 1).into_iter().map(dated);
    bench.look(found, &[]).await?;
    bench.wait(minutes(61));
    let released = bench.store.release_due(bench.now, bench.guards).await?;
    assert_eq!(released.changes.len(), LIMIT + 1);
    assert_eq!(released.holds.len(), 1);
    assert_eq!(titles(&mut bench).await?, [""; 0]);
    Ok(())
}

pub(super) async fn corrections_count(mut bench: Bench) -> Test {
    bench.scan(files(&bench, 0..LIMIT + 1), &[]).await?;
    bench.subscribe("a@example.org", DAILY, "").await?;
    bench.wait(minutes(60));
    let found = files(&bench, 0..LIMIT + 1).into_iter();
    let corrected = found.map(|found| found.corrected("Nowy adres", &bench));
    let applied = bench.look(corrected, &[]).await?;
    assert_eq!(applied.holds.len(), 1);
    assert_eq!(titles(&mut bench).await?, [""; 0]);
    Ok(())
}

pub(super) async fn a_first_scan_makes_no_hold(bench: Bench) -> Test {
    let applied = bench.scan(files(&bench, 0..LIMIT * 2), &[]).await?;
    assert_eq!((news(&applied), applied.holds.len()), (0, 0));
    Ok(())
}

pub(super) async fn many_publications_are_let_out_piece_by_piece(mut bench: Bench) -> Test {
    const MANY: usize = 600;
    site(&bench).await?;
    for number in (0..MANY).step_by(200) {
        bench.look(files(&bench, number..number + 200), &[]).await?;
    }
    let hold = only_hold(&bench).await?;
    assert_eq!(hold.publications, MANY as u64);
    bench.store.decide(hold.key, Decision::Approve).await?;
    let piece = bench
        .store
        .carry_out(hold.key, bench.now, bench.guards)
        .await?;
    assert!(!piece.done);
    let first = bench.mail(DAILY).await?;
    bench.carry_out(hold.key).await?;
    bench.wait(minutes(1));
    let rest = bench.mail(DAILY).await?;
    // A mail lists fifty and counts the others; none is in both.
    assert_eq!((first.len(), rest.len()), (1, 1));
    assert!(first[0].1.iter().all(|title| *title < name(256)));
    assert!(rest[0].1.iter().all(|title| *title >= name(256)));
    Ok(())
}

pub(super) async fn what_was_said_first_stands(bench: Bench) -> Test {
    site(&bench).await?;
    bench.look(files(&bench, 0..LIMIT + 1), &[]).await?;
    let key = only_hold(&bench).await?.key;
    bench.store.decide(key, Decision::Skip).await?;
    let hold = bench.store.decide(key, Decision::Approve).await?;
    assert_eq!(hold.and_then(|hold| hold.decision), Some(Decision::Skip));
    let undecided = bench
        .store
        .carry_out(HoldKey(7), bench.now, bench.guards)
        .await?;
    assert!(undecided.done);
    assert_eq!(bench.store.decide(HoldKey(7), Decision::Skip).await?, None);
    Ok(())
}

pub(super) async fn news_of_what_is_being_decided_is_its_own(mut bench: Bench) -> Test {
    site(&bench).await?;
    let found = files(&bench, 0..LIMIT + 1);
    bench.look(found.clone(), &[]).await?;
    bench.wait(minutes(11));
    let hold = only_hold(&bench).await?.key;
    bench.store.decide(hold, Decision::Skip).await?;
    let corrected = found[0].clone().corrected("Nowa kwota", &bench);
    let applied = bench.look([corrected], &[]).await?;
    assert_eq!(news(&applied), 1);
    bench.carry_out(hold).await?;
    assert_eq!(titles(&mut bench).await?, names([0]));
    Ok(())
}

pub(super) async fn what_expires_while_it_waits_is_mailed_only_once_it_is_there_again(
    mut bench: Bench,
) -> Test {
    for (decided_expired, decision, mailed) in [
        (false, Decision::Approve, true),
        (true, Decision::Approve, true),
        (true, Decision::Skip, false),
    ] {
        bench = if bench.folder.is_some() {
            Bench::sled()?
        } else {
            Bench::memory()?
        };
        site(&bench).await?;
        let mut pages = files(&bench, 0..=LIMIT);
        pages[0].expires = bench.now.checked_add(minutes(20)).ok();
        bench.look(pages.clone(), &[]).await?;
        bench.wait(minutes(20));
        assert_eq!(bench.release_due().await?.len(), 1, "it expires");
        if decided_expired {
            decide(&bench, decision).await?;
            let others = if mailed { 1..LIMIT + 1 } else { 0..0 };
            assert_eq!(titles(&mut bench).await?, names(others));
        }
        pages[0].expires = None;
        bench.look([pages[0].clone()], &[]).await?;
        if !decided_expired {
            assert_eq!(titles(&mut bench).await?, [""; 0], "it waits on");
            decide(&bench, decision).await?;
        }
        let told = match (decided_expired, mailed) {
            (false, _) => names(0..=LIMIT),
            (true, true) => names([0]),
            (true, false) => Vec::new(),
        };
        assert_eq!(titles(&mut bench).await?, told, "{decision:?}");
    }
    Ok(())
}
