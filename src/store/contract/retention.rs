//! What is let go of, and that nobody gets a thing twice or misses one for it.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::*;
use crate::domain::{Distrust, PublicationKey, Retention, RunKey, Witness};
use crate::store::engine::{Go, Order, Read};

type Stop = Box<dyn std::error::Error>;

const DAY: SignedDuration = SignedDuration::from_hours(24);
pub(super) const KEEP: Retention = Retention {
    deliveries: SignedDuration::from_hours(24 * 90),
    ledger: SignedDuration::from_hours(24 * 400),
};

/// Lets go of everything that may go.
pub(super) async fn tidy(bench: &Bench, keep: Retention) -> Result<(), Stop> {
    while bench.store.shrink(keep, bench.now).await? {}
    while bench.store.forget(keep, bench.now).await? {}
    let mut after = Some(PublicationKey(0));
    while let Some(last) = after {
        after = bench.store.prune(last, keep, bench.now).await?;
    }
    bench.store.sweep().await?;
    Ok(())
}

/// How many rows there are in a table, and their bytes.
fn rows(bench: &Bench, table: u8) -> Result<(usize, usize), StoreError> {
    let (mut number, mut bytes) = (0, 0);
    let (from, to) = ([table], [table + 1]);
    bench
        .store
        .reader()
        .scan(&from[..]..&to[..], Order::Ascending, &mut |key, value| {
            number += 1;
            bytes += key.len() + value.len();
            Ok(Go::On)
        })?;
    Ok((number, bytes))
}

pub(super) async fn what_became_of_a_mail_is_told_as_long_as_it_is_kept(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    for name in ["a", "b", "c"] {
        let address = format!("{name}@example.org");
        bench.subscribe(&address, "daily", "").await?;
    }
    bench.look([file("a.md", &bench)], &[]).await?;
    let run = bench.run("daily").await?;
    let claims = bench.claim().await?;
    let outcomes = [
        Outcome::Accepted,
        Outcome::Refused("550".into()),
        Outcome::Accepted,
    ];
    let keys = claims.iter().map(|claim| claim.key);
    bench.settle(keys.zip(outcomes).collect()).await?;
    let state = bench.publication(&id_of("a.md")).await?;
    let before = bench.store.mailed(&state, 10).await?;
    bench.wait(DAY * 89);
    tidy(&bench, KEEP).await?;
    assert_eq!(bench.store.mailed(&state, 10).await?, before);

    bench.wait(DAY * 2);
    tidy(&bench, KEEP).await?;
    let subscriber = claims[0].key.subscriber;
    assert_eq!(bench.store.had(subscriber, 10).await?, []);
    let closed = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!(bench.store.books(&closed).await?, None);
    // How many it was, and how it went, is nobody's secret.
    assert_eq!(closed.counts.sent, 2);
    assert_eq!(
        bench.store.mailed(&state, 10).await?,
        (before.0, Vec::new())
    );
    bench.subscribe("a@example.org", "weekly", "").await?;
    assert_eq!(bench.mail("daily").await?, []);
    Ok(())
}

pub(super) async fn who_had_what_is_known_while_any_schedule_may_mail_it(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("both@example.org", "daily", "").await?;
    bench.subscribe("both@example.org", "yearly", "").await?;
    bench.subscribe("slow@example.org", "yearly", "").await?;
    bench.look([file("a.md", &bench)], &[]).await?;
    bench.mail("daily").await?;
    bench.wait(DAY * 500);
    tidy(&bench, KEEP).await?;
    assert_eq!(rows(&bench, b'H')?.0, 1);
    let mailed = bench.mail("yearly").await?;
    assert_eq!(mailed, [("slow@example.org".into(), vec!["a".into()])]);

    tidy(&bench, KEEP).await?;
    assert_eq!(rows(&bench, b'H')?.0, 1, "only the later run is remembered");
    bench.wait(DAY * 401);
    tidy(&bench, KEEP).await?;
    for table in *b"HDCNQeakb" {
        assert_eq!(rows(&bench, table)?.0, 0, "{}", char::from(table));
    }
    for schedule in ["daily", "yearly"] {
        assert_eq!(bench.mail(schedule).await?, []);
    }
    Ok(())
}

pub(super) async fn what_is_forgotten_is_news_again_only_once_corrected(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    let original = file("a.md", &bench);
    bench.look([original.clone()], &[]).await?;
    bench.mail("daily").await?;
    bench.wait(DAY * 401);
    tidy(&bench, KEEP).await?;

    let translation = Found {
        language: language("uk"),
        published: Some(bench.now),
        translation_of: Some(original.minted_id.clone()),
        ..file("uk.md", &bench)
    };
    bench.look([translation], &[]).await?;
    assert_eq!(bench.mail("daily").await?, []);
    bench.wait(DAY);
    bench
        .look([original.corrected("Nowy termin", &bench)], &[])
        .await?;
    assert_eq!(bench.mail("daily").await?.len(), 1);
    bench.wait(DAY);
    assert_eq!(bench.mail("daily").await?, []);
    Ok(())
}

