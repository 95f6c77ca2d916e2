//! Who has paused, or is not confirmed, gets nothing; and nothing is lost or told twice by it.

use super::planning::mails;
use super::switching::A;
use super::*;
use crate::domain::{SubscriberStatus, SuppressionReason};

impl Bench {
    async fn pause(&self, address: &str) -> Test {
        let key = self.known(address).await?.key;
        self.store.pause(key, self.now).await?;
        Ok(())
    }

    async fn resume(&self, address: &str) -> Test {
        let key = self.known(address).await?.key;
        self.store.resume(key, self.now).await?;
        Ok(())
    }
}

pub(super) async fn a_pause_repeats_and_loses_nothing(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe(A, "daily", "").await?;
    bench.publish("before.md", "").await?;
    assert_eq!(bench.mail("daily").await?.len(), 1);
    bench.publish("last.md", "").await?;
    bench.pause(A).await?;
    assert!(!bench.store.may_write(bench.known(A).await?.key));
    assert_eq!(bench.store.totals().await?.subscribers, 0);
    for title in ["meanwhile.md", "later.md"] {
        bench.publish(title, "").await?;
        assert_eq!(bench.mail("daily").await?, []);
    }
    bench.resume(A).await?;
    assert_eq!(bench.store.totals().await?.subscribers, 1);
    bench.wait(SignedDuration::from_hours(1));
    let expected: &[(&str, &[&str])] = &[(A, &["later", "meanwhile", "last"])];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    bench.wait(SignedDuration::from_hours(1));
    assert_eq!(bench.mail("daily").await?, []);
    Ok(())
}

pub(super) async fn the_suppression_list_ends_no_pause_and_a_pause_gets_nobody_past_it(
    bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    let paused = bench.subscribe(A, "daily", "").await?;
    let suppress = || {
        let (whose, reason) = (paused.address.clone(), SuppressionReason::Bounced);
        bench.store.suppress(whose, reason, None, bench.now)
    };
    let unsuppress = || bench.store.unsuppress(paused.address.clone(), bench.now);
    let silent = SubscriberStatus::Paused(bench.now);
    bench.pause(A).await?;
    suppress().await?;
    unsuppress().await?;
    assert_eq!(bench.known(A).await?.status, silent);
    suppress().await?;
    bench.resume(A).await?;
    let suppressed = SubscriberStatus::Suppressed(bench.now);
    assert_eq!(bench.known(A).await?.status, suppressed);
    unsuppress().await?;
    assert!(bench.known(A).await?.is_active());
    Ok(())
}

pub(super) async fn what_was_planned_and_not_sent_before_a_pause_is_told_after_it(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe(A, "daily", "").await?;
    bench.publish("planned.md", "").await?;
    let run = bench.run("daily").await?;
    bench.pause(A).await?;
    assert_eq!(bench.claim().await?.len(), 0);
    let run = bench.store.run(run.key).await?.ok_or("no run")?;
    assert_eq!((run.counts.suppressed, run.closed), (1, Some(bench.now)));
    // Whatever schedule they come back to.
    bench.switch(A, "weekly").await?;
    bench.resume(A).await?;
    let expected: &[(&str, &[&str])] = &[(A, &["planned"])];
    assert_eq!(bench.mail("weekly").await?, mails(expected));
    bench.wait(SignedDuration::from_hours(1));
    assert_eq!(bench.mail("weekly").await?, []);
    Ok(())
}

pub(super) async fn what_was_on_the_wire_at_a_pause_is_told_once(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    for address in ["sent@example.org", "held@example.org", "brief@example.org"] {
        bench.subscribe(address, "daily", "").await?;
    }
    bench.publish("a.md", "").await?;
    bench.run("daily").await?;
    let claims = bench.claim().await?;
    for claim in &claims {
        bench.pause(claim.address.as_str()).await?;
    }
    bench.resume("brief@example.org").await?;
    // One was beyond recall, of the others the sender asked in time.
    let outcomes = claims.iter().map(|claim| match claim.address.as_str() {
        "sent@example.org" => (claim.key, Outcome::Accepted),
        _ => (claim.key, Outcome::Suppressed),
    });
    bench.settle(outcomes.collect()).await?;
    let again: Vec<_> = bench.send().await?.into_iter().map(|(to, _)| to).collect();
    assert_eq!(again, ["brief@example.org"]);
    for address in ["sent@example.org", "held@example.org"] {
        bench.resume(address).await?;
    }
    bench.wait(SignedDuration::from_hours(1));
    let expected: &[(&str, &[&str])] = &[("held@example.org", &["a"])];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    Ok(())
}

pub(super) async fn an_unconfirmed_address_gets_nothing_and_begins_once_it_is_confirmed(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    let asked = NewSubscription {
        basis: Basis::Request,
        ..request(A, "daily", "")
    };
    let known = bench.store.subscribe(asked, bench.now).await?;
    assert_eq!(known.status, SubscriberStatus::Unconfirmed);
    assert_eq!(bench.store.totals().await?.subscribers, 0);
    bench.publish("before.md", "").await?;
    assert_eq!(bench.mail("daily").await?, []);
    assert!(!bench.store.may_write(known.key));
    bench.wait(SignedDuration::from_hours(1));
    for _ in 0..2 {
        let confirmed = bench.store.confirm(known.key, bench.now).await?;
        let confirmed = confirmed.ok_or("nobody")?;
        assert!(confirmed.is_active());
        assert_eq!(confirmed.consent.at, bench.now);
    }
    bench.publish("after.md", "").await?;
    let expected: &[(&str, &[&str])] = &[(A, &["after"])];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    Ok(())
}

pub(super) async fn who_knows_an_address_changes_nothing_for_its_owner(bench: Bench) -> Test {
    let owner = bench.subscribe(A, "daily", "prawo").await?;
    let asked = NewSubscription {
        basis: Basis::Request,
        ..request(A, "immediate", "")
    };
    let same = bench.store.subscribe(asked.clone(), bench.now).await?;
    assert_eq!(same, owner);
    bench.store.unsubscribe(owner.key, bench.now).await?;
    let anew = bench.store.subscribe(asked, bench.now).await?;
    assert_eq!(anew.status, SubscriberStatus::Unconfirmed);
    // An administrator vouches for what they ask for, not for what somebody did.
    let vouched = bench.subscribe(A, "weekly", "").await?;
    assert!(vouched.is_active());
    let cadences = vouched.subscriptions.iter().map(|one| &one.cadence);
    assert_eq!(cadences.collect::<Vec<_>>(), [&cadence("weekly")]);
    Ok(())
}
