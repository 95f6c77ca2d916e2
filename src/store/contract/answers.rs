//! What people may ask of who gets what: how many would, who did and why, and who did not.

use super::*;
use crate::domain::Standing;
use crate::store::answers::WhyNot;
use crate::store::prospects::ToCome;

const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn prospects(bench: &Bench, path: &str) -> Result<Vec<u64>, Box<dyn std::error::Error>> {
    let state = bench.publication(&id_of(path)).await?;
    let cadences = ["immediate", "daily", "weekly"].map(cadence);
    Ok(bench.store.prospects(&state, &cadences).await?)
}

async fn to_come(bench: &Bench, path: &str) -> Result<Option<ToCome>, Box<dyn std::error::Error>> {
    let state = bench.publication(&id_of(path)).await?;
    Ok(bench.store.to_come(&state).await?)
}

pub(super) async fn how_many_would_get_what_is_still_to_go_out(mut bench: Bench) -> Test {
    bench.guards.hold_over = 3;
    bench.scan([], &[]).await?;
    for (address, schedule, any) in [
        ("a@example.org", "daily", ""),
        ("b@example.org", "daily", "prawo pomoc"),
        ("c@example.org", "daily", "raporty"),
        ("d@example.org", "weekly", "prawo"),
        // Whoever would get it twice counts for the first.
        ("a@example.org", "weekly", "pomoc"),
        ("a@example.org", "daily", "prawo"),
    ] {
        bench.subscribe(address, schedule, any).await?;
    }
    let left = bench.subscribe("e@example.org", "weekly", "").await?;
    bench.store.unsubscribe(left.key, bench.now).await?;
    let later = Found {
        published: bench.now.checked_add(DAY).ok(),
        ..file("later.md", &bench).tagged("prawo")
    };
    let news = file("news.md", &bench).tagged("prawo pomoc");
    bench.look([later, news], &[]).await?;
    assert_eq!(prospects(&bench, "later.md").await?, [0, 2, 1]);
    assert_eq!(prospects(&bench, "news.md").await?, [0, 2, 1]);
    assert_eq!(to_come(&bench, "later.md").await?, Some(ToCome::Scheduled));
    assert_eq!(
        to_come(&bench, "news.md").await?,
        Some(ToCome::News(bench.now))
    );

    bench.mail("daily").await?;
    // Daily is past it; the reader of both schedules had it.
    assert_eq!(prospects(&bench, "news.md").await?, [0, 0, 1]);
    bench.subscribe("new@example.org", "weekly", "").await?;
    assert_eq!(
        prospects(&bench, "news.md").await?,
        [0, 0, 1],
        "it is older"
    );
    assert_eq!(prospects(&bench, "later.md").await?, [0, 2, 2]);
    bench.mail("weekly").await?;
    assert_eq!(to_come(&bench, "news.md").await?, None);

    // Too much at once: it waits for a person, and then it is news to whoever is there.
    let flood = (0..4).map(|number| file(&format!("{number}.md"), &bench));
    bench.look(flood, &[]).await?;
    assert_eq!(to_come(&bench, "0.md").await?, Some(ToCome::Held));
    bench.subscribe("last@example.org", "immediate", "").await?;
    assert_eq!(prospects(&bench, "0.md").await?, [1, 1, 1]);
    bench.look([], &["0.md"]).await?;
    assert_eq!(prospects(&bench, "later.md").await?, [1, 2, 2]);
    Ok(())
}

pub(super) async fn who_had_it_or_a_translation_is_not_counted(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    bench.subscribe("b@example.org", "weekly", "").await?;
    bench.subscribe("a@example.org", "weekly", "").await?;
    let original = file("a.md", &bench);
    bench.look([original.clone()], &[]).await?;
    bench.mail("daily").await?;
    bench.wait(DAY);
    let translation = Found {
        language: language("uk"),
        translation_of: Some(original.minted_id.clone()),
        ..file("uk.md", &bench)
    };
    bench.look([translation], &[]).await?;
    assert_eq!(prospects(&bench, "a.md").await?, [0, 0, 1]);
    assert_eq!(prospects(&bench, "uk.md").await?, [0, 0, 1]);
    // Corrected, it is news to everybody.
    bench
        .look([original.corrected("Nowy termin", &bench)], &[])
        .await?;
    assert_eq!(prospects(&bench, "a.md").await?, [0, 1, 1]);
    Ok(())
}