pub(super) async fn what_waits_in_a_hold_is_remembered(mut bench: Bench) -> Test {
    bench.guards.hold_over = 1;
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    bench.look([file("a.md", &bench)], &[]).await?;
    bench.mail("daily").await?;
    bench.subscribe("b@example.org", "daily", "").await?;
    // It is taken back into the hold after it was mailed.
    bench.look([file("b.md", &bench)], &[]).await?;
    let hold = bench.store.holds().await?.pop().ok_or("no hold")?;
    bench.wait(DAY * 500);
    tidy(&bench, KEEP).await?;
    bench.store.decide(hold.key, Decision::Approve).await?;
    bench.carry_out(hold.key).await?;
    let mailed = bench.mail("daily").await?;
    let told = mailed.iter().map(|(_, titles)| titles.join(" "));
    assert_eq!(told.collect::<Vec<_>>(), ["b", "b a"]);
    Ok(())
}

pub(super) async fn old_revisions_go_and_those_that_deliveries_have_stay(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    let page = |bench: &Bench, edit: u32| Found {
        title: format!("a{edit}"),
        body: format!("<p>{edit}</p>").into(),
        ..file("a.md", bench)
    };
    bench.look([page(&bench, 1)], &[]).await?;
    bench.run("daily").await?;
    bench.look([page(&bench, 2)], &[]).await?;
    bench.wait(DAY * 100);
    bench.look([page(&bench, 3)], &[]).await?;
    let key = bench.publication(&id_of("a.md")).await?.key;
    tidy(&bench, KEEP).await?;
    // The delivery is not settled.
    assert_eq!(bench.store.revisions(key, 10).await?.len(), 3);
    let claims = bench.claim().await?;
    assert_eq!(told(&claims[0]).1, ["a1"]);
    let accepted = claims.iter().map(|claim| (claim.key, Outcome::Accepted));
    bench.settle(accepted.collect()).await?;
    bench.wait(DAY * 91);
    bench.look([page(&bench, 4)], &[]).await?;
    tidy(&bench, KEEP).await?;
    let left = bench.store.revisions(key, 10).await?;
    let titles = left
        .iter()
        .map(|revision| revision.publication.title.as_str());
    assert_eq!(titles.collect::<Vec<_>>(), ["a4", "a3"]);
    if bench.folder.is_some() {
        for (edit, is_there) in [(1, false), (2, false), (3, true), (4, true)] {
            let body = page(&bench, edit).body;
            assert_eq!(bench.store.has_body(body.hash()).await?, is_there, "{edit}");
        }
    }
    Ok(())
}

pub(super) async fn a_delivery_costs_little_and_less_later(mut bench: Bench) -> Test {
    const READERS: usize = 640;
    bench.scan([], &[]).await?;
    let requests = (0..READERS).map(|n| request(&format!("s{n}@example.org"), "daily", ""));
    let requests = requests.collect();
    bench.store.subscribe_all(requests, bench.now).await?;
    bench.look([file("a.md", &bench)], &[]).await?;
    let run = bench
        .store
        .open_run(cadence("daily"), bench.now, None, bench.now);
    let run = run.await?;
    bench.store.plan(run.key, 2_000, bench.now).await?;
    let claims = bench.claim().await?;
    let accepted = claims.iter().map(|claim| (claim.key, Outcome::Accepted));
    bench.settle(accepted.collect()).await?;
    let bytes = |bench: &Bench| -> Result<usize, StoreError> {
        let tables = b"HDCQeakb".iter();
        let bytes = tables.map(|table| Ok(rows(bench, *table)?.1));
        Ok(bytes.sum::<Result<usize, StoreError>>()? / READERS)
    };
    let settled = bytes(&bench)?;
    bench.wait(DAY * 91);
    tidy(&bench, KEEP).await?;
    let shrunk = bytes(&bench)?;
    bench.wait(DAY * 401);
    tidy(&bench, KEEP).await?;
    let forgotten = bytes(&bench)?;
    assert!(
        settled <= 52 && shrunk <= 36 && forgotten == 0,
        "{settled}, {shrunk}, {forgotten}"
    );
    Ok(())
}

pub(super) async fn runs_after_numbers_that_were_passed_over_are_let_go_of(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    bench.look([file("a.md", &bench)], &[]).await?;
    bench.mail("daily").await?;
    let witness = Witness {
        run: RunKey(40),
        ..bench.store.witness(bench.now).await?
    };
    let why = Distrust::Restored(witness);
    let hold = bench.store.distrust(why, bench.now).await?;
    let hold = hold.ok_or("it is held already")?.key;
    bench.store.decide(hold, Decision::Approve).await?;
    bench.carry_out(hold).await?;
    bench.look([file("b.md", &bench)], &[]).await?;
    bench.wait(DAY);
    assert_eq!(bench.mail("daily").await?.len(), 1);
    bench.wait(DAY * 401);
    tidy(&bench, KEEP).await?;
    for table in *b"HDCQNeakb" {
        assert_eq!(rows(&bench, table)?.0, 0, "{}", char::from(table));
    }
    Ok(())
}

