use super::*;
use crate::domain::{DeliveryState, SubscriberKey};

const SKIP: RetryPolicy = RetryPolicy {
    in_doubt: InDoubt::Skip,
    ..POLICY
};

/// The claims of a run with so many subscribers.
async fn claimed(bench: &Bench, subscribers: usize) -> Result<Vec<Claim>, StoreError> {
    bench.scan([], &[]).await?;
    for number in 0..subscribers {
        let address = format!("s{number}@example.org");
        bench.subscribe(&address, "daily", "").await?;
    }
    bench.look([file("a.md", bench)], &[]).await?;
    bench.run("daily").await?;
    bench.claim().await
}

async fn states(bench: &Bench, claims: &[Claim]) -> Result<Vec<DeliveryState>, StoreError> {
    let run = claims
        .first()
        .map(|claim| claim.key.run)
        .unwrap_or_default();
    let all = bench.store.deliveries(run, SubscriberKey(0), 1_000).await?;
    Ok(all.into_iter().map(|delivery| delivery.state).collect())
}

pub(super) async fn whose_text_was_begun_and_never_settled_is_in_doubt(bench: Bench) -> Test {
    let claims = claimed(&bench, 3).await?;
    for claim in &claims[..2] {
        bench.store.begin_text(claim.key).await?;
    }
    let accepted = vec![(claims[0].key, Outcome::Accepted)];
    bench.store.settle(accepted, SKIP, bench.now).await?;
    assert_eq!(bench.store.take_over(bench.now).await?, 1);
    assert_eq!(
        states(&bench, &claims).await?,
        [
            DeliveryState::Sent,
            DeliveryState::InDoubt,
            DeliveryState::Pending
        ]
    );
    let run = bench.store.run(claims[0].key.run).await?.ok_or("no run")?;
    assert_eq!((run.counts.in_doubt, run.counts.pending), (1, 1));
    // The third was not begun: it is free, and goes out.
    let again = bench.claim().await?;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].key, claims[2].key);
    assert_eq!(bench.store.take_over(bench.now).await?, 0);
    Ok(())
}

pub(super) async fn a_mark_goes_with_its_settlement(bench: Bench) -> Test {
    let claims = claimed(&bench, 2).await?;
    for claim in &claims {
        bench.store.begin_text(claim.key).await?;
    }
    let later = || Outcome::Deferred("451 4.3.0 later".to_owned());
    let outcomes = claims.iter().map(|claim| (claim.key, later())).collect();
    bench.store.settle(outcomes, SKIP, bench.now).await?;
    assert_eq!(bench.store.take_over(bench.now).await?, 0);
    for state in states(&bench, &claims).await? {
        assert!(matches!(state, DeliveryState::Deferred { attempts: 1, .. }));
    }
    Ok(())
}

pub(super) async fn what_a_former_loop_had_claimed_is_free(bench: Bench) -> Test {
    let claims = claimed(&bench, 100).await?;
    assert!(bench.claim().await?.is_empty());
    assert_eq!(bench.store.take_over(bench.now).await?, 0);
    assert_eq!(bench.claim().await?.len(), claims.len());
    Ok(())
}

pub(super) async fn as_much_as_there_is_comes_to_be_in_doubt(bench: Bench) -> Test {
    let claims = claimed(&bench, 300).await?;
    for claim in &claims {
        bench.store.begin_text(claim.key).await?;
    }
    assert_eq!(bench.store.take_over(bench.now).await?, 300);
    let run = bench.store.run(claims[0].key.run).await?.ok_or("no run")?;
    assert_eq!((run.counts.in_doubt, run.closed), (300, Some(bench.now)));
    Ok(())
}
