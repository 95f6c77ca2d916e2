//! A store that is not to be believed.

use super::*;
use crate::domain::{Distrust, HoldKind, Mark, Preferences, Witness};

const DAILY: &str = "daily";

/// Somebody who wants everything, a run over one page that is planned, and a page after it.
async fn site(bench: &Bench) -> Result<Run, StoreError> {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", DAILY, "").await?;
    bench.look([file("a.md", bench)], &[]).await?;
    let run = bench.run(DAILY).await?;
    bench.look([file("b.md", bench)], &[]).await?;
    Ok(run)
}

/// What a witness says of a later state.
async fn later(bench: &Bench) -> Result<Witness, StoreError> {
    let own = bench.store.witness(bench.now).await?;
    Ok(Witness {
        sequence: crate::domain::Sequence(own.sequence.0 + 5),
        run: crate::domain::RunKey(own.run.0 + 3),
        subscriber: own.subscriber + 2,
        claims: own.claims + 1,
        at: bench.now,
    })
}

async fn hold(bench: &Bench, why: Distrust) -> Result<HoldKey, Box<dyn std::error::Error>> {
    let hold = bench.store.distrust(why, bench.now).await?;
    Ok(hold.ok_or("it was held already")?.key)
}

async fn titles(bench: &mut Bench) -> Result<Vec<String>, StoreError> {
    bench.wait(SignedDuration::from_secs(1));
    let mails = bench.mail(DAILY).await?.into_iter();
    Ok(mails.flat_map(|(_, titles)| titles).collect())
}

pub(super) async fn a_witness_knows_more_than_a_copy_from_before_a_claim(bench: Bench) -> Test {
    let before = bench.store.witness(bench.now).await?;
    let witness = bench.store.testify(bench.now).await?;
    let after = bench.store.witness(bench.now).await?;
    assert!(witness.knows_more_than(&before));
    assert!(!witness.knows_more_than(&after));
    assert_eq!(bench.store.last_instant().await?, Some(bench.now));
    Ok(())
}

pub(super) async fn while_a_store_is_held_nothing_is_claimed(bench: Bench) -> Test {
    site(&bench).await?;
    let why = Distrust::Restored(later(&bench).await?);
    hold(&bench, why.clone()).await?;
    assert!(bench.claim().await?.is_empty());
    assert_eq!(bench.store.next_due(bench.now).await?, None);
    assert_eq!(bench.store.distrust(why, bench.now).await?, None);
    let holds = bench.store.holds().await?;
    assert!(matches!(holds[0].kind, HoldKind::Store(_)) && holds.len() == 1);
    Ok(())
}

pub(super) async fn an_approved_copy_goes_on_under_numbers_nobody_had(mut bench: Bench) -> Test {
    let run = site(&bench).await?;
    let witness = later(&bench).await?;
    let hold = hold(&bench, Distrust::Restored(witness)).await?;
    bench.store.decide(hold, Decision::Approve).await?;
    assert!(bench.claim().await?.is_empty(), "before it is carried out");
    bench.carry_out(hold).await?;
    let own = bench.store.witness(bench.now).await?;
    assert!(!witness.knows_more_than(&own));
    let claims = bench.claim().await?;
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].key.run, run.key);
    bench
        .settle(vec![(claims[0].key, Outcome::Accepted)])
        .await?;
    assert_eq!(titles(&mut bench).await?, ["b"]);
    let runs = bench.store.runs(1).await?;
    assert_eq!(runs[0].key.0, witness.run.0 + 1);
    let subscriber = bench.subscribe("b@example.org", DAILY, "").await?;
    assert!(subscriber.key.0 > witness.subscriber);
    Ok(())
}

pub(super) async fn a_skipped_copy_drops_what_waits_and_mails_what_comes(mut bench: Bench) -> Test {
    let run = site(&bench).await?;
    let hold = hold(&bench, Distrust::Restored(later(&bench).await?)).await?;
    bench.store.decide(hold, Decision::Skip).await?;
    bench.carry_out(hold).await?;
    assert_eq!(bench.store.holds().await?, []);
    assert!(bench.claim().await?.is_empty());
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!((run.counts.skipped, run.counts.open()), (1, 0));
    assert!(run.closed.is_some());
    assert_eq!(titles(&mut bench).await?, [""; 0], "it was before the head");
    bench.look([file("c.md", &bench)], &[]).await?;
    assert_eq!(titles(&mut bench).await?, ["c"]);
    Ok(())
}

