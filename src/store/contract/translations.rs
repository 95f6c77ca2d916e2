use super::*;
use crate::domain::{FeedKey, Sequence};
use crate::store::engine::{Go, Order, Read as _, Transaction};
use crate::store::keys;
use crate::store::ties::fill;

/// A translation of a file.
fn translated(from: &str, into: &str, bench: &Bench) -> Found {
    Found {
        language: language(into),
        translation_of: Some(PublicationId(id_of(from))),
        ..file(&format!("{into}-{from}"), bench)
    }
}

/// What a publication shows of its translations, and since which change.
async fn shown(
    bench: &Bench,
    path: &str,
) -> Result<(Vec<String>, Sequence), Box<dyn std::error::Error>> {
    let state = bench.publication(&id_of(path)).await?;
    let since = bench.store.translated(&state).await?;
    let others = bench.store.translations(state.key).await?;
    assert_eq!(others, bench.store.translations_of(&state).await?);
    let words = others.iter().map(|o| format!("{} {}", o.language, o.title));
    Ok((words.collect(), since))
}

fn stems(change: &Change) -> Vec<String> {
    change.feeds.iter().map(FeedKey::stem).collect()
}

pub(super) async fn translations_show_each_other_as_they_stand(mut bench: Bench) -> Test {
    let original = file("a.md", &bench).tagged("prawo");
    let ukrainian = translated("a.md", "uk", &bench);
    // Whichever comes first.
    bench.scan([ukrainian.clone()], &[]).await?;
    assert_eq!(shown(&bench, "uk-a.md").await?.0, [""; 0]);
    bench.look([original.clone()], &[]).await?;
    bench.look([translated("a.md", "en", &bench)], &[]).await?;
    assert_eq!(shown(&bench, "a.md").await?.0, ["en en-a", "uk uk-a"]);
    assert_eq!(shown(&bench, "uk-a.md").await?.0, ["en en-a", "pl a"]);
    bench.wait(SignedDuration::from_hours(1));
    let before = bench
        .store
        .feed(&FeedKey::ALL, 10)
        .await?
        .ok_or("no feed")?;
    let gone = bench.look([], &["uk-a.md"]).await?;
    let expected = [
        "all",
        "tag/prawo",
        "en/all",
        "pl/all",
        "pl/tag/prawo",
        "uk/all",
    ];
    let told: BTreeSet<String> = stems(&gone.changes[0]).into_iter().collect();
    assert_eq!(told, expected.map(str::to_owned).into());
    assert_eq!(
        shown(&bench, "a.md").await?,
        (vec!["en en-a".into()], Sequence(4))
    );
    let tagged = FeedKey {
        language: None,
        tag: TagId::new("prawo").ok(),
    };
    let after = bench.store.feed(&tagged, 10).await?.ok_or("no feed")?;
    assert_eq!(after.sequence, Sequence(4));
    assert_eq!(
        after.updated, before.updated,
        "nothing of substance changed in it"
    );
    bench.look([ukrainian], &[]).await?;
    assert_eq!(shown(&bench, "a.md").await?.0, ["en en-a", "uk uk-a"]);
    Ok(())
}

pub(super) async fn what_a_translation_shows_is_all_that_its_others_are_told_of(
    bench: Bench,
) -> Test {
    let original = file("a.md", &bench);
    let ukrainian = translated("a.md", "uk", &bench);
    bench.scan([original, ukrainian.clone()], &[]).await?;
    let (_, since) = shown(&bench, "a.md").await?;
    let shortened = Found {
        summary: "Коротко".into(),
        ..ukrainian
    };
    let edit = bench.look([shortened.clone()], &[]).await?;
    assert_eq!(stems(&edit.changes[0]), ["all", "uk/all"]);
    assert_eq!(shown(&bench, "a.md").await?.1, since);
    let retitled = Found {
        title: "Нова назва".into(),
        ..shortened
    };
    let edit = bench.look([retitled], &[]).await?;
    assert_eq!(stems(&edit.changes[0]), ["all", "pl/all", "uk/all"]);
    assert_eq!(
        shown(&bench, "a.md").await?,
        (vec!["uk Нова назва".into()], Sequence(4))
    );
    // What is in nobody's group tells nobody anything.
    let alone = bench.look([file("b.md", &bench)], &[]).await?;
    assert_eq!(stems(&alone.changes[0]), ["all", "pl/all"]);
    assert_eq!(shown(&bench, "b.md").await?, (Vec::new(), Sequence(0)));
    Ok(())
}

pub(super) async fn of_two_translations_in_one_language_the_latest_is_shown(
    mut bench: Bench,
) -> Test {
    let original = file("a.md", &bench);
    let first = translated("a.md", "uk", &bench);
    bench.wait(SignedDuration::from_hours(1));
    let second = Found {
        title: "друга".into(),
        published: Some(bench.now),
        body: "<p>2</p>".into(),
        ..first.clone().moved_to("second.md")
    };
    bench.scan([original, second, first], &[]).await?;
    assert_eq!(shown(&bench, "a.md").await?.0, ["uk друга"]);
    assert_eq!(shown(&bench, "second.md").await?.0, ["pl a"]);
    bench.look([], &["second.md"]).await?;
    assert_eq!(shown(&bench, "a.md").await?.0, ["uk uk-a"]);
    Ok(())
}

pub(super) async fn who_translates_something_else_now_is_shown_there(bench: Bench) -> Test {
    let ukrainian = translated("a.md", "uk", &bench);
    let first = [
        file("a.md", &bench),
        file("b.md", &bench),
        ukrainian.clone(),
    ];
    bench.scan(first, &[]).await?;
    let moved = Found {
        translation_of: Some(PublicationId(id_of("b.md"))),
        ..ukrainian
    };
    let edit = bench.look([moved], &[]).await?;
    assert_eq!(stems(&edit.changes[0]), ["all", "pl/all", "uk/all"]);
    assert_eq!(shown(&bench, "a.md").await?, (Vec::new(), Sequence(4)));
    assert_eq!(
        shown(&bench, "b.md").await?,
        (vec!["uk uk-a".into()], Sequence(4))
    );
    assert_eq!(shown(&bench, "uk-a.md").await?.0, ["pl b"]);
    Ok(())
}

/// A store that was written before there was table `v`.
#[tokio::test]
async fn an_old_store_learns_who_translates_whom() -> Test {
    let bench = Bench::sled()?;
    let pages = [
        file("a.md", &bench),
        translated("a.md", "uk", &bench),
        file("b.md", &bench),
    ];
    bench.scan(pages, &[]).await?;
    let engine = &*bench.store.inner.engine;
    // In a store in which there are ties, there is table `v`.
    fill(engine)?;
    let mut rows = Vec::new();
    engine.scan(
        keys::grouped().prefix().range(),
        Order::Ascending,
        &mut |key, _| {
            rows.push(key.to_vec());
            Ok(Go::On)
        },
    )?;
    assert_eq!(
        rows.len(),
        4,
        "the two, the tie, and that there is the table"
    );
    let mut transaction = Transaction::over(engine);
    for row in rows {
        transaction.remove(row);
    }
    transaction.commit()?;
    assert_eq!(shown(&bench, "a.md").await?.0, [""; 0]);
    fill(engine)?;
    assert_eq!(shown(&bench, "a.md").await?.0, ["uk uk-a"]);
    assert_eq!(shown(&bench, "uk-a.md").await?.0, ["pl a"]);
    assert_eq!(shown(&bench, "b.md").await?.0, [""; 0]);
    Ok(())
}
