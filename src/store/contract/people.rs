//! Many at once, the suppression list, and erasure.

use super::*;
use crate::domain::{
    Consent, DeliveryState, Enrolled, Enrolment, RunKey, SubscriberKey, SubscriberStatus,
    SuppressionReason,
};
use crate::store::Erased;
use crate::store::engine::{Go, Order, Read};

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

fn enrolment(bench: &Bench, address: &str, schedule: &str, any: &str) -> Enrolment {
    Enrolment {
        subscription: NewSubscription {
            basis: Basis::Import,
            ..request(address, schedule, any)
        },
        since: bench
            .now
            .checked_sub(SignedDuration::from_hours(1000))
            .expect("in range"),
    }
}

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

/// Two subscribers of the daily schedule with a publication planned for each.
async fn planned(bench: &Bench) -> Result<Run, Box<dyn std::error::Error>> {
    bench.scan([], &[]).await?;
    bench.subscribe("Ada@example.org", "daily", "").await?;
    bench.subscribe("bob@example.org", "daily", "").await?;
    bench.look([file("a.md", bench)], &[]).await?;
    Ok(bench.run("daily").await?)
}

pub(super) async fn many_are_enrolled_and_again_changes_nothing(bench: Bench) -> Test {
    bench.subscribe("ada@example.org", "daily", "").await?;
    let rows = || {
        vec![
            enrolment(&bench, "ADA@example.org", "daily", ""),
            enrolment(&bench, "ada@example.org", "weekly", "prawo"),
            enrolment(&bench, "bob@example.org", "daily", "prawo"),
            enrolment(&bench, "bob@example.org", "daily", "prawo"),
        ]
    };
    let expected = [
        Enrolled::Already,
        Enrolled::Extended,
        Enrolled::Added,
        Enrolled::Already,
    ];
    assert_eq!(bench.store.would_enrol(rows(), bench.now).await?, expected);
    assert_eq!(
        bench.store.subscriber(&address("bob@example.org")).await?,
        None
    );
    assert_eq!(bench.store.enrol(rows(), bench.now).await?, expected);
    assert_eq!(bench.store.totals().await?.subscribers, 2);
    let bob = bench.store.subscriber(&address("bob@example.org")).await?;
    let since = rows()[0].since;
    let consent = Consent {
        at: since,
        basis: Basis::Import,
    };
    assert_eq!(bob.as_ref().map(|bob| &bob.consent), Some(&consent));
    let again = bench.store.enrol(rows(), bench.now).await?;
    assert_eq!(again, [Enrolled::Already; 4]);
    Ok(())
}

pub(super) async fn who_is_enrolled_gets_what_comes_from_then_on(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.look([file("old.md", &bench)], &[]).await?;
    let row = enrolment(&bench, "ada@example.org", "daily", "");
    bench.store.enrol(vec![row], bench.now).await?;
    bench.look([file("new.md", &bench)], &[]).await?;
    let mailed = bench.mail("daily").await?;
    assert_eq!(mailed, [("ada@example.org".into(), vec!["new".into()])]);
    Ok(())
}

pub(super) async fn nobody_who_left_is_brought_back_by_a_list(bench: Bench) -> Test {
    for who in ["left@example.org", "gone@example.org", "erased@example.org"] {
        bench.subscribe(who, "daily", "").await?;
    }
    let left = bench.store.subscriber(&address("left@example.org")).await?;
    bench
        .store
        .unsubscribe(left.ok_or("nobody")?.key, bench.now)
        .await?;
    let suppress = |who: &str| {
        let reason = SuppressionReason::Bounced;
        bench.store.suppress(address(who), reason, None, bench.now)
    };
    assert!(suppress("gone@example.org").await?);
    assert!(suppress("stranger@example.org").await?);
    bench
        .store
        .erase(address("erased@example.org"), true, bench.now)
        .await?;
    let rows = ["left", "Gone", "stranger", "ERASED"]
        .map(|who| enrolment(&bench, &format!("{who}@example.org"), "weekly", ""));
    assert_eq!(
        bench.store.enrol(rows.into(), bench.now).await?,
        [
            Enrolled::Unsubscribed,
            Enrolled::Suppressed,
            Enrolled::Suppressed,
            Enrolled::Suppressed
        ]
    );
    assert_eq!(bench.store.totals().await?.subscribers, 0);
    let refused = bench.subscribe("stranger@example.org", "daily", "").await;
    assert!(matches!(refused, Err(StoreError::Suppressed(_))));
    Ok(())
}

