//! Groups of translations form and dissolve as files come, go, and say something else.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::domain::translation::MOST;
use crate::domain::{FeedKey, Tie};

const FILES: usize = 6;
const LANGUAGES: [&str; 3] = ["pl", "uk", "en"];

/// What a file says.
#[derive(Debug, Clone, PartialEq)]
struct Said {
    language: usize,
    tie: Option<Tie>,
    is_present: bool,
}

/// What becomes of a file: something else is said in it, or it goes.
type Step = (usize, Option<(usize, Option<Tie>)>);

/// Ties among the files of a case; one of the originals is nowhere.
fn tie() -> impl Strategy<Value = Option<Tie>> {
    prop_oneof![
        2 => Just(None),
        4 => (0..2u8).prop_map(|name| Some(Tie::Name(format!("{name}")))),
        2 => Just(Some(Tie::Key("key".into()))),
        3 => (0..=FILES).prop_map(|to| Some(Tie::Original(PublicationId(format!("{to}"))))),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let said = (0..LANGUAGES.len(), tie());
    vec((0..FILES, prop::option::weighted(0.75, said)), 1..25)
}

/// The path of a file of a case.
fn path(case: usize, file: usize) -> String {
    format!("{case}/{file}.md")
}

fn found(case: usize, number: usize, said: &Said, bench: &Bench) -> Found {
    let within = |text: &str| format!("{case}/{text}");
    let original = |id: &PublicationId| PublicationId(id_of(&format!("{case}/{}.md", id.0)));
    let tie = match &said.tie {
        Some(Tie::Name(name)) => Some(Tie::Name(within(name))),
        Some(Tie::Key(key)) => Some(Tie::Key(within(key))),
        _ => None,
    };
    let translation_of = match &said.tie {
        Some(Tie::Original(id)) => Some(original(id)),
        _ => None,
    };
    Found {
        language: language(LANGUAGES[said.language]),
        tie,
        translation_of,
        ..file(&path(case, number), bench)
    }
}

/// Which files are in one group, by another way of looking: whoever shares a tie is given one number
/// until nothing changes any more.
fn groups(files: &BTreeMap<usize, Said>) -> BTreeMap<usize, usize> {
    let mut groups: BTreeMap<usize, usize> = files.keys().map(|file| (*file, *file)).collect();
    let binds = |file: usize, tie: &Tie| {
        let said = &files[&file];
        if !matches!(tie, Tie::Name(_)) {
            return true;
        }
        let sharers = || files.values().filter(|s| s.is_present && s.tie == said.tie);
        let alike = |language| sharers().filter(|s| s.language == language).count();
        match said.is_present {
            false if alike(said.language) > 0 => false,
            _ => (0..LANGUAGES.len()).all(|language| alike(language) <= 1),
        }
    };
    for _ in 0..FILES * FILES {
        for (file, said) in files {
            let Some(tie) = &said.tie else { continue };
            for (other, their) in files {
                let is_original = *tie == Tie::Original(PublicationId(other.to_string()));
                let is_shared = their.tie.as_ref() == Some(tie);
                if is_original || (is_shared && binds(*file, tie) && binds(*other, tie)) {
                    let least = groups[file].min(groups[other]);
                    groups.insert(*file, least);
                    groups.insert(*other, least);
                }
            }
        }
    }
    groups
}

pub(super) async fn who_is_tied_to_whom_depends_on_what_is_there_alone(bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let mut runner = TestRunner::deterministic();
    for case in 0..150 {
        let steps = steps().new_tree(&mut runner);
        let steps = steps.map_err(|why| why.to_string())?.current();
        let mut files: BTreeMap<usize, Said> = BTreeMap::new();
        for (number, said) in &steps {
            match said {
                Some((language, tie)) => {
                    let said = Said {
                        language: *language,
                        tie: tie.clone(),
                        is_present: true,
                    };
                    bench
                        .look([found(case, *number, &said, &bench)], &[])
                        .await?;
                    files.insert(*number, said);
                }
                None => {
                    bench.look([], &[&path(case, *number)]).await?;
                    if let Some(said) = files.get_mut(number) {
                        said.is_present = false;
                    }
                }
            }
        }
        let groups = groups(&files);
        let mut states = BTreeMap::new();
        for number in files.keys() {
            let state = bench.publication(&id_of(&path(case, *number))).await?;
            states.insert(*number, state);
        }
        for (one, state) in &states {
            let told = format!("file {one} of {files:?} after {steps:?}");
            for (other, theirs) in &states {
                let is_together = state.group() == theirs.group();
                assert_eq!(is_together, groups[one] == groups[other], "{other}, {told}");
            }
            let mut others: BTreeMap<usize, usize> = BTreeMap::new();
            for (other, said) in &files {
                let is_other = said.language != files[one].language && said.is_present;
                if is_other && groups[one] == groups[other] {
                    // Of several in a language the last, by id.
                    others.insert(said.language, *other);
                }
            }
            let mut expected: Vec<String> = others
                .values()
                .map(|other| id_of(&path(case, *other)))
                .collect();
            expected.sort();
            let shown = bench.store.translations(state.key).await?;
            let mut shown: Vec<String> = shown.into_iter().map(|other| other.id.0).collect();
            shown.sort();
            assert_eq!(shown, expected, "{told}");
        }
    }
    Ok(())
}

/// The file as read by a program that knows what its name says.
fn tied(page: Found, name: &str) -> Found {
    Found {
        tie: Some(Tie::Name(name.into())),
        ..page
    }
}

fn ukrainian(path: &str, bench: &Bench) -> Found {
    Found {
        language: language("uk"),
        ..file(path, bench)
    }
}

pub(super) async fn what_is_tied_later_is_no_change_of_substance(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    let files = [file("a.md", &bench), ukrainian("a.uk.md", &bench)];
    bench.look(files.clone(), &[]).await?;
    let before = bench.publication(&id_of("a.md")).await?;
    let feed = bench
        .store
        .feed(&FeedKey::ALL, 10)
        .await?
        .ok_or("no feed")?;
    bench.wait(SignedDuration::from_hours(1));
    let again = files.map(|page| tied(page, "a"));
    let applied = bench.look(again.clone(), &[]).await?;
    let [change] = applied.changes.as_slice() else {
        return Err(format!("one change: {:?}", applied.changes).into());
    };
    assert_eq!((change.kind, change.news), (ChangeKind::Regrouped, false));
    let feeds: Vec<String> = change.feeds.iter().map(FeedKey::stem).collect();
    assert_eq!(feeds, ["all", "pl/all", "uk/all"]);
    let after = bench.publication(&id_of("a.md")).await?;
    assert_eq!(
        (after.revision, after.sequence, after.news),
        (before.revision, before.sequence, before.news)
    );
    let since = bench.store.translated(&after).await?;
    assert_eq!(since, change.sequence);
    assert_eq!(bench.store.translations_of(&after).await?.len(), 1);
    let renewed = bench
        .store
        .feed(&FeedKey::ALL, 10)
        .await?
        .ok_or("no feed")?;
    assert_eq!(renewed.sequence, change.sequence);
    assert_eq!(renewed.updated, feed.updated);
    // Read once more, nothing has changed; what leaves is told by its own change.
    assert_eq!(bench.look(again, &[]).await?.changes, []);
    let gone = bench.look([], &["a.uk.md"]).await?;
    assert_eq!(gone.changes.len(), 1);
    assert_eq!(gone.changes[0].feeds.len(), 3);
    assert_eq!(bench.store.translations(after.key).await?, []);
    Ok(())
}

pub(super) async fn what_was_mailed_apart_is_not_mailed_again_together(mut bench: Bench) -> Test {
    bench.scan([], &[]).await?;
    bench.subscribe("a@example.org", "daily", "").await?;
    let files = [file("a.md", &bench), ukrainian("a.uk.md", &bench)];
    bench.look([files[0].clone()], &[]).await?;
    let first = bench.run("daily").await?;
    bench.wait(SignedDuration::from_hours(1));
    bench.look([files[1].clone()], &[]).await?;
    let second = bench.run("daily").await?;
    assert_eq!((first.counts.pending, second.counts.pending), (1, 1));
    bench.wait(SignedDuration::from_hours(1));
    bench
        .look(files.clone().map(|page| tied(page, "a")), &[])
        .await?;
    // One that comes now is a translation of what they had.
    let english = Found {
        language: language("en"),
        ..tied(file("a.en.md", &bench), "a")
    };
    bench.look([english], &[]).await?;
    let third = bench.run("daily").await?;
    assert_eq!(third.counts.pending, 0);
    // And apart again, nothing that they had is news.
    bench.wait(SignedDuration::from_hours(1));
    bench.look(files, &[]).await?;
    let fourth = bench.run("daily").await?;
    assert_eq!(fourth.counts.pending, 0);
    for run in [first, second, third, fourth] {
        let run = bench.store.run(run.key).await?.ok_or("no run")?;
        let books = bench.store.books(&run).await?.ok_or("no books")?;
        assert!(books.are_even(), "{run:?}: {books:?}");
    }
    Ok(())
}

pub(super) async fn a_name_that_was_not_known_yet_ties_once_it_is(bench: Bench) -> Test {
    bench.scan([file("a.md", &bench)], &[]).await?;
    let translation = Found {
        translation_of: Some(PublicationId("urn:wici:1".into())),
        ..ukrainian("b.md", &bench)
    };
    bench.look([translation], &[]).await?;
    let original = bench.publication(&id_of("a.md")).await?;
    assert_eq!(bench.store.translations(original.key).await?, []);
    // The same text at the same place: a further name of what is there.
    let named = Found {
        declared_id: Some(PublicationId("urn:wici:1".into())),
        ..file("a.md", &bench)
    };
    let applied = bench.look([named], &[]).await?;
    let kinds: Vec<ChangeKind> = applied.changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Regrouped]);
    let shown = bench.store.translations(original.key).await?;
    assert_eq!(shown.len(), 1);
    // Each points to the other.
    let translation = bench.publication(&id_of("b.md")).await?;
    let shown = bench.store.translations(translation.key).await?;
    assert_eq!(shown[0].id, original.publication.id);
    Ok(())
}

