//! `wici build`: content to feeds, once, without state.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::{Failure, configuration, output};
use crate::config::Config;
use crate::content::Look;
use crate::control::Board;
use crate::daemon::clock;
use crate::daemon::ingest::Ingest;
use crate::daemon::publish::Publishing;
use crate::daemon::signals::Signals;
use crate::domain::Problem;
use crate::publish::Publisher;
use crate::store::{Store, StoreError};

/// Reads everything, writes every feed, and says what changed.
pub(super) async fn build(file: &Path) -> Result<(), Failure> {
    let config = Arc::new(configuration(file)?);
    let (store, problems) = read_all(&config).await?;
    let mut publisher = Publisher::open(config.feeds.dir.clone())
        .with_context(|| format!("can't write to {}", config.feeds.dir.display()))?;
    publisher.shelve_existing();
    let board = Arc::new(Board::default());
    let mut publishing = Publishing::new(store.clone(), Arc::clone(&config), publisher, board);
    let feeds: BTreeSet<_> = store.feeds().await?.into_iter().collect();
    let (count, live) = (feeds.len(), store.totals().await?.live);
    let written = publishing.tick(feeds, clock::now()).await?;
    for path in &written {
        output::say(path)?;
    }
    output::remark(&format!(
        "{live} publications in {count} feeds; {} of their files changed",
        written.len()
    ));
    if problems.is_empty() {
        Ok(())
    } else {
        output::problems(&problems);
        Err(Failure::Said)
    }
}

/// Everything that the sources hold, in a store in memory, and what is wrong with them.
pub(super) async fn read_all(config: &Arc<Config>) -> Result<(Store, Vec<Problem>), StoreError> {
    let store = Store::in_memory()?;
    store.define_tags(&config.tags).await?;
    let board = Arc::new(Board::default());
    let signals = Arc::new(Signals::default());
    for source in &config.sources {
        let (store, board, signals) = (store.clone(), Arc::clone(&board), Arc::clone(&signals));
        let mut ingest = Ingest::new(source, config, store, board, signals);
        ingest.tick(Look::Everything, clock::now()).await?;
    }
    let problems = board.problems().into_iter().map(|(_, problem)| problem);
    Ok((store, problems.collect()))
}