pub(super) async fn what_is_skipped_is_not_told_after_a_pause_either(mut bench: Bench) -> Test {
    const AWAY: [&str; 2] = ["owed@example.org", "away@example.org"];
    bench.scan([], &[]).await?;
    bench.subscribe(AWAY[0], DAILY, "").await?;
    bench.look([file("a.md", &bench)], &[]).await?;
    bench.run(DAILY).await?;
    bench.subscribe(AWAY[1], DAILY, "").await?;
    let mut keys = Vec::new();
    for address in AWAY {
        let key = bench.known(address).await?.key;
        bench.store.pause(key, bench.now).await?;
        keys.push(key);
    }
    assert!(bench.claim().await?.is_empty());
    bench.look([file("b.md", &bench)], &[]).await?;
    let hold = hold(&bench, Distrust::Restored(later(&bench).await?)).await?;
    bench.store.decide(hold, Decision::Skip).await?;
    bench.carry_out(hold).await?;
    for key in keys {
        bench.store.resume(key, bench.now).await?;
    }
    assert_eq!(titles(&mut bench).await?, [""; 0]);
    bench.look([file("c.md", &bench)], &[]).await?;
    assert_eq!(titles(&mut bench).await?, ["c", "c"]);
    Ok(())
}

pub(super) async fn what_is_owed_and_skipped_does_not_come_with_a_change(mut bench: Bench) -> Test {
    site(&bench).await?;
    let key = bench.known("a@example.org").await?.key;
    bench.store.pause(key, bench.now).await?;
    assert!(bench.claim().await?.is_empty());
    bench.store.resume(key, bench.now).await?;
    let hold = hold(&bench, Distrust::Restored(later(&bench).await?)).await?;
    bench.store.decide(hold, Decision::Skip).await?;
    bench.carry_out(hold).await?;
    let language = Preferences {
        language: Some(language("uk")),
        ..Preferences::default()
    };
    bench.store.prefer(key, language, bench.now).await?;
    assert_eq!(titles(&mut bench).await?, [""; 0]);
    Ok(())
}

pub(super) async fn what_waits_is_dropped_piece_by_piece(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    for number in 0..100 {
        let address = format!("s{number}@example.org");
        bench.subscribe(&address, DAILY, "").await?;
    }
    bench.look([file("a.md", &bench)], &[]).await?;
    let run = bench.run(DAILY).await?;
    let hold = hold(&bench, Distrust::Restored(later(&bench).await?)).await?;
    bench.store.decide(hold, Decision::Skip).await?;
    let mut pieces = 0;
    loop {
        let piece = bench.store.carry_out(hold, bench.now, bench.guards).await?;
        pieces += 1;
        if piece.done {
            break;
        }
        assert!(bench.claim().await?.is_empty());
    }
    assert!(pieces > 2, "{pieces}");
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!(run.counts.skipped, 100);
    Ok(())
}

pub(super) async fn a_run_that_is_begun_is_planned_before_it_is_skipped(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    for address in ["a@example.org", "b@example.org"] {
        bench.subscribe(address, DAILY, "").await?;
    }
    bench.look([file("a.md", &bench)], &[]).await?;
    let run = bench
        .store
        .open_run(cadence(DAILY), bench.now, None, bench.now)
        .await?;
    bench.store.plan(run.key, 1, bench.now).await?;
    let hold = hold(&bench, Distrust::Restored(later(&bench).await?)).await?;
    bench.store.decide(hold, Decision::Skip).await?;
    let piece = bench.store.carry_out(hold, bench.now, bench.guards).await?;
    assert!(!piece.done);
    bench.store.plan(run.key, 10, bench.now).await?;
    bench.carry_out(hold).await?;
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!((run.counts.skipped, run.counts.total()), (2, 2));
    Ok(())
}

pub(super) async fn a_clock_that_is_right_again_is_no_reason_to_hold(bench: Bench) -> Test {
    site(&bench).await?;
    let moved = Distrust::ClockMoved {
        from: bench.now,
        to: bench.now,
    };
    let of_clock = hold(&bench, moved.clone()).await?;
    let copy = hold(&bench, Distrust::Restored(later(&bench).await?)).await?;
    let dissolved = bench.store.believe().await?.ok_or("nothing dissolved")?;
    assert_eq!(dissolved.key, of_clock);
    assert_eq!(bench.store.believe().await?, None, "a copy stays one");
    assert_eq!(bench.store.holds().await?[0].key, copy);
    // What was decided is carried out.
    let of_clock = hold(&bench, moved).await?;
    bench.store.decide(of_clock, Decision::Approve).await?;
    assert_eq!(bench.store.believe().await?, None);
    Ok(())
}

pub(super) async fn an_approved_clock_takes_back_what_the_wrong_one_noted(bench: Bench) -> Test {
    let ahead = bench.now + SignedDuration::from_hours(24 * 400);
    bench.store.note_instant(ahead).await?;
    bench.store.note_instant(bench.now).await?;
    assert_eq!(bench.store.last_instant().await?, Some(ahead), "never back");
    let line = "@daily".to_owned();
    bench.store.observe(cadence(DAILY), line, ahead).await?;
    let why = Distrust::ClockBehind {
        last: ahead,
        now: bench.now,
    };
    let hold = hold(&bench, why).await?;
    bench.store.decide(hold, Decision::Approve).await?;
    bench.carry_out(hold).await?;
    assert_eq!(bench.store.last_instant().await?, Some(bench.now));
    let mark: Mark = bench.store.mark(&cadence(DAILY)).await?.ok_or("no mark")?;
    assert_eq!(mark.due, bench.now);
    Ok(())
}
