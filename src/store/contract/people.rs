//! Many at once, and the suppression list.

use super::*;
use crate::domain::{Consent, Enrolled, Enrolment, SubscriberStatus, SuppressionReason};

pub(super) fn address(text: &str) -> Address {
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

/// Two subscribers of the daily schedule with a publication planned for each.
pub(super) async fn planned(bench: &Bench) -> Result<Run, Box<dyn std::error::Error>> {
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

pub(super) async fn a_list_vouches_for_who_never_confirmed_and_wakes_nobody(bench: Bench) -> Test {
    let asked = NewSubscription {
        basis: Basis::Request,
        ..request("asked@example.org", "daily", "")
    };
    let asked = bench.store.subscribe(asked, bench.now).await?;
    assert_eq!(asked.status, SubscriberStatus::Unconfirmed);
    let silent = bench.subscribe("silent@example.org", "daily", "").await?;
    bench.store.pause(silent.key, bench.now).await?;
    let rows = ["asked@example.org", "silent@example.org"];
    let rows = rows.map(|who| enrolment(&bench, who, "weekly", ""));
    let enrolled = bench.store.enrol(rows.into(), bench.now).await?;
    assert_eq!(enrolled, [Enrolled::Added, Enrolled::Extended]);
    let statuses = [
        (asked.key, SubscriberStatus::Active),
        (silent.key, SubscriberStatus::Paused(bench.now)),
    ];
    for (key, status) in statuses {
        let known = bench.store.subscriber_by_key(key).await?.ok_or("nobody")?;
        assert_eq!(known.status, status);
    }
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
    let suppress = |who: &str| {
        let reason = SuppressionReason::Bounced;
        bench.store.suppress(address(who), reason, None, bench.now)
    };
    let before = bench.subscribe("before@example.org", "daily", "").await?;
    bench.store.unsubscribe(before.key, bench.now).await?;
    suppress("before@example.org").await?;
    let meanwhile = bench
        .subscribe("meanwhile@example.org", "daily", "")
        .await?;
    suppress("meanwhile@example.org").await?;
    bench.store.unsubscribe(meanwhile.key, bench.now).await?;
    for whose in [before.address, meanwhile.address] {
        bench.store.unsuppress(whose.clone(), bench.now).await?;
        let known = bench.store.subscriber(&whose).await?.ok_or("nobody")?;
        assert_eq!(known.status, SubscriberStatus::Unsubscribed(bench.now));
    }
    assert_eq!(bench.store.totals().await?.subscribers, 0);
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
