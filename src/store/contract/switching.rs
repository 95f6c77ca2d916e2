//! Whatever a subscriber changes, nothing is mailed twice or missed.

use super::planning::mails;
use super::*;
use crate::domain::{Preferences, Sequence, SubscriberStatus, Wish};

pub(super) const A: &str = "a@example.org";

impl Bench {
    pub(super) async fn known(
        &self,
        address: &str,
    ) -> Result<Subscriber, Box<dyn std::error::Error>> {
        let known = self.store.subscriber(&Address::parse(address)?).await?;
        Ok(known.ok_or("nobody")?)
    }

    async fn prefer(
        &self,
        address: &str,
        preferences: Preferences,
    ) -> Result<Subscriber, Box<dyn std::error::Error>> {
        let key = self.known(address).await?.key;
        let changed = self.store.prefer(key, preferences, self.now).await?;
        Ok(changed.ok_or("nobody")?)
    }

    /// Changes the first subscription.
    async fn change(
        &self,
        address: &str,
        change: impl FnOnce(&mut Wish),
    ) -> Result<Subscriber, Box<dyn std::error::Error>> {
        let known = self.known(address).await?;
        let was = known.subscriptions.first().ok_or("nothing asked")?.wish();
        let mut wish = was.clone();
        change(&mut wish);
        let wishes = vec![(was, Some(wish))];
        let preferences = Preferences {
            wishes,
            ..Preferences::default()
        };
        self.prefer(address, preferences).await
    }

    pub(super) async fn switch(&self, address: &str, schedule: &str) -> Test {
        let to = cadence(schedule);
        self.change(address, |wish| wish.cadence = to).await?;
        Ok(())
    }

    async fn refilter(&self, address: &str, any: &str) -> Test {
        let to = tags(any);
        self.change(address, |wish| wish.filter.any = to).await?;
        Ok(())
    }

    async fn moved(&self, address: &str, zone: &str) -> Test {
        let preferences = Preferences {
            timezone: Some(zone.to_owned()),
            ..Preferences::default()
        };
        self.prefer(address, preferences).await?;
        Ok(())
    }

    /// A file appears a while later.
    pub(super) async fn publish(&mut self, path: &str, with: &str) -> Test {
        self.wait(SignedDuration::from_mins(1));
        self.look([file(path, self).tagged(with)], &[]).await?;
        Ok(())
    }

    /// Opens, plans and sends the window of a zone.
    async fn mail_in(
        &self,
        zone: &str,
    ) -> Result<Vec<(String, Vec<String>)>, Box<dyn std::error::Error>> {
        let cadence = local(zone);
        let (due, now) = (self.now, self.now);
        let run = self.store.open_run(cadence, due, None, now).await?;
        while !self
            .store
            .plan(run.key, 3, now)
            .await?
            .ok_or("no run")?
            .planned
        {}
        Ok(self.send().await?)
    }
}

fn local(zone: &str) -> Cadence {
    Cadence {
        schedule: "local".to_owned(),
        zone: Some(zone.to_owned()),
    }
}

pub(super) async fn who_comes_behind_a_mark_gets_once_what_came_since_their_own(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("d@example.org", "daily", "").await?;
    bench.subscribe(A, "weekly", "").await?;
    bench.publish("a.md", "").await?;
    bench.mail("daily").await?;
    bench.switch(A, "daily").await?;
    bench.publish("b.md", "").await?;
    let expected: &[(&str, &[&str])] = &[("d@example.org", &["b"]), (A, &["b", "a"])];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    bench.wait(SignedDuration::from_hours(1));
    assert_eq!(bench.mail("daily").await?, []);
    // They rely on the mark from now on.
    bench.publish("c.md", "").await?;
    assert_eq!(bench.mail("daily").await?.len(), 2);
    let head = Sequence(u64::MAX);
    assert!(!bench.store.has_exceptions(&cadence("daily"), head).await?);
    Ok(())
}

pub(super) async fn who_switches_ahead_of_a_mark_is_not_mailed_again(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("w@example.org", "weekly", "").await?;
    bench.subscribe(A, "daily", "").await?;
    bench.publish("a.md", "").await?;
    bench.mail("daily").await?;
    bench.switch(A, "weekly").await?;
    bench.publish("b.md", "").await?;
    let expected: &[(&str, &[&str])] = &[("w@example.org", &["b", "a"]), (A, &["b"])];
    assert_eq!(bench.mail("weekly").await?, mails(expected));
    Ok(())
}

