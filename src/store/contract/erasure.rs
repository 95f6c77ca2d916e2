//! What is left of an erased address: nothing that says whose it was.

use super::people::{address, planned};
use super::*;
use crate::domain::{DeliveryState, RunKey, SubscriberKey, SuppressionReason};
use crate::store::Erased;
use crate::store::engine::{Go, Order, Read};

/// Does any row hold the text, whatever its case?
fn is_anywhere(bench: &Bench, text: &str) -> Result<bool, StoreError> {
    let folded = text.to_lowercase();
    let mut found = false;
    bench.store.reader().scan(
        &[0_u8][..]..&[u8::MAX][..],
        Order::Ascending,
        &mut |key, value| {
            let holds = |bytes: &[u8]| {
                let bytes = bytes.to_ascii_lowercase();
                bytes
                    .windows(folded.len())
                    .any(|window| window == folded.as_bytes())
            };
            found |= holds(key) || holds(value);
            Ok(Go::On)
        },
    )?;
    Ok(found)
}

pub(super) async fn of_an_erased_address_no_row_holds_anything(bench: Bench) -> Test {
    let run = planned(&bench).await?;
    let claims = bench.claim().await?;
    let refused = Outcome::Refused("550 5.1.1 <Ada@example.org> is unknown".into());
    let hers = claims
        .iter()
        .find(|claim| claim.address.as_str() == "Ada@example.org");
    let hers = hers.ok_or("no claim")?.key;
    bench.settle(vec![(hers, refused)]).await?;
    assert!(is_anywhere(&bench, "ada@example.org")?);
    let erased = bench
        .store
        .erase(address("ada@example.org"), false, bench.now)
        .await?;
    assert_eq!(
        erased,
        Erased {
            subscriber: true,
            suppressed: false
        }
    );
    assert!(!is_anywhere(&bench, "ada@example.org")?);
    assert!(!is_anywhere(&bench, "ada")?);
    // What she had went with her; that something was sent is still counted.
    assert!(bench.store.had(hers.subscriber, 10).await?.is_empty());
    let deliveries = bench
        .store
        .deliveries(run.key, SubscriberKey(0), 10)
        .await?;
    let states: Vec<_> = deliveries.into_iter().map(|d| (d.state, d.reply)).collect();
    assert_eq!(
        states,
        [
            (DeliveryState::Failed, None),
            (DeliveryState::Pending, None)
        ]
    );
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!((run.counts.failed, run.counts.total()), (1, 2));
    let again = bench
        .store
        .erase(address("ada@example.org"), false, bench.now)
        .await?;
    assert_eq!(
        again,
        Erased {
            subscriber: false,
            suppressed: false
        }
    );
    // She is somebody new, should she come again.
    let anew = bench.subscribe("ada@example.org", "daily", "").await?;
    assert!(anew.key > hers.subscriber);
    Ok(())
}

pub(super) async fn what_a_server_said_before_a_pause_goes_with_who_is_erased(
    mut bench: Bench,
) -> Test {
    planned(&bench).await?;
    let claims = bench.claim().await?;
    let later =
        |claim: &Claim| Outcome::Deferred(format!("450 <{}>: later", claim.address.as_str()));
    let outcomes = claims.iter().map(|claim| (claim.key, later(claim)));
    bench.settle(outcomes.collect()).await?;
    let ada = bench.store.subscriber(&address("ada@example.org")).await?;
    bench
        .store
        .pause(ada.ok_or("nobody")?.key, bench.now)
        .await?;
    bench.wait(SignedDuration::from_hours(24));
    bench.claim().await?;
    bench
        .store
        .erase(address("ada@example.org"), false, bench.now)
        .await?;
    assert!(!is_anywhere(&bench, "ada")?);
    Ok(())
}

pub(super) async fn nothing_goes_to_who_was_erased(mut bench: Bench) -> Test {
    let run = planned(&bench).await?;
    let claims = bench.claim().await?;
    let ada = bench.store.subscriber(&address("ada@example.org")).await?;
    let key = ada.ok_or("nobody")?.key;
    // Between the claim and MAIL FROM, and between the plan and the claim.
    bench
        .store
        .erase(address("ada@example.org"), false, bench.now)
        .await?;
    assert!(!bench.store.may_write(key));
    bench
        .store
        .erase(address("bob@example.org"), false, bench.now)
        .await?;
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!((run.counts.suppressed, run.counts.total()), (2, 2));
    assert!(run.closed.is_some());
    // What came of a letter that was on its way is not hers any more.
    bench
        .settle(vec![(claims[0].key, Outcome::Accepted)])
        .await?;
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!(run.counts.suppressed, 2);
    bench.look([file("b.md", &bench)], &[]).await?;
    bench.wait(SignedDuration::from_hours(24));
    assert_eq!(bench.run("daily").await?.counts.total(), 0);
    assert_eq!(bench.store.totals().await?.subscribers, 0);
    Ok(())
}

pub(super) async fn who_asked_not_to_be_written_to_is_known_again_after_erasure(
    bench: Bench,
) -> Test {
    let whose = |who: &str| address(&format!("{who}@example.org"));
    for who in ["left", "suppressed", "asked"] {
        bench.subscribe(whose(who).as_str(), "daily", "").await?;
    }
    let left = bench
        .store
        .subscriber(&whose("left"))
        .await?
        .ok_or("nobody")?;
    bench.store.unsubscribe(left.key, bench.now).await?;
    let note = Some("suppressed@example.org called".to_owned());
    let reason = SuppressionReason::Complained;
    bench
        .store
        .suppress(whose("suppressed"), reason, note, bench.now)
        .await?;
    for (who, for_good) in [("left", false), ("suppressed", false), ("asked", true)] {
        let erased = bench.store.erase(whose(who), for_good, bench.now).await?;
        assert_eq!(
            erased,
            Erased {
                subscriber: true,
                suppressed: true
            },
            "{who}"
        );
        assert!(!is_anywhere(&bench, who)?, "{who}");
        let refused = bench.subscribe(whose(who).as_str(), "daily", "").await;
        assert!(matches!(refused, Err(StoreError::Suppressed(_))), "{who}");
    }
    let (entries, _) = bench.store.suppressions(None, 10).await?;
    assert_eq!(entries.len(), 3);
    assert!(
        entries
            .iter()
            .all(|entry| entry.address.is_none() && entry.note.is_none())
    );
    // A person decides that it was a mistake.
    assert!(bench.store.unsuppress(whose("left"), bench.now).await?);
    bench.subscribe("left@example.org", "daily", "").await?;
    Ok(())
}

pub(super) async fn what_many_runs_mailed_is_erased_piece_by_piece(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let ada = bench.subscribe("ada@example.org", "daily", "").await?;
    for number in 0..300 {
        bench
            .look([file(&format!("{number}.md"), &bench)], &[])
            .await?;
        bench.wait(SignedDuration::from_hours(24));
        bench.mail("daily").await?;
    }
    assert_eq!(bench.store.had(ada.key, 1000).await?.len(), 300);
    bench.store.erase(ada.address, false, bench.now).await?;
    assert!(bench.store.had(ada.key, 1000).await?.is_empty());
    assert!(!is_anywhere(&bench, "ada@")?);
    let run = bench.store.run(RunKey(300)).await?.ok_or("no run")?;
    assert_eq!(run.counts.sent, 1);
    Ok(())
}
