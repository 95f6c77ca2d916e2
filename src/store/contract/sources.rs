//! Sources that are called otherwise, or are gone.

use super::*;
use crate::domain::ChangeKind::{Released, Restored, Withdrawn};
use crate::domain::names::{Kind, Names, Orphan};
use crate::domain::{Hold, HoldKind, UpstreamState};
use crate::store::{HoldEvent, Refusal};

/// `present=former,former`
fn names(sources: &str) -> Names {
    let called = sources.split_whitespace().flat_map(|one| {
        let (name, aliases) = one.split_once('=').unwrap_or((one, ""));
        let called = [name].into_iter().chain(aliases.split(','));
        let called = called.filter(|alias| !alias.is_empty());
        called.map(move |alias| (alias.to_owned(), name.to_owned()))
    });
    Names {
        sources: called.collect(),
        ..Names::default()
    }
}

fn path(number: usize) -> String {
    format!("{number:03}.md")
}

fn files(bench: &Bench, number: usize) -> Vec<Found> {
    (0..number)
        .map(|number| file(&path(number), bench))
        .collect()
}

/// A source that mints other ids.
fn of(source: &str, found: Found) -> Found {
    let minted = found.minted_id.0.replace(":pages/", &format!(":{source}/"));
    Found {
        minted_id: PublicationId(minted),
        ..found
    }
}

impl Bench {
    async fn call(&self, sources: &str) -> Result<Vec<HoldEvent>, StoreError> {
        self.store.adopt_sources(&names(sources), self.now).await
    }

    async fn batch_of(
        &self,
        source: &str,
        found: impl IntoIterator<Item = Found>,
        missing: &[&str],
        pass: Pass,
    ) -> Result<Applied, StoreError> {
        let batch = Batch {
            source: source.to_owned(),
            found: found.into_iter().collect(),
            missing: missing.iter().map(|path| (*path).to_owned()).collect(),
            pass,
        };
        self.store.apply(batch, self.now, self.guards).await
    }

    async fn scan_of(
        &self,
        source: &str,
        found: impl IntoIterator<Item = Found>,
    ) -> Result<Applied, StoreError> {
        self.batch_of(source, found, &[], Pass::EndOfScan).await
    }
}

fn opened(events: &[HoldEvent]) -> Result<Hold, String> {
    match events {
        [HoldEvent::Opened(hold)] => Ok(hold.clone()),
        other => Err(format!("not one hold that waits: {other:?}")),
    }
}

pub(super) async fn what_a_source_published_follows_it_to_its_new_name(bench: Bench) -> Test {
    const MANY: usize = 300;
    bench.scan(files(&bench, MANY), &[]).await?;
    bench.look([], &["007.md"]).await?;
    let known = UpstreamState::new("https://news.example/feed");
    bench.store.keep_upstream("pages", known.clone()).await?;
    let sequence = bench.publication(&id_of("008.md")).await?.sequence;
    for _ in 0..2 {
        assert_eq!(bench.call("strony=pages").await?, []);
    }
    assert_eq!(bench.store.paths("pages").await?.len(), 0);
    assert_eq!(bench.store.paths("strony").await?.len(), MANY - 1);
    assert_eq!(bench.store.upstream("strony").await?, Some(known));
    assert_eq!(bench.store.gone_sources(&names("strony")).await?, []);
    let same = bench.publication(&id_of("008.md")).await?;
    assert_eq!((same.source.as_str(), same.sequence), ("strony", sequence));
    // A scan under the new name finds what the last one found; what went comes back as what it was.
    let mut again: Vec<Found> = files(&bench, MANY);
    again[7] = again[7].clone().moved_to("back.md");
    let again = again.into_iter().map(|found| of("strony", found));
    let (first, rest): (Vec<Found>, Vec<Found>) = again.partition(|found| found.path < path(100));
    let applied = bench.batch_of("strony", first, &[], Pass::More).await?;
    assert_eq!(applied, Applied::default());
    let applied = bench.scan_of("strony", rest).await?;
    assert_eq!(kinds(&applied), [(Restored, false)]);
    assert_eq!(bench.publication(&id_of("007.md")).await?.path, "back.md");
    // Its first scan was long ago.
    let new = bench.scan_of("strony", [file("new.md", &bench)]).await?;
    assert_eq!(kinds(&new), [(Released, true)]);
    Ok(())
}

pub(super) async fn what_is_left_of_a_source_that_is_gone_waits_for_a_person(bench: Bench) -> Test {
    for (decision, live) in [(Decision::Approve, 0), (Decision::Skip, 300)] {
        bench.scan(files(&bench, 300), &[]).await?;
        bench
            .scan_of("more", [of("more", file("more.md", &bench))])
            .await?;
        let orphan = Orphan {
            kind: Kind::Source,
            name: "pages".to_owned(),
            concerned: 300,
        };
        assert_eq!(bench.store.gone_sources(&names("more")).await?, [orphan]);
        let hold = opened(&bench.call("more").await?)?;
        let source = "pages".to_owned();
        assert_eq!(hold.kind, HoldKind::Gone { source });
        assert_eq!(hold.publications, 300);
        // It is told at each start, and is one hold.
        assert_eq!(opened(&bench.call("more").await?)?.key, hold.key);
        assert_eq!(bench.store.totals().await?.live, 301);
        bench.store.decide(hold.key, decision).await?;
        assert_eq!(bench.call("more").await?, [], "it is being carried out");
        let changes = bench.carry_out(hold.key).await?;
        assert!(changes.iter().all(|change| change.kind == Withdrawn));
        assert_eq!(bench.store.totals().await?.live, live + 1);
        assert_eq!(bench.store.gone_sources(&names("more")).await?, []);
        assert_eq!(bench.call("more").await?, []);
        assert_eq!(bench.store.holds().await?, []);
        // Whether restored or known, nothing of a source that comes back is news.
        let back = bench.scan(files(&bench, 300), &[]).await?;
        assert!(back.changes.iter().all(|change| change.kind == Restored));
    }
    Ok(())
}

