//! What readers would refuse stays out of the feeds; here it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::config::Config;
use crate::control::Board;
use crate::domain::{FeedKey, Problem, PublicationKey};
use crate::render::{Refused, UnfitFeed};

/// Where the board has it.
const PLACE: &str = "feeds";

/// What is refused at the moment, by feed.
#[derive(Default)]
pub(super) struct Gate {
    refused: BTreeMap<FeedKey, BTreeSet<PublicationKey>>,
}

impl Gate {
    /// A feed was rendered; of these, as they are, it has nothing.
    pub(super) fn take(
        &mut self,
        feed: &FeedKey,
        refused: &[Refused],
        config: &Config,
        board: &Board,
    ) {
        board.clear(PLACE, &feed.stem());
        let now: BTreeSet<PublicationKey> = refused.iter().map(|one| one.key).collect();
        let former = if now.is_empty() {
            self.refused.remove(feed)
        } else {
            self.refused.insert(feed.clone(), now)
        };
        for key in former.unwrap_or_default() {
            if !self.refused.values().any(|keys| keys.contains(&key)) {
                board.clear(PLACE, &about(key));
            }
        }
        for one in refused {
            pin(board, &about(one.key), problem(one, config));
        }
    }

    /// A feed was not rendered: it stays as it was.
    pub(super) fn leave(&self, feed: &FeedKey, unfit: &UnfitFeed, board: &Board) {
        let stem = feed.stem();
        let remedy = "look at the site's title and the tag's labels in daemon.toml; until then the \
            feed's files stay as they were";
        let what = format!("readers would refuse the feed {stem}: {unfit}");
        pin(board, &stem, Problem::of_file("daemon.toml", what, remedy));
    }
}

/// No feed's stem is like it.
fn about(key: PublicationKey) -> String {
    format!("publication {}", key.0)
}

fn problem(refused: &Refused, config: &Config) -> Problem {
    let source = config.sources.iter().find(|one| one.name == refused.source);
    let file = match source {
        Some(source) => source.path.join(&refused.path),
        None => PathBuf::from(&refused.path),
    };
    let instead = match refused.shown {
        Some(revision) => format!("feeds have its revision {revision} instead"),
        None => "it is in no feed".to_owned(),
    };
    let Refused { id, why, .. } = refused;
    Problem::of_file(
        file,
        format!("readers would refuse its entry ({id}) {why}; {instead}"),
        "that is a fault of wici: report it, with the file; another text may help meanwhile",
    )
}

/// It is logged when it comes up, not with every feed.
fn pin(board: &Board, about: &str, problem: Problem) {
    let told = problem.to_string();
    if board.pin(PLACE, about, problem) {
        tracing::error!("{told}");
    }
}
