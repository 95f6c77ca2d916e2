use super::*;
use crate::domain::Sequence;

pub(super) fn mails(list: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    list.iter()
        .map(|(to, titles)| {
            (
                (*to).to_owned(),
                titles.iter().map(|t| (*t).to_owned()).collect(),
            )
        })
        .collect()
}

pub(super) async fn only_what_passes_the_filter_is_mailed(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("all@example.org", "daily", "").await?;
    bench
        .subscribe("law@example.org", "daily", "prawo pomoc")
        .await?;
    bench
        .subscribe("none@example.org", "daily", "raporty")
        .await?;
    bench.subscribe("other@example.org", "weekly", "").await?;
    bench
        .look(
            [file("a.md", &bench).tagged("prawo"), file("b.md", &bench)],
            &[],
        )
        .await?;
    let expected: &[(&str, &[&str])] = &[
        ("all@example.org", &["b", "a"]),
        ("law@example.org", &["a"]),
    ];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    Ok(())
}

pub(super) async fn what_is_older_than_the_subscription_is_not_news(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench
        .store
        .observe(cadence("daily"), "0 8 * * *".into(), bench.now)
        .await?;
    bench.look([file("old.md", &bench)], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    assert_eq!(bench.mail("daily").await?, []);
    Ok(())
}

pub(super) async fn a_window_takes_up_where_the_last_one_ended(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench
        .store
        .observe(cadence("daily"), "0 8 * * *".into(), bench.now)
        .await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    for title in ["a", "b", "c"] {
        bench.wait(SignedDuration::from_hours(24));
        bench
            .look([file(&format!("{title}.md"), &bench)], &[])
            .await?;
        assert_eq!(
            bench.mail("daily").await?,
            mails(&[("a@example.org", &[title])])
        );
    }
    bench.wait(SignedDuration::from_hours(24));
    assert_eq!(bench.mail("daily").await?, []);
    Ok(())
}

pub(super) async fn two_schedules_do_not_both_take_an_item(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "prawo").await?;
    bench.subscribe("a@example.org", "weekly", "").await?;
    bench
        .look(
            [file("a.md", &bench).tagged("prawo"), file("b.md", &bench)],
            &[],
        )
        .await?;
    // Both are planned before either is sent.
    bench.run("daily").await?;
    bench.run("weekly").await?;
    let told: Vec<_> = bench.claim().await?.iter().map(told).collect();
    assert_eq!(
        told,
        mails(&[("a@example.org", &["a"]), ("a@example.org", &["b"])])
    );
    Ok(())
}

pub(super) async fn one_message_whatever_number_of_subscriptions(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "prawo").await?;
    bench.subscribe("A@example.org", "daily", "pomoc").await?;
    let both = file("both.md", &bench).tagged("prawo pomoc");
    bench
        .look([both, file("one.md", &bench).tagged("pomoc")], &[])
        .await?;
    assert_eq!(
        bench.mail("daily").await?,
        mails(&[("a@example.org", &["one", "both"])])
    );
    Ok(())
}

pub(super) async fn a_correction_is_marked_for_who_had_the_first(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("early@example.org", "daily", "").await?;
    let page = file("a.md", &bench);
    bench.look([page.clone()], &[]).await?;
    bench.mail("daily").await?;
    bench.subscribe("late@example.org", "daily", "").await?;
    bench.wait(SignedDuration::from_hours(24));
    bench
        .look([page.corrected("Nowy termin", &bench)], &[])
        .await?;
    let expected: &[(&str, &[&str])] =
        &[("early@example.org", &["!a"]), ("late@example.org", &["a"])];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    bench.wait(SignedDuration::from_hours(24));
    assert_eq!(bench.mail("daily").await?, []);
    Ok(())
}

pub(super) async fn of_translations_each_gets_the_one_in_their_language(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("pl@example.org", "daily", "").await?;
    let ukrainian = NewSubscription {
        language: language("uk"),
        ..request("uk@example.org", "daily", "")
    };
    bench.store.subscribe(ukrainian, bench.now).await?;
    let original = file("a.md", &bench);
    let translation = Found {
        language: language("uk"),
        translation_of: Some(original.minted_id.clone()),
        ..file("uk.md", &bench)
    };
    let late = Found {
        language: language("en"),
        ..translation.clone()
    }
    .moved_to("en.md");
    bench.look([translation, original], &[]).await?;
    let expected: &[(&str, &[&str])] = &[("pl@example.org", &["a"]), ("uk@example.org", &["uk"])];
    assert_eq!(bench.mail("daily").await?, mails(expected));
    // A translation that follows is no news to who had the original.
    bench.wait(SignedDuration::from_hours(24));
    bench
        .look(
            [Found {
                body: "<p>English</p>".into(),
                ..late
            }],
            &[],
        )
        .await?;
    assert_eq!(bench.mail("daily").await?, []);
    Ok(())
}