pub(super) async fn a_source_that_is_there_again_ends_its_hold(bench: Bench) -> Test {
    bench.scan(files(&bench, 20), &[]).await?;
    let hold = opened(&bench.call("more").await?)?.key;
    let ended = bench.call("more pages").await?;
    assert!(matches!(&ended[..], [HoldEvent::Dissolved(gone)] if gone.key == hold));
    assert_eq!(
        bench.scan(files(&bench, 20), &[]).await?,
        Applied::default()
    );
    opened(&bench.call("more").await?)?;
    // The alias that was forgotten.
    let ended = bench.call("more strony=pages").await?;
    assert!(matches!(&ended[..], [HoldEvent::Dissolved(_)]));
    assert_eq!(bench.store.paths("strony").await?.len(), 20);
    assert_eq!(bench.store.holds().await?, []);
    Ok(())
}

pub(super) async fn files_found_under_another_name_are_what_the_gone_source_left(
    bench: Bench,
) -> Test {
    let claiming = Found {
        declared_id: Some(PublicationId("urn:wici:1".to_owned())),
        ..file("id.md", &bench)
    };
    // Two that read alike are told apart by their paths.
    let twin = Found {
        body: "<p>000.md</p>".into(),
        ..file("twin.md", &bench)
    };
    let mut all = files(&bench, 20);
    all.extend([claiming.clone(), twin]);
    bench.scan(all.clone(), &[]).await?;
    // Nobody said that `strony` is what was `pages`.
    opened(&bench.call("strony").await?)?;
    let last = all.len() - 2;
    all[last] = Found {
        body: "<p>Po zmianie</p>".into(),
        ..claiming.moved_to("elsewhere.md")
    };
    let rest = all
        .split_off(12)
        .into_iter()
        .map(|found| of("strony", found));
    let all = all.into_iter().map(|found| of("strony", found));
    assert_eq!(
        bench.batch_of("strony", all, &[], Pass::More).await?,
        Applied::default()
    );
    assert_eq!(bench.store.holds().await?[0].publications, 10);
    let applied = bench.scan_of("strony", rest).await?;
    assert!(matches!(&applied.holds[..], [HoldEvent::Dissolved(_)]));
    assert_eq!(kinds(&applied), [(ChangeKind::MinorEdit, false)]);
    assert_eq!(bench.publication("urn:wici:1").await?.path, "elsewhere.md");
    assert_eq!(bench.publication(&id_of("twin.md")).await?.source, "strony");
    assert_eq!(bench.store.gone_sources(&names("strony")).await?, []);
    assert_eq!(bench.store.totals().await?.live, 22);
    Ok(())
}

pub(super) async fn what_the_new_name_has_at_the_same_place_stays_and_the_rest_waits(
    bench: Bench,
) -> Test {
    bench.scan(files(&bench, 3), &[]).await?;
    let other = Found {
        body: "<p>inna</p>".into(),
        ..of("strony", file("001.md", &bench))
    };
    bench.scan_of("strony", [other]).await?;
    let hold = opened(&bench.call("strony=pages").await?)?;
    assert_eq!(hold.publications, 1);
    assert_eq!(bench.store.paths("strony").await?.len(), 3);
    bench.store.decide(hold.key, Decision::Approve).await?;
    bench.carry_out(hold.key).await?;
    let gone = bench.publication(&id_of("001.md")).await?;
    assert_eq!(gone.standing, crate::domain::Standing::Withdrawn);
    assert_eq!(bench.call("strony=pages").await?, []);
    Ok(())
}

pub(super) async fn an_id_moves_on_to_another_source_once_its_file_is_gone(bench: Bench) -> Test {
    let claiming = Found {
        declared_id: Some(PublicationId("urn:wici:1".to_owned())),
        ..file("a.md", &bench)
    };
    let elsewhere = claiming.clone().moved_to("b.md");
    bench.scan([claiming], &[]).await?;
    let refused = bench.scan_of("more", [elsewhere.clone()]).await?.refused;
    let why = Refusal::IdTaken {
        id: PublicationId("urn:wici:1".to_owned()),
        source: "pages".to_owned(),
        path: "a.md".to_owned(),
    };
    assert_eq!(
        refused.iter().map(|one| &one.why).collect::<Vec<_>>(),
        [&why]
    );
    // Missed, though nobody believes it yet; then found.
    bench.store.suspect("pages", bench.now).await?;
    let applied = bench.scan_of("more", [elsewhere]).await?;
    assert_eq!((applied.changes, applied.refused), (vec![], vec![]));
    assert!(matches!(&applied.holds[..], [HoldEvent::Dissolved(_)]));
    let moved = bench.publication("urn:wici:1").await?;
    assert_eq!(
        (moved.source.as_str(), moved.path.as_str()),
        ("more", "b.md")
    );
    Ok(())
}

/// As a copy does whose source can't be seen for a while.
pub(super) async fn what_another_source_misses_is_taken_by_its_id_alone(bench: Bench) -> Test {
    bench.scan(files(&bench, 1), &[]).await?;
    bench.store.suspect("pages", bench.now).await?;
    let copy = of("more", file("000.md", &bench));
    let applied = bench.scan_of("more", [copy]).await?;
    assert_eq!(kinds(&applied), [(Released, false)]);
    let back = bench.scan(files(&bench, 1), &[]).await?;
    assert_eq!(back.changes, []);
    Ok(())
}