pub(super) async fn each_part_of_a_filter_is_honoured(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let filters = [
        Filter {
            any: tags("prawo pomoc"),
            ..Filter::default()
        },
        Filter {
            all: tags("prawo pomoc"),
            ..Filter::default()
        },
        Filter {
            none: tags("pomoc"),
            ..Filter::default()
        },
        Filter {
            languages: BTreeSet::from([language("uk")]),
            ..Filter::default()
        },
        Filter {
            any: tags("prawo"),
            all: tags("pomoc"),
            none: tags("raporty"),
            languages: BTreeSet::from([language("pl")]),
        },
    ];
    for (number, filter) in filters.into_iter().enumerate() {
        let asked = NewSubscription {
            filter,
            ..request(&format!("{number}@example.org"), "daily", "")
        };
        bench.store.subscribe(asked, bench.now).await?;
    }
    let ukrainian = Found {
        language: language("uk"),
        ..file("uk.md", &bench).tagged("pomoc prawo")
    };
    let pages = [
        file("law.md", &bench).tagged("prawo"),
        file("both.md", &bench).tagged("pomoc prawo"),
        file("three.md", &bench).tagged("pomoc prawo raporty"),
        file("none.md", &bench),
        ukrainian,
    ];
    bench.look(pages, &[]).await?;
    let cadences = [cadence("daily")];
    let mut counted = 0;
    for (path, expected) in [
        ("law.md", 2),
        ("both.md", 3),
        ("three.md", 2),
        ("none.md", 1),
        ("uk.md", 3),
    ] {
        let state = bench.publication(&id_of(path)).await?;
        let prospects = bench.store.prospects(&state, &cadences).await?;
        assert_eq!(prospects, [expected], "{path}");
        counted += expected as usize;
    }
    let mut mailed = bench.mail("daily").await?;
    for (_, titles) in &mut mailed {
        titles.sort();
    }
    let expected: [(&str, &[&str]); 5] = [
        ("0@example.org", &["both", "law", "three", "uk"]),
        ("1@example.org", &["both", "three", "uk"]),
        ("2@example.org", &["law", "none"]),
        ("3@example.org", &["uk"]),
        ("4@example.org", &["both"]),
    ];
    let told = mailed.iter().map(|(to, titles)| {
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        (to.as_str(), titles)
    });
    let expected = expected.map(|(to, titles)| (to, titles.to_vec()));
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert_eq!(
        mailed.iter().map(|(_, titles)| titles.len()).sum::<usize>(),
        counted
    );
    books::are_even(&bench).await
}

pub(super) async fn what_one_was_mailed_and_why_can_be_told(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "pomoc").await?;
    bench.subscribe("a@example.org", "daily", "prawo").await?;
    let page = file("a.md", &bench).tagged("prawo");
    bench.look([page.clone()], &[]).await?;
    bench.mail("daily").await?;
    bench.wait(DAY);
    let corrected = Found {
        title: "Poprawione".to_owned(),
        ..page.corrected("Nowy termin", &bench)
    };
    bench.look([corrected], &[]).await?;
    bench.run("daily").await?;
    let claims = bench.claim().await?;
    let refused = Outcome::Refused("550 5.1.1".to_owned());
    bench.settle(vec![(claims[0].key, refused)]).await?;

    let address = Address::parse("a@example.org")?;
    let subscriber = bench.store.subscriber(&address).await?.ok_or("nobody")?;
    let mailings = bench.store.mailings(&subscriber, 10).await?;
    let told = mailings.iter().map(|mailing| {
        let item = &mailing.items[0];
        let filter = item.because.clone().unwrap_or_default();
        let title = item.publication.title.as_str();
        (
            title,
            item.correction,
            filter.any,
            mailing.delivery.reply.as_deref(),
        )
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("Poprawione", true, tags("prawo"), Some("550 5.1.1")),
            ("a", false, tags("prawo"), None),
        ]
    );
    Ok(())
}

pub(super) async fn what_one_was_not_mailed_and_why_can_be_told(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("first@example.org", "daily", "").await?;
    bench.look([file("old.md", &bench)], &[]).await?;
    bench.wait(DAY);
    let subscriber = bench.subscribe("a@example.org", "daily", "prawo").await?;
    let original = file("a.md", &bench).tagged("prawo");
    let translation = Found {
        language: language("uk"),
        translation_of: Some(original.minted_id.clone()),
        ..file("uk.md", &bench).tagged("prawo")
    };
    let old = file("old.md", &bench).tagged("prawo");
    bench
        .look([original, translation, file("other.md", &bench)], &[])
        .await?;
    bench.mail("daily").await?;
    let gone = file("gone.md", &bench).tagged("prawo");
    bench
        .look([gone, file("next.md", &bench).tagged("prawo"), old], &[])
        .await?;
    bench.look([], &["gone.md"]).await?;

    let not_mailed = bench.store.not_mailed(&subscriber, 10).await?;
    let told: Vec<_> = not_mailed
        .iter()
        .map(|(state, why)| (state.path.as_str(), why))
        .collect();
    let waits = WhyNot::Waits {
        schedule: "daily".to_owned(),
    };
    let standing = Standing::Withdrawn;
    let run = bench.store.runs(1).await?[0].key.0;
    assert_eq!(
        told,
        [
            // It was retagged, which is news to who did not have it.
            ("old.md", &waits),
            ("next.md", &waits),
            ("gone.md", &WhyNot::Gone { standing }),
            ("other.md", &WhyNot::Filter),
            ("uk.md", &WhyNot::Translation { run }),
        ]
    );
    // Who comes later is told that it is older.
    let later = bench.subscribe("b@example.org", "daily", "").await?;
    let not_mailed = bench.store.not_mailed(&later, 1).await?;
    assert_eq!(not_mailed[0].1, WhyNot::Older);
    bench.store.unsubscribe(later.key, bench.now).await?;
    let left = bench.store.subscriber_by_key(later.key).await?;
    let not_mailed = bench.store.not_mailed(&left.ok_or("nobody")?, 1).await?;
    assert_eq!(not_mailed[0].1, WhyNot::Unsubscribed);
    Ok(())
}