/// Nobody knows yet which way a run that is half planned will have passed them.
pub(super) async fn who_switches_while_a_run_is_half_planned_misses_nothing(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    for number in 0..6 {
        let schedule = ["weekly", "daily"][number % 2];
        let address = format!("s{number}@example.org");
        bench.subscribe(&address, schedule, "").await?;
    }
    bench.publish("a.md", "").await?;
    let (due, now) = (bench.now, bench.now);
    let run = bench
        .store
        .open_run(cadence("daily"), due, None, now)
        .await?;
    bench.store.plan(run.key, 2, now).await?;
    // Planned: s1 and s3. Not yet: s5.
    for number in 0..6 {
        let schedule = ["daily", "weekly"][number % 2];
        let address = format!("s{number}@example.org");
        bench.switch(&address, schedule).await?;
    }
    while !bench
        .store
        .plan(run.key, 2, now)
        .await?
        .ok_or("no run")?
        .planned
    {}
    let told = bench.send().await?.into_iter().map(|(to, _)| to);
    let told: BTreeSet<String> = told.collect();
    let expected = ["s1", "s3", "s4"].map(|name| format!("{name}@example.org"));
    assert_eq!(told, BTreeSet::from(expected));
    bench.wait(SignedDuration::from_hours(1));
    let expected: &[(&str, &[&str])] = &[("s0@example.org", &["a"]), ("s2@example.org", &["a"])];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    let expected: &[(&str, &[&str])] = &[("s5@example.org", &["a"])];
    assert_eq!(bench.mail("weekly").await?, mails(expected));
    Ok(())
}

pub(super) async fn what_did_not_pass_before_a_filter_changed_is_no_news_after(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe(A, "daily", "prawo").await?;
    bench.publish("old-both.md", "prawo pomoc").await?;
    bench.publish("old-law.md", "prawo").await?;
    bench.publish("old-help.md", "pomoc").await?;
    bench.refilter(A, "pomoc").await?;
    bench.publish("new-help.md", "pomoc").await?;
    bench.publish("new-law.md", "prawo").await?;
    let expected: &[(&str, &[&str])] = &[(A, &["new-help", "old-both"])];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    bench.wait(SignedDuration::from_hours(1));
    assert_eq!(bench.mail("daily").await?, []);
    let known = bench.known(A).await?;
    bench.refilter(A, "raporty").await?;
    let again = bench.known(A).await?;
    assert_eq!(
        (
            known.subscriptions[0].former.len(),
            again.subscriptions[0].former.len()
        ),
        (1, 0)
    );
    Ok(())
}

pub(super) async fn a_filter_that_was_changed_and_changed_back_kept_out_what_came_meanwhile(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe(A, "daily", "prawo").await?;
    bench.publish("before.md", "prawo").await?;
    bench.refilter(A, "pomoc").await?;
    bench.publish("meanwhile.md", "prawo").await?;
    bench.refilter(A, "prawo").await?;
    bench.publish("after.md", "prawo").await?;
    let expected: &[(&str, &[&str])] = &[(A, &["after", "before"])];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    Ok(())
}

pub(super) async fn an_exception_opens_a_window_of_immediate(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let immediate = Cadence::immediate();
    bench.subscribe("i@example.org", "immediate", "").await?;
    bench.subscribe(A, "daily", "").await?;
    bench.publish("a.md", "").await?;
    let upper = bench.store.ripe(bench.now).await?;
    let open = |now| {
        bench
            .store
            .open_run(immediate.clone(), now, Some(upper), now)
    };
    let first = open(bench.now).await?;
    while !bench
        .store
        .plan(first.key, 3, bench.now)
        .await?
        .ok_or("no run")?
        .planned
    {}
    assert_eq!(open(bench.now).await?.key, first.key, "opened once");
    bench.switch(A, "immediate").await?;
    assert!(bench.store.has_exceptions(&immediate, upper).await?);
    let second = open(bench.now).await?;
    assert!(second.key > first.key);
    assert_eq!(open(bench.now).await?.key, second.key, "it too");
    while !bench
        .store
        .plan(second.key, 3, bench.now)
        .await?
        .ok_or("no run")?
        .planned
    {}
    let counts = bench.store.run(second.key).await?.ok_or("no run")?.counts;
    assert_eq!(counts.pending, 1);
    assert_eq!(open(bench.now).await?.key, second.key, "and is done");
    Ok(())
}

