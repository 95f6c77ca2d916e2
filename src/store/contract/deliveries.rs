use super::*;
use crate::domain::{DeliveryState, SubscriberKey};

/// Subscribers of the daily schedule, one publication, and its run.
async fn planned(bench: &Bench, subscribers: usize) -> Result<Run, Box<dyn std::error::Error>> {
    bench.scan([], &[]).await?;
    for number in 0..subscribers {
        bench
            .subscribe(&format!("s{number}@example.org"), "daily", "")
            .await?;
    }
    bench.look([file("a.md", bench)], &[]).await?;
    Ok(bench.run("daily").await?)
}

async fn counts(bench: &Bench, run: &Run) -> Result<(u64, u64, u64), Box<dyn std::error::Error>> {
    let counts = bench.store.run(run.key).await?.ok_or("no run")?.counts;
    Ok((counts.pending, counts.sent, counts.total()))
}

pub(super) async fn a_claim_is_not_handed_out_twice(bench: Bench) -> Test {
    planned(&bench, 150).await?;
    let some = bench.store.claim(1, LEASE, bench.now).await?;
    let rest = bench.claim().await?;
    assert_eq!(some.len() + rest.len(), 150);
    let all: BTreeSet<DeliveryKey> = some.iter().chain(&rest).map(|claim| claim.key).collect();
    assert_eq!(all.len(), 150);
    assert!(bench.claim().await?.is_empty());
    assert_eq!(bench.store.next_due(bench.now).await?, None);
    // Given back, they are there again.
    bench
        .store
        .unclaim(some.iter().map(|claim| claim.key).collect())
        .await?;
    assert_eq!(bench.claim().await?.len(), some.len());
    Ok(())
}

pub(super) async fn an_expired_lease_frees_the_claim(mut bench: Bench) -> Test {
    planned(&bench, 1).await?;
    assert_eq!(bench.claim().await?.len(), 1);
    bench.wait(LEASE);
    assert_eq!(bench.claim().await?.len(), 1);
    Ok(())
}

pub(super) async fn a_run_closes_when_everyone_is_settled(bench: Bench) -> Test {
    let run = planned(&bench, 3).await?;
    let claims = bench.claim().await?;
    bench
        .settle(vec![(claims[0].key, Outcome::Accepted)])
        .await?;
    assert_eq!(counts(&bench, &run).await?, (2, 1, 3));
    assert_eq!(bench.store.open_runs().await?.len(), 1);
    let refused = Outcome::Refused("550 5.1.1 unknown".into());
    bench
        .settle(vec![
            (claims[2].key, Outcome::Accepted),
            (claims[1].key, refused),
        ])
        .await?;
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!(
        (run.counts.sent, run.counts.failed, run.closed),
        (2, 1, Some(bench.now))
    );
    assert!(bench.store.open_runs().await?.is_empty());
    let deliveries = bench
        .store
        .deliveries(run.key, SubscriberKey(0), 10)
        .await?;
    assert_eq!(deliveries[1].reply.as_deref(), Some("550 5.1.1 unknown"));
    assert_eq!(
        bench
            .store
            .deliveries(run.key, deliveries[1].key.subscriber, 10)
            .await?,
        deliveries[2..]
    );
    Ok(())
}

pub(super) async fn a_deferred_delivery_comes_back_when_due(mut bench: Bench) -> Test {
    let run = planned(&bench, 2).await?;
    let claims = bench.claim().await?;
    let later = Outcome::Deferred("451 4.3.0 later".into());
    bench
        .settle(vec![
            (claims[0].key, later),
            (claims[1].key, Outcome::Accepted),
        ])
        .await?;
    assert!(bench.claim().await?.is_empty());
    let due = bench
        .store
        .next_due(bench.now)
        .await?
        .ok_or("nothing is due")?;
    bench.now = due;
    let again = bench.claim().await?;
    assert_eq!(again.len(), 1);
    assert_eq!(
        (again[0].key, again[0].date),
        (claims[0].key, claims[0].date)
    );
    bench
        .settle(vec![(again[0].key, Outcome::Accepted)])
        .await?;
    assert_eq!(counts(&bench, &run).await?, (0, 2, 2));
    Ok(())
}

pub(super) async fn nothing_goes_to_who_unsubscribed(bench: Bench) -> Test {
    let run = planned(&bench, 2).await?;
    let first = bench
        .store
        .subscribers(SubscriberKey(0), 1)
        .await?
        .remove(0);
    assert!(bench.store.may_write(first.key));
    bench.store.unsubscribe(first.key, bench.now).await?;
    assert!(!bench.store.may_write(first.key));
    assert_eq!(bench.claim().await?.len(), 1);
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!((run.counts.suppressed, run.counts.pending), (1, 1));
    assert_eq!(bench.store.totals().await?.subscribers, 1);
    bench.look([file("b.md", &bench)], &[]).await?;
    assert_eq!(bench.run("weekly").await?.counts.total(), 0);
    Ok(())
}