pub(super) async fn what_would_tie_too_many_ties_none(bench: Bench) -> Test {
    let page = |number: usize| Found {
        language: language(LANGUAGES[number % 3]),
        tie: Some(Tie::Key("all".into())),
        ..file(&format!("{number}.md"), &bench)
    };
    let sizes = async || {
        let mut sizes = Vec::new();
        for number in [0, MOST - 1] {
            let state = bench.publication(&id_of(&format!("{number}.md"))).await?;
            sizes.push(bench.store.translations(state.key).await?.len());
        }
        Ok::<_, Box<dyn std::error::Error>>(sizes)
    };
    bench.scan((0..MOST).map(page), &[]).await?;
    assert_eq!(sizes().await?, [2, 2]);
    bench.look([page(MOST)], &[]).await?;
    assert_eq!(sizes().await?, [0, 0]);
    bench.look([page(MOST + 1)], &[]).await?;
    let untied = |number| Found {
        tie: None,
        ..page(number)
    };
    bench.look([untied(MOST)], &[]).await?;
    assert_eq!(sizes().await?, [0, 0]);
    bench.look([untied(MOST + 1)], &[]).await?;
    assert_eq!(sizes().await?, [2, 2]);
    Ok(())
}

pub(super) async fn only_what_is_surely_wrong_is_told(bench: Bench) -> Test {
    let key = |path: &str| Found {
        tie: Some(Tie::Key("k".into())),
        ..file(path, &bench)
    };
    let original = Found {
        translation_of: Some(PublicationId(id_of("d.md"))),
        ..file("e.md", &bench)
    };
    let elsewhere = tied(file("pl/c.md", &bench), "c");
    let at_the_same = Found {
        link: "https://portal.example/f.md".into(),
        ..tied(file("f.pl.md", &bench), "f")
    };
    let pages = [
        key("a.md"),
        key("b.md"),
        tied(file("c.md", &bench), "c"),
        elsewhere,
        file("d.md", &bench),
        original,
        tied(file("f.md", &bench), "f"),
        at_the_same,
        Found {
            language: language("uk"),
            ..key("g.md")
        },
    ];
    bench.scan(pages, &[]).await?;
    let mistaken = bench.store.mistaken().await?;
    let mut told: Vec<_> = mistaken
        .iter()
        .map(|one| (one.state.path.as_str(), one.other.path.as_str()))
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [("b.md", "a.md"), ("e.md", "d.md"), ("f.pl.md", "f.md")]
    );
    bench.look([], &["a.md", "d.md", "f.md"]).await?;
    assert_eq!(bench.store.mistaken().await?, []);
    Ok(())
}