pub(super) async fn a_move_to_another_zone_repeats_and_loses_nothing(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    for (address, zone) in [("k@example.org", "Europe/Kyiv"), (A, "Europe/Warsaw")] {
        let mut request = request(address, "local", "");
        request.timezone = zone.to_owned();
        request.cadence = local(zone);
        bench.store.subscribe(request, bench.now).await?;
    }
    let zones = [local("Europe/Kyiv"), local("Europe/Warsaw")];
    assert_eq!(bench.store.zones("local").await?, zones);
    bench.publish("a.md", "").await?;
    assert_eq!(bench.mail_in("Europe/Kyiv").await?.len(), 1);
    // Kyiv has had its morning already.
    bench.moved(A, "Europe/Kyiv").await?;
    assert_eq!(bench.store.zones("local").await?, zones[..1]);
    bench.publish("b.md", "").await?;
    let expected: &[(&str, &[&str])] = &[("k@example.org", &["b"]), (A, &["b", "a"])];
    assert_eq!(bench.mail_in("Europe/Kyiv").await?, mails(expected));
    bench.moved(A, "America/New_York").await?;
    bench.publish("c.md", "").await?;
    let expected: &[(&str, &[&str])] = &[(A, &["c"])];
    assert_eq!(bench.mail_in("America/New_York").await?, mails(expected));
    Ok(())
}

pub(super) async fn a_zone_owes_nothing_from_before_somebody_lived_in_it(mut bench: Bench) -> Test {
    let observe = |now| {
        let line = "0 8 * * * subscriber".to_owned();
        bench.store.observe(local("Europe/Kyiv"), line, now)
    };
    let mut asked = request(A, "local", "");
    asked.timezone = "Europe/Kyiv".to_owned();
    asked.cadence = local("Europe/Kyiv");
    bench.store.subscribe(asked.clone(), bench.now).await?;
    assert_eq!(observe(bench.now).await?.due, bench.now);
    // Who changes something has lived there all the while.
    let morning = bench.now.checked_add(SignedDuration::from_hours(24))?;
    let key = bench.known(A).await?.key;
    let preferences = Preferences {
        language: Some(language("uk")),
        ..Preferences::default()
    };
    bench.store.prefer(key, preferences, morning).await?;
    assert_eq!(observe(morning).await?.due, bench.now);
    bench.store.unsubscribe(key, morning).await?;
    let start = bench.now;
    let much_later = start.checked_add(SignedDuration::from_hours(24 * 30))?;
    bench.store.subscribe(asked, much_later).await?;
    assert_eq!(observe(much_later).await?.due, much_later);
    bench.wait(SignedDuration::ZERO);
    Ok(())
}

pub(super) async fn another_language_is_honoured_from_then_on(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe(A, "daily", "").await?;
    for (original, translation) in [("a.md", "a.uk.md"), ("b.md", "b.uk.md")] {
        let polish = file(original, &bench);
        let ukrainian = Found {
            language: language("uk"),
            translation_of: Some(polish.minted_id.clone()),
            ..file(translation, &bench)
        };
        bench.look([polish, ukrainian], &[]).await?;
        if original == "a.md" {
            let expected: &[(&str, &[&str])] = &[(A, &["a"])];
            assert_eq!(bench.mail("daily").await?, mails(expected));
        }
        bench.wait(SignedDuration::from_hours(1));
    }
    let preferences = Preferences {
        language: Some(language("uk")),
        ..Preferences::default()
    };
    bench.prefer(A, preferences).await?;
    let expected: &[(&str, &[&str])] = &[(A, &["b.uk"])];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    Ok(())
}

pub(super) async fn subscriptions_can_be_given_up_one_by_one(bench: Bench) -> Test {
    bench.subscribe(A, "daily", "prawo").await?;
    bench.subscribe(A, "weekly", "").await?;
    for _ in 0..2 {
        let known = bench.known(A).await?;
        assert!(known.is_active());
        let was = known.subscriptions.first().ok_or("nothing asked")?.wish();
        let preferences = Preferences {
            wishes: vec![(was, None)],
            ..Preferences::default()
        };
        bench.prefer(A, preferences).await?;
    }
    let known = bench.known(A).await?;
    assert_eq!(known.status, SubscriberStatus::Unsubscribed(bench.now));
    assert_eq!(known.subscriptions.len(), 1, "the last one stays as it was");
    Ok(())
}

pub(super) async fn subscriptions_that_become_equal_are_one_once_their_pasts_are(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe(A, "daily", "").await?;
    bench.subscribe(A, "weekly", "pomoc").await?;
    bench.publish("a.md", "prawo").await?;
    bench.refilter(A, "pomoc").await?;
    bench.publish("b.md", "pomoc").await?;
    let weekly = bench.known(A).await?.subscriptions[1].wish();
    let daily = Wish {
        cadence: cadence("daily"),
        ..weekly.clone()
    };
    let preferences = Preferences {
        wishes: vec![(weekly, Some(daily))],
        ..Preferences::default()
    };
    let changed = bench.prefer(A, preferences).await?;
    assert_eq!(changed.subscriptions.len(), 2);
    let expected: &[(&str, &[&str])] = &[(A, &["b"])];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    let changed = bench.prefer(A, Preferences::default()).await?;
    assert_eq!(changed.subscriptions.len(), 1);
    Ok(())
}