pub(super) async fn what_was_withdrawn_is_dropped_from_the_mail(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("both@example.org", "daily", "").await?;
    bench.subscribe("one@example.org", "daily", "prawo").await?;
    bench
        .look(
            [file("a.md", &bench).tagged("prawo"), file("b.md", &bench)],
            &[],
        )
        .await?;
    let run = bench.run("daily").await?;
    let before = bench.claim().await?;
    let keys = before.iter().map(|claim| claim.key).collect();
    bench.store.unclaim(keys).await?;
    bench.look([], &["a.md"]).await?;
    let after = bench.claim().await?;
    let told: Vec<_> = after.iter().map(told).collect();
    assert_eq!(
        told,
        [("both@example.org".to_owned(), vec!["b".to_owned()])]
    );
    // What was rendered for the former content is no longer good.
    let number = |claims: &[Claim]| {
        let both = claims.iter().find(|c| c.key == after[0].key);
        both.map(|claim| claim.content.number)
    };
    assert_ne!(number(&before), number(&after));
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!((run.counts.withdrawn, run.counts.pending), (1, 1));
    Ok(())
}

pub(super) async fn a_settled_delivery_stays_settled(bench: Bench) -> Test {
    let run = planned(&bench, 1).await?;
    let claims = bench.claim().await?;
    bench
        .settle(vec![(claims[0].key, Outcome::Accepted)])
        .await?;
    bench
        .settle(vec![(claims[0].key, Outcome::Deferred("late".into()))])
        .await?;
    assert_eq!(counts(&bench, &run).await?, (0, 1, 1));
    let strange = DeliveryKey {
        subscriber: SubscriberKey(999),
        ..claims[0].key
    };
    bench.settle(vec![(strange, Outcome::Accepted)]).await?;
    assert_eq!(counts(&bench, &run).await?, (0, 1, 1));
    Ok(())
}

pub(super) async fn an_unsubscribed_address_begins_anew(bench: Bench) -> Test {
    let first = bench.subscribe("a@example.org", "daily", "prawo").await?;
    bench.store.unsubscribe(first.key, bench.now).await?;
    let again = bench.subscribe("a@example.org", "weekly", "").await?;
    assert!(again.is_active());
    assert_eq!(again.subscriptions.len(), 1);
    assert_eq!(again.subscriptions[0].cadence, cadence("weekly"));
    assert_eq!(bench.store.totals().await?.subscribers, 1);
    Ok(())
}

pub(super) async fn an_equal_subscription_is_not_made_twice(bench: Bench) -> Test {
    bench.subscribe("a@example.org", "daily", "prawo").await?;
    let again = bench.subscribe("A@Example.org", "daily", "prawo").await?;
    assert_eq!(again.subscriptions.len(), 1);
    let other = bench.subscribe("a@example.org", "daily", "").await?;
    assert_eq!(other.subscriptions.len(), 2);
    assert_eq!(bench.store.totals().await?.subscribers, 1);
    Ok(())
}

pub(super) async fn what_one_had_can_be_told(bench: Bench) -> Test {
    planned(&bench, 70).await?;
    let claims = bench.claim().await?;
    let last = claims.last().ok_or("no claims")?;
    bench.settle(vec![(last.key, Outcome::Accepted)]).await?;
    let had = bench.store.had(last.key.subscriber, 10).await?;
    assert_eq!((had.len(), &had[0].state), (1, &DeliveryState::Sent));
    assert_eq!(had[0].content.items.len(), 1);
    Ok(())
}

pub(super) async fn what_was_planned_for_who_left_is_not_sent_once_they_return(
    bench: Bench,
) -> Test {
    let run = planned(&bench, 2).await?;
    let address = Address::parse("s0@example.org")?;
    let known = bench.store.subscriber(&address).await?.ok_or("nobody")?;
    bench.store.unsubscribe(known.key, bench.now).await?;
    bench.subscribe("s0@example.org", "daily", "").await?;
    let claims = bench.claim().await?;
    assert_eq!(claims.len(), 1);
    assert_ne!(claims[0].address, address);
    bench
        .settle(vec![(claims[0].key, Outcome::Accepted)])
        .await?;
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!((run.counts.suppressed, run.counts.sent), (1, 1));
    assert!(run.closed.is_some());
    Ok(())
}

pub(super) async fn more_subscriptions_than_a_row_holds_are_refused(bench: Bench) -> Test {
    let tag = |n: usize| format!("{n}-{}", "x".repeat(70));
    let many: Vec<String> = (0..500).map(tag).collect();
    bench
        .subscribe("a@example.org", "daily", &many.join(" "))
        .await?;
    let others: Vec<String> = (500..1000).map(tag).collect();
    let refused = bench
        .subscribe("a@example.org", "daily", &others.join(" "))
        .await;
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
    // Nothing of it was written, and the store goes on.
    let again = bench.subscribe("a@example.org", "weekly", "").await?;
    assert_eq!(again.subscriptions.len(), 2);
    Ok(())
}

pub(super) async fn long_replies_are_cut(bench: Bench) -> Test {
    let run = planned(&bench, 64).await?;
    let claims = bench.claim().await?;
    let reply = format!("550 {}", "ż".repeat(10_000));
    let outcomes = claims
        .iter()
        .map(|claim| (claim.key, Outcome::Refused(reply.clone())));
    bench.settle(outcomes.collect()).await?;
    let deliveries = bench
        .store
        .deliveries(run.key, SubscriberKey(0), 100)
        .await?;
    let kept = deliveries[0].reply.as_deref().ok_or("no reply")?;
    assert!(kept.starts_with("550 żż") && kept.len() <= 200);
    Ok(())
}