pub(super) async fn a_window_is_opened_once(bench: Bench) -> Test {
    let first = bench
        .store
        .open_run(cadence("daily"), bench.now, None, bench.now)
        .await?;
    let again = bench
        .store
        .open_run(cadence("daily"), bench.now, None, bench.now)
        .await?;
    assert_eq!(first, again);
    let other = bench
        .store
        .open_run(cadence("weekly"), bench.now, None, bench.now)
        .await?;
    assert!(other.key > first.key);
    Ok(())
}

pub(super) async fn nothing_to_say_opens_and_closes_at_once(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    let run = bench.run("daily").await?;
    assert_eq!((run.counts.total(), run.closed), (0, Some(bench.now)));
    assert_eq!(bench.store.open_runs().await?, []);
    Ok(())
}

pub(super) async fn many_subscribers_are_planned_in_pages(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    for number in 0..100 {
        let any = ["prawo", "pomoc", "prawo raporty", "", "inne"][number % 5];
        bench
            .subscribe(&format!("s{number}@example.org"), "daily", any)
            .await?;
    }
    bench
        .look([file("a.md", &bench).tagged("prawo raporty")], &[])
        .await?;
    let mailed = bench.mail("daily").await?;
    let expected: Vec<String> = (0..100)
        .filter(|n| [0, 2, 3].contains(&(n % 5)))
        .map(|n| format!("s{n}@example.org"))
        .collect();
    assert_eq!(
        mailed.into_iter().map(|(to, _)| to).collect::<Vec<_>>(),
        expected
    );
    Ok(())
}

pub(super) async fn a_new_line_owes_nothing_old(mut bench: Bench) -> Test {
    let observe = |line: &str, now| bench.store.observe(cadence("daily"), line.to_owned(), now);
    let start = bench.now;
    assert_eq!(observe("0 8 * * *", start).await?.due, start);
    let later = start.checked_add(SignedDuration::from_hours(48))?;
    assert_eq!(observe("0 8 * * *", later).await?.due, start);
    assert_eq!(observe("0 9 * * *", later).await?.due, later);
    bench.wait(SignedDuration::from_hours(72));
    bench.store.let_go(cadence("daily"), bench.now).await?;
    assert_eq!(
        bench
            .store
            .mark(&cadence("daily"))
            .await?
            .map(|mark| mark.due),
        Some(bench.now)
    );
    Ok(())
}

pub(super) async fn what_is_ripe_was_applied_long_enough_ago(mut bench: Bench) -> Test {
    bench.scan([file("base.md", &bench)], &[]).await?;
    let head = Sequence(1);
    bench.look([file("a.md", &bench)], &[]).await?;
    let first = bench.now;
    bench.wait(SignedDuration::from_mins(1));
    bench.look([file("b.md", &bench)], &[]).await?;
    assert_eq!(bench.store.first_news(head).await?, Some(first));
    let before = first.checked_sub(SignedDuration::from_secs(1))?;
    assert_eq!(bench.store.ripe(before).await?, Sequence(0));
    assert_eq!(bench.store.ripe(first).await?, Sequence(2));
    assert_eq!(bench.store.ripe(bench.now).await?, Sequence(3));
    Ok(())
}

pub(super) async fn what_joins_a_group_brings_along_who_had_it(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    let original = file("a.md", &bench);
    let translation = Found {
        language: language("uk"),
        ..file("uk.md", &bench)
    };
    bench.look([translation.clone()], &[]).await?;
    assert_eq!(
        bench.mail("daily").await?,
        mails(&[("a@example.org", &["uk"])])
    );
    // Only afterwards does the translation say what it translates, and the original appears.
    let named = Found {
        translation_of: Some(original.minted_id.clone()),
        ..translation
    };
    bench.wait(SignedDuration::from_hours(24));
    bench.look([named], &[]).await?;
    bench.look([original], &[]).await?;
    assert_eq!(bench.mail("daily").await?, []);
    Ok(())
}

pub(super) async fn who_subscribed_before_the_schedule_was_seen_misses_nothing(
    mut bench: Bench,
) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    bench.look([file("a.md", &bench)], &[]).await?;
    bench.wait(SignedDuration::from_hours(1));
    let mark = bench
        .store
        .observe(cadence("daily"), "0 8 * * *".into(), bench.now)
        .await?;
    assert_eq!(mark.due, bench.now);
    assert_eq!(
        bench.mail("daily").await?,
        mails(&[("a@example.org", &["a"])])
    );
    Ok(())
}

pub(super) async fn a_window_of_immediate_is_known_by_its_number(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let open = |upper, now| {
        let cadence = Cadence::immediate();
        bench.store.open_run(cadence, now, Some(upper), now)
    };
    let (one, two) = (Sequence(1), Sequence(2));
    let first = open(one, bench.now).await?;
    // The clock may stand still between two windows, and move on within one.
    assert_ne!(open(two, bench.now).await?.key, first.key);
    let later = bench.now.checked_add(SignedDuration::from_secs(1))?;
    assert_eq!(open(one, later).await?, first);
    Ok(())
}
