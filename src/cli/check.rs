//! `wici check`: all problems at once.

use std::path::Path;
use std::sync::Arc;

use super::access::{Access, unexpected};
use super::{Failure, build, output};
use crate::config::{self, Config};
use crate::control::{Request, Response};
use crate::daemon;
use crate::daemon::reload::missed;
use crate::domain::{Problem, PublicationState, Tie};
use crate::store::{Mistaken, StoreError};

/// Configuration, templates, content, and what subscribers go by. Exit 1 if anything is wrong.
pub(super) async fn check(file: &Path) -> Result<(), Failure> {
    let mut problems = Vec::new();
    match config::load(file) {
        Err(wrong) => problems = wrong,
        Ok(config) => {
            if let Err(wrong) = daemon::templates(&config) {
                problems.extend(wrong);
            }
            problems.extend(orphans(file, &config).await?);
            let config = Arc::new(config);
            let (store, wrong) = build::read_all(&config).await?;
            problems.extend(wrong);
            let mistaken = store.mistaken().await?;
            problems.extend(mistaken.iter().map(|one| untranslated(&config, one)));
            if problems.is_empty() {
                let totals = store.totals().await?;
                output::say(&format!(
                    "Everything is in order: {}, {} waiting for their date.",
                    output::number(totals.live, "publication"),
                    totals.scheduled
                ))?;
                if !config.upstreams.is_empty() {
                    let feeds = output::number(config.upstreams.len() as u64, "upstream feed");
                    output::remark(&format!(
                        "Not looked at: {feeds}; check asks no other server."
                    ));
                }
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

/// A file that would be a translation of another in its own language, or lives where that does.
fn untranslated(config: &Config, mistaken: &Mistaken) -> Problem {
    let file = |state: &PublicationState| {
        let source = config.sources.iter().find(|one| one.name == state.source);
        source.map_or_else(
            || state.path.clone().into(),
            |one| one.path.join(&state.path),
        )
    };
    let (state, other) = (&mistaken.state, &mistaken.other);
    let language = &state.publication.language;
    let (there, address) = (file(other).display().to_string(), &other.publication.link);
    let (what, remedy) = match state.tie {
        Some(Tie::Name(_)) => (
            format!("it is in `{language}` and lives at {address}, and so does {there}"),
            "say `language:` in the one that is in another, or give one of them another name",
        ),
        Some(Tie::Key(_)) => (
            format!("it has the translation key of {there}, which is in `{language}`, too"),
            "correct the language of the one, or the key of the other",
        ),
        Some(Tie::Original(_)) | None => (
            format!("it says that it translates {there}, which is in `{language}`, too"),
            "correct `translation_of`, or say the `language:` that it is in",
        ),
    };
    Problem::of_file(file(state), what, remedy)
}

/// The schedules and tags that are gone though somebody is subscribed to them; none where there is
/// no store yet.
async fn orphans(file: &Path, config: &Config) -> Result<Vec<Problem>, Failure> {
    let access = match Access::open(file).await {
        Err(Failure::Other(error)) if is_missing(&error) => return Ok(Vec::new()),
        access => access?,
    };
    let names = config.names();
    match access.ask(&Request::Orphans { names }).await? {
        Response::Orphans(orphans) => Ok(orphans.iter().map(|one| missed(config, one)).collect()),
        _ => Err(unexpected()),
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Missing(_)))
}