pub(super) async fn more_than_a_row_holds_is_left_and_the_rest_enrolled(bench: Bench) -> Test {
    let tags = |from: usize| {
        let tag = |n: usize| format!("{n}-{}", "x".repeat(70));
        let tags: Vec<String> = (from..from + 100).map(tag).collect();
        tags.join(" ")
    };
    let mut rows: Vec<Enrolment> = (0..20)
        .map(|row| enrolment(&bench, "ada@example.org", "daily", &tags(row * 100)))
        .collect();
    rows.push(enrolment(&bench, "bob@example.org", "daily", ""));
    let enrolled = bench.store.enrol(rows, bench.now).await?;
    assert_eq!(
        (enrolled[0], enrolled[1]),
        (Enrolled::Added, Enrolled::Extended)
    );
    assert_eq!(
        (enrolled[19], enrolled[20]),
        (Enrolled::TooMany, Enrolled::Added)
    );
    Ok(())
}

pub(super) async fn nothing_goes_to_who_is_suppressed(bench: Bench) -> Test {
    let run = planned(&bench).await?;
    let ada = address("ada@example.org");
    let known = bench.store.subscriber(&ada).await?.ok_or("nobody")?;
    let note = Some("550 5.1.1 unknown".to_owned());
    let reason = SuppressionReason::Bounced;
    bench
        .store
        .suppress(ada.clone(), reason, note.clone(), bench.now)
        .await?;
    assert!(!bench.store.may_write(known.key));
    let claims = bench.claim().await?;
    assert_eq!(claims.len(), 1);
    let counts = bench.store.run(run.key).await?.ok_or("no run")?.counts;
    assert_eq!((counts.suppressed, counts.pending), (1, 1));
    assert!(
        !bench
            .store
            .suppress(ada.clone(), SuppressionReason::Asked, None, bench.now)
            .await?
    );
    let entry = bench.store.suppression(&ada).await?.ok_or("no entry")?;
    assert_eq!(
        (entry.reason, entry.note, entry.address),
        (reason, note, Some(ada))
    );
    Ok(())
}

pub(super) async fn who_is_suppressed_no_longer_gets_what_comes_from_then_on(
    mut bench: Bench,
) -> Test {
    planned(&bench).await?;
    let ada = address("ada@example.org");
    bench
        .store
        .suppress(ada.clone(), SuppressionReason::Bounced, None, bench.now)
        .await?;
    bench.look([file("b.md", &bench)], &[]).await?;
    assert!(bench.store.unsuppress(ada.clone(), bench.now).await?);
    assert!(!bench.store.unsuppress(ada.clone(), bench.now).await?);
    bench.look([file("c.md", &bench)], &[]).await?;
    let known = bench.store.subscriber(&ada).await?.ok_or("nobody")?;
    assert!(known.is_active());
    assert_eq!(bench.store.totals().await?.subscribers, 2);
    bench.wait(SignedDuration::from_hours(24));
    let run = bench.run("daily").await?;
    let claims = bench.claim().await?;
    let hers = claims.iter().filter(|claim| claim.address == known.address);
    let hers: Vec<_> = hers.map(|claim| (claim.key.run, told(claim).1)).collect();
    assert_eq!(hers, [(run.key, vec!["c".to_owned()])]);
    Ok(())
}

pub(super) async fn who_left_is_not_brought_back_by_the_suppression_list(bench: Bench) -> Test {
    let ada = bench.subscribe("ada@example.org", "daily", "").await?;
    bench.store.unsubscribe(ada.key, bench.now).await?;
    let whose = ada.address;
    bench
        .store
        .suppress(whose.clone(), SuppressionReason::Bounced, None, bench.now)
        .await?;
    bench.store.unsuppress(whose.clone(), bench.now).await?;
    let known = bench.store.subscriber(&whose).await?.ok_or("nobody")?;
    assert_eq!(known.status, SubscriberStatus::Unsubscribed(bench.now));
    Ok(())
}

pub(super) async fn the_suppression_list_is_told_in_pages_the_latest_first(
    mut bench: Bench,
) -> Test {
    for number in 0..5 {
        let whose = address(&format!("s{number}@example.org"));
        bench
            .store
            .suppress(whose, SuppressionReason::Bounced, None, bench.now)
            .await?;
        bench.wait(SignedDuration::from_secs(1));
    }
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = bench.store.suppressions(after, 2).await?;
        assert!(page.len() <= 2);
        all.extend(page.into_iter().filter_map(|entry| entry.address));
        after = next;
        if after.is_none() {
            break;
        }
    }
    let all: Vec<&str> = all.iter().map(Address::as_str).collect();
    let expected = ["s4", "s3", "s2", "s1", "s0"].map(|who| format!("{who}@example.org"));
    assert_eq!(all, expected);
    Ok(())
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
