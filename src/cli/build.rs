//! `wici build`: content to feeds, once, without state.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::{Failure, configuration, output};
use crate::config::Config;
use crate::content::Look;
use crate::control::Board;
use crate::daemon::clock;
use crate::daemon::ingest::{Ingest, Ingested};
use crate::daemon::publish::Publishing;
use crate::daemon::signals::Signals;
use crate::daemon::upstream;
use crate::domain::Problem;
use crate::publish::{Check, OpenError, Publisher};
use crate::store::{Store, StoreError};

/// Bytes of written entries kept at hand: those of some ten thousand publications. A build has
/// little else to keep.
const AT_HAND: usize = 256 << 20;

/// Looks at files that are being written, after the first, and the time between them.
const LOOKS: usize = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// Reads everything, writes every feed, and says what changed.
pub(super) async fn build(file: &Path) -> Result<(), Failure> {
    let config = Arc::new(configuration(file)?);
    let publisher = take_over(&config)?;
    let (store, mut problems) = read_all(&config).await?;
    problems.extend(ask_all(&config, &store).await?);
    publisher.shelf().check(Check::Bytes);
    let board = Arc::new(Board::default());
    let publishing = Publishing::new(store.clone(), Arc::clone(&config), publisher, board);
    let mut publishing = publishing.keeping(AT_HAND);
    publishing.number().await?;
    let feeds: BTreeSet<_> = store.feeds().await?.into_keys().collect();
    let (count, live) = (feeds.len(), store.totals().await?.live);
    let mut written = publishing.tick(feeds, clock::now()).await?;
    written.extend(publishing.archive(clock::now()).await?);
    // Where something is wrong, or nothing is found at all, what was there is kept.
    if problems.is_empty() && live > 0 {
        publishing.remove_others()?;
    }
    for path in &written {
        output::say(path)?;
    }
    output::remark(&format!(
        "{} in {}; {} of their files changed",
        output::number(live, "publication"),
        output::number(count as u64, "feed"),
        written.len()
    ));
    publishing.end();
    // The process ends: to take so many rows and entries apart first would be for nothing.
    std::mem::forget((store, publishing));
    if problems.is_empty() {
        Ok(())
    } else {
        output::problems(&problems);
        Err(Failure::Said)
    }
}

/// A daemon keeps its feeds up to date by itself: beside it there is nothing to build.
fn take_over(config: &Config) -> anyhow::Result<Publisher> {
    match Publisher::open(config.feeds.dir.clone()) {
        Err(taken @ OpenError::Taken { .. }) => {
            Err(anyhow::Error::new(taken).context("a daemon, or another build, is at work there"))
        }
        opened => opened.with_context(|| format!("can't write to {}", config.feeds.dir.display())),
    }
}

/// Asks every upstream feed once. One that can't be had is a problem: its entries would be missing.
async fn ask_all(config: &Config, store: &Store) -> anyhow::Result<Vec<Problem>> {
    let board = Arc::new(Board::default());
    let signals = Arc::new(Signals::default());
    for upstream in upstream::all(config, store, &board, &signals)? {
        upstream.tick(clock::now(), 0).await?;
    }
    // It was read where it is now.
    for upstream in &config.upstreams {
        board.retain(&upstream.name, |about| about != upstream::MOVED);
        let state = store.upstream(&upstream.name).await?;
        if let Some(moved_to) = state.and_then(|state| state.moved_to) {
            let name = &upstream.name;
            output::remark(&format!(
                "the feed of `{name}` has moved for good to {moved_to}"
            ));
        }
    }
    let problems = board.problems().into_iter().map(|(_, problem)| problem);
    Ok(problems.collect())
}

/// Everything that the folders hold, in a store in memory, and what is wrong with them.
pub(super) async fn read_all(config: &Arc<Config>) -> Result<(Store, Vec<Problem>), StoreError> {
    let store = Store::in_memory()?;
    store.define_tags(&config.tags).await?;
    let board = Arc::new(Board::default());
    let signals = Arc::new(Signals::default());
    let mut written = Vec::new();
    for source in &config.sources {
        let (store, board, signals) = (store.clone(), Arc::clone(&board), Arc::clone(&signals));
        let mut ingest = Ingest::new(source, config, store, board, signals);
        let look = async || ingest.tick(Look::Everything, clock::now()).await;
        let unsettled = until_settled(look).await?.into_iter();
        written.extend(unsettled.map(|path| being_written(&source.path.join(path))));
    }
    let problems = board.problems().into_iter().map(|(_, problem)| problem);
    Ok((store, problems.chain(written).collect()))
}

/// Looks until no file is being written, though not for ever. Returns those that still are.
async fn until_settled(
    mut look: impl AsyncFnMut() -> Result<Ingested, StoreError>,
) -> Result<BTreeSet<String>, StoreError> {
    let mut unsettled = look().await?.unsettled;
    for _ in 0..LOOKS {
        if unsettled.is_empty() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        unsettled = look().await?.unsettled;
    }
    Ok(unsettled)
}

fn being_written(file: &Path) -> Problem {
    let remedy = "try again when that is done";
    Problem::of_file(
        file,
        "it is being written all the time, and was not read",
        remedy,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_being_written_is_waited_for_and_told_if_that_has_no_end()
    -> Result<(), StoreError> {
        for (settles_after, left, looks) in [(0, 0, 1), (3, 0, 4), (usize::MAX, 1, LOOKS + 1)] {
            let mut looked = 0;
            let unsettled = until_settled(async || {
                looked += 1;
                let is_written = looked <= settles_after;
                let path = is_written.then(|| "a.md".to_owned());
                Ok(Ingested {
                    unsettled: path.into_iter().collect(),
                    ..Ingested::default()
                })
            });
            assert_eq!(unsettled.await?.len(), left);
            assert_eq!(looked, looks);
        }
        Ok(())
    }
}
