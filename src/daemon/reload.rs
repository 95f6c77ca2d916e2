//! A new configuration in place of the running one, on SIGHUP: taken whole or not at all.

use std::sync::Arc;

use super::hold;
use super::start::name_port;
use super::templates;
use super::works::Ground;
use crate::config::{self, Config};
use crate::domain::names::Kind;
use crate::domain::{Orphan, Problem};
use crate::store::{Store, StoreError};
use crate::text::template::Templates;

/// Where the board shows why the running configuration is not the one in the file.
const PLACE: &str = "configuration";

/// The configuration can't be taken.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Refused(pub Vec<Problem>);

/// A configuration that may take the running one's place.
pub(super) struct Read {
    pub(super) config: Arc<Config>,
    pub(super) templates: Arc<Templates>,
}

/// Reads file and templates anew. `None`: something is wrong with them, which is logged and pinned
/// to the board, and the running configuration stays.
///
/// # Errors
/// The store's.
pub(super) async fn read(ground: &Ground, running: &Config) -> Result<Option<Read>, StoreError> {
    let mut problems = Vec::new();
    let config = config::load(&running.file).map_err(|wrong| problems.extend(wrong));
    let Ok(mut config) = config else {
        tell(ground, problems);
        return Ok(None);
    };
    if running.web.listen == config.web.listen
        && let Some(port) = running.web.url.port()
    {
        name_port(&mut config, port);
    }
    problems.extend(fixed(running, &config));
    problems.extend(bereaved(&ground.store, &config).await?);
    match templates(&config) {
        Ok(templates) if problems.is_empty() => {
            return Ok(Some(Read {
                config: Arc::new(config),
                templates,
            }));
        }
        Ok(_) => {}
        Err(wrong) => problems.extend(wrong),
    }
    tell(ground, problems);
    Ok(None)
}

/// Says why the running configuration stays.
pub(super) fn refuse(ground: &Ground, running: &Config, error: &anyhow::Error) {
    let remedy = "correct it and reload; the former configuration stays in force until then";
    let problem = Problem::of_file(&running.file, format!("{error:#}"), remedy);
    tell(ground, vec![problem]);
}

fn tell(ground: &Ground, problems: Vec<Problem>) {
    tracing::error!("the new configuration is not taken; the running one stays");
    ground.board.retain(PLACE, |_| false);
    for (number, problem) in problems.into_iter().enumerate() {
        tracing::error!("{problem}");
        ground.board.pin(PLACE, &number.to_string(), problem);
    }
}

/// The new configuration is in force: nothing is wrong with it, and nobody looks any more at the
/// sources that it no longer has.
pub(super) fn let_go(ground: &Ground, running: &Config, new: &Config) {
    ground.board.retain(PLACE, |_| false);
    let names = running.source_names.iter();
    for source in names.filter(|name| !new.source_names.contains(name)) {
        ground.board.retain(source, |_| false);
    }
}

/// Lets subscriptions and publications follow the names of a configuration.
///
/// # Errors
/// [`Refused`] where somebody would be left without what they asked for; the store's.
pub(super) async fn adopt(ground: &Ground, config: &Config) -> anyhow::Result<()> {
    let (names, now) = (config.names(), (ground.clock)());
    let orphans = ground.store.adopt(names.clone(), now).await?;
    if orphans.is_empty() {
        ground.store.define_tags(&config.tags).await?;
        let retagged = ground.store.adopt_tags(now, config.guards).await?;
        hold::tell(&retagged.holds);
        hold::tell(&ground.store.adopt_sources(&names, now).await?);
        Ok(())
    } else {
        Err(Refused(orphans.iter().map(|one| missed(config, one)).collect()).into())
    }
}

/// The schedules and tags that are gone from a configuration and that somebody is subscribed to.
///
/// # Errors
/// The store's.
async fn bereaved(store: &Store, config: &Config) -> Result<Vec<Problem>, StoreError> {
    let orphans = store.orphans(&config.names()).await?;
    Ok(orphans.iter().map(|one| missed(config, one)).collect())
}

/// That a configuration lacks a name which somebody or something goes by.
pub fn missed(config: &Config, orphan: &Orphan) -> Problem {
    let Orphan {
        kind,
        name,
        concerned,
    } = orphan;
    let (left, remedy) = match (kind, concerned) {
        (Kind::Source, 1) => ("1 publication of it is left".to_owned(), LEFT),
        (Kind::Source, number) => (format!("{number} publications of it are left"), LEFT),
        (_, 1) => ("1 subscriber goes by it".to_owned(), ""),
        (_, number) => (format!("{number} subscribers go by it"), ""),
    };
    Problem::of_file(
        &config.file,
        format!("the {kind} `{name}` is gone, and {left}"),
        format!(
            "bring it back, or add `{name}` to the `aliases` of the {kind} that takes its place{remedy}"
        ),
    )
}

/// What else can be done with the publications of a source that is gone.
const LEFT: &str =
    "; or let the daemon run without it: `wici holds` then withdraws or keeps what it published";

/// What can't change while the daemon runs.
fn fixed(running: &Config, new: &Config) -> Vec<Problem> {
    let restart = "set it back, or restart wici";
    let differences = [
        ("state", running.state != new.state, restart),
        (
            "[site] authority",
            running.site.authority != new.site.authority,
            "set it back: ids are made of it, and never change",
        ),
        (
            "[web] listen",
            running.web.listen != new.web.listen,
            restart,
        ),
    ];
    let changed = differences.into_iter().filter(|(_, differs, _)| *differs);
    changed
        .map(|(key, _, remedy)| {
            Problem::of_file(
                &new.file,
                format!("{key}: it can't change while the daemon runs"),
                remedy,
            )
        })
        .collect()
}
