//! The whole state as one stream, and a store made from it.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::store::engine::{Engine, Go, Order, Read, Rows};
use crate::store::{Dumped, Restoring, keys};
use crate::token::Keys;

/// Every row but those that say where an engine's bodies lie.
fn rows(engine: &Engine) -> Result<Rows, StoreError> {
    let mut rows = Rows::new();
    engine.scan(&[]..&[u8::MAX], Order::Ascending, &mut |key, value| {
        if !keys::is_place(key) {
            rows.push((key.to_vec(), value.to_vec()));
        }
        Ok(Go::On)
    })?;
    Ok(rows)
}

async fn dumped(store: &Store, now: Timestamp) -> Result<Vec<u8>, StoreError> {
    let mut dump = store.dump(keys_text(), now).await?;
    let mut bytes = Vec::new();
    while let Some(more) = dump.next().await? {
        bytes.extend(more);
    }
    Ok(bytes)
}

fn keys_text() -> String {
    Keys::generate([5; 32]).encode()
}

fn restore(state: &Path, dump: &[u8]) -> Result<Dumped, StoreError> {
    let mut restoring = Restoring::begin(state, dump)?;
    while restoring.step()? {}
    restoring.finish()
}

fn open(state: &Path) -> Result<Store, StoreError> {
    loop {
        match Store::open(state, Open::Existing, [0; 16]) {
            // sled's threads let go late.
            Err(StoreError::Locked(_)) => std::thread::yield_now(),
            opened => return opened,
        }
    }
}

/// A store with something of most kinds.
async fn site(bench: &mut Bench) -> Result<(), Box<dyn std::error::Error>> {
    bench.scan([file("old.md", bench)], &[]).await?;
    for number in 0..70 {
        let address = format!("s{number}@example.org");
        let any = if number % 2 == 0 { "" } else { "prawo" };
        bench.subscribe(&address, "daily", any).await?;
    }
    bench
        .look([file("a.md", bench), file("b.md", bench)], &[])
        .await?;
    bench.mail("daily").await?;
    bench.wait(SignedDuration::from_hours(1));
    bench.look([file("c.md", bench)], &["b.md"]).await?;
    bench.run("daily").await?;
    let flood = (0..40).map(|number| file(&format!("flood{number}.md"), bench));
    bench.look(flood, &[]).await?;
    Ok(())
}

/// Restores a dump of a store, and finds in it what is in the store.
async fn is_the_same(dump: &[u8], expected: &Rows, bench: &Bench) -> Test {
    let state = tempfile::tempdir()?;
    let told = restore(state.path(), dump)?;
    assert_eq!(told.rows as usize, expected.len());
    assert_eq!(Dumped::of(dump)?.rows, told.rows);
    assert_eq!(
        std::fs::read_to_string(state.path().join("keys")).ok(),
        Some(keys_text())
    );
    let store = open(state.path())?;
    assert!(rows(&store.inner.engine)? == *expected, "the rows differ");
    for (path, key) in [("a.md", id_of("a.md")), ("old.md", id_of("old.md"))] {
        let Ok(known) = bench.publication(&key).await else {
            continue;
        };
        let body = store.body(known.publication.body).await?;
        assert_eq!(
            body,
            bench.store.body(known.publication.body).await?,
            "{path}"
        );
    }
    Ok(())
}

pub(super) async fn a_dump_restored_is_the_same_store(mut bench: Bench) -> Test {
    site(&mut bench).await?;
    let expected = rows(&bench.store.inner.engine)?;
    let dump = dumped(&bench.store, bench.now).await?;
    is_the_same(&dump, &expected, &bench).await?;
    // And it can be dumped again.
    assert!(
        dumped(&bench.store, bench.now).await? == dump,
        "twice the same"
    );
    Ok(())
}

pub(super) async fn a_dump_shows_the_instant_at_which_it_began(mut bench: Bench) -> Test {
    site(&mut bench).await?;
    let expected = rows(&bench.store.inner.engine)?;
    let mut dump = bench.store.dump(keys_text(), bench.now).await?;
    let second = bench.store.dump(String::new(), bench.now).await;
    assert!(matches!(second.err(), Some(StoreError::Dumping)));
    let mut bytes = dump.next().await?.ok_or("no head")?;
    bench
        .look([file("later.md", &bench)], &["a.md", "c.md"])
        .await?;
    bench.subscribe("later@example.org", "daily", "").await?;
    bench.mail("daily").await?;
    while let Some(more) = dump.next().await? {
        bytes.extend(more);
    }
    drop(dump);
    is_the_same(&bytes, &expected, &bench).await?;
    assert!(rows(&bench.store.inner.engine)? != expected);
    Ok(())
}

pub(super) async fn a_dump_is_a_copy_that_its_witness_knows(mut bench: Bench) -> Test {
    site(&mut bench).await?;
    bench.store.testify(bench.now).await?;
    assert_eq!(
        (bench.store.dumps(), bench.store.has_claims_out(bench.now)),
        (0, false)
    );
    bench.claim().await?;
    let dump = dumped(&bench.store, bench.now).await?;
    assert_eq!(
        (bench.store.dumps(), bench.store.has_claims_out(bench.now)),
        (1, true)
    );
    let latest = bench.store.witness(bench.now).await?;
    let later = bench.store.testify(bench.now).await?;
    let state = tempfile::tempdir()?;
    restore(state.path(), &dump)?;
    let own = open(state.path())?.witness(bench.now).await?;
    assert!(later.knows_more_than(&own) && !latest.knows_more_than(&own));
    Ok(())
}

