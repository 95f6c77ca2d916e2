//! `wici check`: all problems at once.

use std::path::Path;
use std::sync::Arc;

use super::{Failure, build, output};
use crate::config;
use crate::daemon;

/// Configuration, templates, content. Exit 1 if anything is wrong.
pub(super) async fn check(file: &Path) -> Result<(), Failure> {
    let mut problems = Vec::new();
    match config::load(file) {
        Err(wrong) => problems = wrong,
        Ok(config) => {
            if let Err(wrong) = daemon::templates(&config.templates) {
                problems.extend(wrong);
            }
            let config = Arc::new(config);
            let (store, wrong) = build::read_all(&config).await?;
            problems.extend(wrong);
            if problems.is_empty() {
                let totals = store.totals().await?;
                output::say(&format!(
                    "Everything is in order: {} publications, {} waiting for their date.",
                    totals.live, totals.scheduled
                ))?;
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        output::problems(&problems);
        Err(Failure::Said)
    }
}
