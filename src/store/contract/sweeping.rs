//! Letting go of bodies, cut off anywhere: only a store on disk has packs.

use super::*;
use crate::domain::PublicationKey;
use crate::domain::publication::Body;
use crate::store::bodies::Bodies;
use crate::store::{keys, load, save};

fn text(name: &str, edit: u32) -> String {
    format!("<p>{name} {edit} {}</p>", "Zażółć gęślą jaźń. ".repeat(20))
}

fn page(bench: &Bench, name: &str, edit: u32) -> Found {
    Found {
        body: text(name, edit).into(),
        ..file(&format!("{name}.md"), bench)
    }
}

/// A store in whose first pack nearly everything is of former revisions, and the bodies that are
/// still had.
async fn worn() -> Result<(Bench, Vec<Body>), Box<dyn std::error::Error>> {
    let bench = Bench::sled()?;
    let names = ["a", "b", "c"];
    for edit in 0..10 {
        bench
            .look(names.map(|name| page(&bench, name, edit)), &[])
            .await?;
    }
    bench.look([], &["c.md"]).await?;
    // The pack is full: what is new goes to the next one.
    let pack = bench.path().join("bodies/00000001.pack");
    let pack = std::fs::File::options().write(true).open(pack)?;
    pack.set_len(64 << 20)?;
    let bench = reopening::reopen(bench)?;
    bench.look([page(&bench, "d", 0)], &[]).await?;
    let had = names.map(|name| page(&bench, name, 9).body);
    let had = had.into_iter().chain([page(&bench, "d", 0).body]).collect();
    Ok((bench, had))
}

async fn all_are_there(bench: &Bench, had: &[Body]) -> Test {
    for body in had {
        assert_eq!(bench.store.body(body.hash()).await?, body.as_str());
    }
    Ok(())
}

fn packs(bench: &Bench) -> Result<Vec<String>, std::io::Error> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(bench.path().join("bodies"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

#[tokio::test]
async fn bodies_that_nothing_has_go_and_so_does_their_room() -> Test {
    let (mut bench, had) = worn().await?;
    bench.wait(SignedDuration::from_hours(24 * 100));
    retention::tidy(&bench, retention::KEEP).await?;
    assert_eq!(packs(&bench)?, ["00000002.pack"]);
    all_are_there(&bench, &had).await?;
    let bench = reopening::reopen(bench)?;
    all_are_there(&bench, &had).await?;
    assert_eq!(bench.store.sweep().await?, 0);
    Ok(())
}

/// The process dies after each of the steps by which a body is moved.
#[tokio::test]
async fn a_sweep_that_is_cut_off_loses_no_body_that_a_row_names() -> Test {
    for steps in 0..4 {
        let (mut bench, had) = worn().await?;
        bench.wait(SignedDuration::from_hours(24 * 100));
        let places: Vec<_> = had
            .iter()
            .map(|body| {
                Ok((
                    body.hash(),
                    load(bench.store.reader(), &keys::body(body.hash()))?,
                ))
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let places = places.into_iter();
        let places: Vec<_> = places
            .filter_map(|(hash, place)| Some((hash, place?)))
            .collect();
        let Bodies::Disk { packs, .. } = &bench.store.inner.bodies else {
            return Err("not on disk".into());
        };
        if steps > 0 {
            // Copied, and some of the copies are named.
            let moved = packs.copy(&places)?;
            let named = if steps > 1 { moved.len() } else { 0 };
            let named = if steps == 2 { named / 2 } else { named };
            bench
                .store
                .write(move |transaction| {
                    for (hash, _, to) in moved.into_iter().take(named) {
                        save(transaction, keys::body(hash), &to)?;
                    }
                    Ok(())
                })
                .await?;
        }
        let bench = reopening::reopen(bench)?;
        all_are_there(&bench, &had).await?;
        retention::tidy(&bench, retention::KEEP).await?;
        let bench = reopening::reopen(bench)?;
        all_are_there(&bench, &had).await?;
        assert_eq!(self::packs(&bench)?, ["00000002.pack"], "{steps}");
    }
    Ok(())
}

/// A body that came back while it was let go of is there.
#[tokio::test]
async fn what_changes_meanwhile_is_left_for_the_next_sweep() -> Test {
    let (mut bench, had) = worn().await?;
    bench.wait(SignedDuration::from_hours(24 * 100));
    while bench.store.shrink(retention::KEEP, bench.now).await? {}
    let first = PublicationKey(0);
    bench.store.prune(first, retention::KEEP, bench.now).await?;
    let old = text("a", 3);
    let back = Found {
        body: old.as_str().into(),
        ..file("e.md", &bench)
    };
    let (swept, applied) = tokio::join!(bench.store.sweep(), bench.look([back], &[]));
    swept?;
    applied?;
    let body = bench.publication(&id_of("e.md")).await?.publication.body;
    assert_eq!(bench.store.body(body).await?, old);
    bench.store.sweep().await?;
    assert_eq!(bench.store.body(body).await?, old);
    all_are_there(&bench, &had).await
}