pub(super) async fn who_had_what_is_known_while_it_is_owed(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    for schedule in ["daily", "yearly"] {
        bench.subscribe("a@example.org", schedule, "").await?;
    }
    bench.look([file("a.md", &bench)], &[]).await?;
    for schedule in ["yearly", "daily"] {
        bench.run(schedule).await?;
    }
    let key = bench.known("a@example.org").await?.key;
    bench.store.pause(key, bench.now).await?;
    assert_eq!(bench.claim().await?.len(), 0);
    bench.store.resume(key, bench.now).await?;
    // Both schedules owe it, and the cursors of both are past it.
    bench.wait(DAY);
    assert_eq!(bench.mail("daily").await?.len(), 1);
    bench.wait(DAY * 500);
    tidy(&bench, KEEP).await?;
    assert_eq!(bench.mail("yearly").await?, []);
    Ok(())
}

#[derive(Debug, Clone)]
enum Step {
    Put(usize, usize),
    Correct(usize),
    Remove(usize),
    Subscribe(usize, usize, usize),
    Unsubscribe(usize),
    Mail(usize),
    Wait(i64),
    Decide(bool),
    Tidy,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4usize, 0..4usize).prop_map(|(slot, tags)| Step::Put(slot, tags)),
        2 => (0..4usize).prop_map(Step::Correct),
        1 => (0..4usize).prop_map(Step::Remove),
        3 => (0..3usize, 0..2usize, 0..4usize).prop_map(|(who, when, any)| Step::Subscribe(who, when, any)),
        1 => (0..3usize).prop_map(Step::Unsubscribe),
        5 => (0..2usize).prop_map(Step::Mail),
        4 => (1..300i64).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::Decide),
        3 => Just(Step::Tidy),
    ]
}

/// What a store mails in a history. Corrections are not told apart: what was forgotten is new.
async fn mails(steps: &[Step], tidies: bool) -> Result<Vec<Vec<(String, Vec<String>)>>, Stop> {
    const TAGS: [&str; 4] = ["", "prawo", "pomoc", "pomoc prawo"];
    const WHEN: [&str; 2] = ["daily", "weekly"];
    let keep = Retention {
        deliveries: DAY,
        ledger: DAY * 10,
    };
    let mut bench = Bench::memory()?;
    bench.guards.hold_over = 3;
    bench.scan([], &[]).await?;
    let mut pages: [Option<Found>; 4] = [const { None }; 4];
    let mut mails = Vec::new();
    let last = [Step::Mail(0), Step::Mail(1)];
    for (number, step) in steps.iter().chain(&last).enumerate() {
        bench.wait(SignedDuration::from_mins(1));
        match *step {
            Step::Put(slot, tags) => {
                let page = file(&format!("{slot}.md"), &bench);
                let page = pages[slot].clone().unwrap_or(page).tagged(TAGS[tags]);
                bench.look([page.clone()], &[]).await?;
                pages[slot] = Some(page);
            }
            Step::Correct(slot) => {
                if let Some(page) = &mut pages[slot] {
                    *page = page.clone().corrected(&format!("Zmiana {number}"), &bench);
                    bench.look([page.clone()], &[]).await?;
                }
            }
            Step::Remove(slot) => {
                bench.look([], &[&format!("{slot}.md")]).await?;
            }
            Step::Subscribe(who, when, any) => {
                let address = format!("s{who}@example.org");
                bench.subscribe(&address, WHEN[when], TAGS[any]).await?;
            }
            Step::Unsubscribe(who) => {
                let address = Address::parse(&format!("s{who}@example.org"))?;
                if let Some(known) = bench.store.subscriber(&address).await? {
                    bench.store.unsubscribe(known.key, bench.now).await?;
                }
            }
            Step::Mail(when) => {
                let mut mailed = bench.mail(WHEN[when]).await?;
                for (_, titles) in &mut mailed {
                    for title in titles.iter_mut() {
                        *title = title.trim_start_matches('!').to_owned();
                    }
                    titles.sort();
                }
                mailed.sort();
                mails.push(mailed);
            }
            Step::Wait(hours) => bench.wait(SignedDuration::from_hours(hours)),
            Step::Decide(approve) => {
                if let Some(hold) = bench.store.holds().await?.pop() {
                    let decision = if approve {
                        Decision::Approve
                    } else {
                        Decision::Skip
                    };
                    bench.store.decide(hold.key, decision).await?;
                    bench.carry_out(hold.key).await?;
                }
            }
            Step::Tidy if tidies => tidy(&bench, keep).await?,
            Step::Tidy => {}
        }
    }
    Ok(mails)
}

#[test]
fn everyone_gets_the_same_whether_or_not_anything_is_let_go_of() -> Test {
    let config = Config {
        cases: 400,
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let steps = proptest::collection::vec(step(), 1..60);
    TestRunner::new(config).run(&steps, |steps| {
        let fail = |error: Stop| TestCaseError::fail(error.to_string());
        let tidied = runtime.block_on(mails(&steps, true)).map_err(fail)?;
        let kept = runtime.block_on(mails(&steps, false)).map_err(fail)?;
        prop_assert_eq!(tidied, kept);
        Ok(())
    })?;
    Ok(())
}