/// What is done to a random store.
#[derive(Debug, Clone)]
enum Act {
    Publish(u8),
    Withdraw(u8),
    Subscribe(u8),
    Run,
    Mail,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0u8..60).prop_map(Act::Publish),
        (0u8..60).prop_map(Act::Withdraw),
        (0u8..30).prop_map(Act::Subscribe),
        Just(Act::Run),
        Just(Act::Mail),
    ]
}

#[test]
fn any_store_goes_round() -> Test {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let history = proptest::collection::vec(act(), 0..40);
    let mut runner = TestRunner::new(Config {
        cases: 24,
        ..Config::default()
    });
    runner.run(&(history, any::<bool>()), |(history, on_disk)| {
        let round = async {
            let mut bench = if on_disk {
                Bench::sled()?
            } else {
                Bench::memory()?
            };
            for act in history {
                bench.wait(SignedDuration::from_mins(7));
                match act {
                    Act::Publish(n) => {
                        drop(bench.look([file(&format!("{n}.md"), &bench)], &[]).await?)
                    }
                    Act::Withdraw(n) => drop(bench.look([], &[&format!("{n}.md")]).await?),
                    Act::Subscribe(n) => {
                        bench
                            .subscribe(&format!("s{n}@example.org"), "daily", "")
                            .await?;
                    }
                    Act::Run => drop(bench.run("daily").await?),
                    Act::Mail => drop(bench.mail("daily").await?),
                }
            }
            let expected = rows(&bench.store.inner.engine)?;
            let dump = dumped(&bench.store, bench.now).await?;
            is_the_same(&dump, &expected, &bench).await
        };
        runtime
            .block_on(round)
            .map_err(|error| TestCaseError::fail(error.to_string()))
    })?;
    Ok(())
}

#[tokio::test]
async fn a_dump_that_is_not_whole_leaves_no_store() -> Test {
    let bench = Bench::memory()?;
    bench.scan([], &[]).await?;
    bench.look([file("a.md", &bench)], &[]).await?;
    let dump = dumped(&bench.store, bench.now).await?;
    let state = tempfile::tempdir()?;
    let refused = |dump: &[u8], what: &str| {
        let told = restore(state.path(), dump)
            .err()
            .map(|error| error.to_string());
        let told = told.ok_or_else(|| format!("{what} was restored"))?;
        let opened = Store::open(state.path(), Open::Existing, [0; 16]).err();
        let is_safe = matches!(
            opened,
            Some(StoreError::Missing(_) | StoreError::Unfinished(_))
        );
        if is_safe {
            Ok(told)
        } else {
            Err(format!("{what}: {opened:?}"))
        }
    };
    for length in (20..dump.len()).step_by(97) {
        let told = refused(&dump[..length], "a part")?;
        assert!(told.contains("cut off"), "{length}: {told}");
        assert!(Dumped::of(&dump[..length]).is_err());
    }
    for place in (0..dump.len()).step_by(61) {
        let mut altered = dump.clone();
        altered[place] ^= 1;
        refused(&altered, &format!("a dump altered at {place}"))?;
        assert!(Dumped::of(altered.as_slice()).is_err(), "{place}");
    }
    let more = [dump.as_slice(), b"x"].concat();
    assert!(refused(&more, "more than a dump")?.contains("damaged"));
    let newer = [b"wici dump 2\n", &dump[12..]].concat();
    assert!(refused(&newer, "a newer dump")?.contains("newer wici"));
    assert!(refused(b"a page of text that is long enough", "a text")?.contains("not a dump"));
    // What was refused is cleared away by what is good.
    restore(state.path(), &dump)?;
    open(state.path())?;
    let again = restore(state.path(), &dump);
    assert!(matches!(
        again.err(),
        Some(StoreError::Present(_) | StoreError::Locked(_))
    ));
    Ok(())
}

#[tokio::test]
async fn a_restore_that_stops_half_way_says_so_and_can_be_done_again() -> Test {
    let bench = Bench::memory()?;
    bench.scan([], &[]).await?;
    bench.look([file("a.md", &bench)], &[]).await?;
    let dump = dumped(&bench.store, bench.now).await?;
    let state = tempfile::tempdir()?;
    let mut restoring = Restoring::begin(state.path(), dump.as_slice())?;
    restoring.step()?;
    drop(restoring);
    // As if it had died while it moved the parts to their place.
    std::fs::rename(
        state.path().join("restoring/bodies"),
        state.path().join("bodies"),
    )?;
    for open in [Open::Existing, Open::OrCreate] {
        let opened = Store::open(state.path(), open, [0; 16]);
        assert!(matches!(opened.err(), Some(StoreError::Unfinished(_))));
    }
    restore(state.path(), &dump)?;
    // As if it had died right before it cleared up.
    std::fs::create_dir(state.path().join("restoring"))?;
    open(state.path())?;
    assert!(!state.path().join("restoring").exists());
    Ok(())
}
