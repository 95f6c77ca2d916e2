//! File events. They are hints and nothing more: an event says where to look, and what is there
//! decides. What no event told is found by the full scan that the daemon does every `rescan`.
//!
//! Polling (`watch = "poll"`, or `auto` where the system has no watches left) gives no hints at
//! all: [`Watcher::next`] then never comes back, [`Watcher::polling`] says so, and the daemon does
//! its full scans every few seconds instead.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::config::Watch;

/// Events that wait between notify's thread and us. When more come, everything is looked at.
const QUEUE: usize = 4_096;
/// How often the root is checked: watches follow a folder, not its name.
const CHECK: Duration = Duration::from_secs(2);

/// Where something may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Files and folders, below the root as it was given; a folder stands for all that is in it.
    Paths(BTreeSet<PathBuf>),
    /// Anywhere.
    Everything,
}

/// The system refuses file events, and the configuration demands them.
#[derive(Debug, thiserror::Error)]
#[error("file events are not to be had for {}: {why}; use `watch = \"auto\"` or \"poll\", or raise fs.inotify.max_user_watches", root.display())]
pub struct WatchError {
    root: PathBuf,
    why: String,
}

/// Brings hints about one source.
#[derive(Debug)]
pub struct Watcher {
    root: PathBuf,
    watch: Watch,
    state: State,
    /// Made at first use, since it needs the runtime.
    check: Option<Interval>,
}

#[derive(Debug)]
enum State {
    /// On this folder.
    Watching(Events),
    /// There is no root, or watching it failed; tried again at each check.
    Waiting,
    /// No events; the reason, if it is not the configuration.
    Polling(Option<String>),
}

#[derive(Debug)]
struct Events {
    /// Its thread ends with it.
    _watcher: RecommendedWatcher,
    receiver: mpsc::Receiver<notify::Result<notify::Event>>,
    lost: Arc<AtomicBool>,
    identity: Identity,
    /// The root as it was given, and as events name it.
    root: PathBuf,
    absolute: PathBuf,
}

/// Device and inode.
type Identity = (u64, u64);

impl Watcher {
    /// Begins to watch. Watch first, then scan: so nothing falls between the two. A root that is
    /// missing is waited for.
    ///
    /// # Errors
    /// [`Watch::Events`] is demanded and the system refuses.
    pub fn new(root: &Path, watch: Watch) -> Result<Watcher, WatchError> {
        let state = match watch {
            Watch::Poll => State::Polling(None),
            Watch::Auto | Watch::Events => match Events::of(root) {
                Ok(Some(events)) => State::Watching(events),
                Ok(None) => State::Waiting,
                Err(error) if watch == Watch::Auto => State::Polling(Some(error.to_string())),
                Err(error) => {
                    return Err(WatchError {
                        root: root.to_owned(),
                        why: error.to_string(),
                    });
                }
            },
        };
        Ok(Watcher {
            root: root.to_owned(),
            watch,
            state,
            check: None,
        })
    }

    /// Does it never bring a hint, so that full scans must find what is new?
    pub fn polling(&self) -> bool {
        matches!(self.state, State::Polling(_))
    }

    /// Why events are not to be had, where the configuration would have had them.
    pub fn refusal(&self) -> Option<&str> {
        match &self.state {
            State::Polling(why) => why.as_deref(),
            _ => None,
        }
    }

    /// The next hint. Cancel safe. Must run within a tokio runtime.
    ///
    /// When watching turns into polling on the way, that is told by [`Hint::Everything`].
    pub async fn next(&mut self) -> Hint {
        let check = self.check.get_or_insert_with(|| {
            let mut check = interval(CHECK);
            check.set_missed_tick_behavior(MissedTickBehavior::Delay);
            check
        });
        loop {
            match &mut self.state {
                State::Polling(_) => std::future::pending().await,
                State::Waiting => {
                    check.tick().await;
                    if let Some(state) = try_again(&self.root, self.watch) {
                        self.state = state;
                        return Hint::Everything;
                    }
                }
                State::Watching(events) => tokio::select! {
                    event = events.receiver.recv() => match event {
                        Some(event) => {
                            if let Some(hint) = events.gather(event) {
                                return hint;
                            }
                        }
                        // Its thread died.
                        None => {
                            self.state = State::Waiting;
                            return Hint::Everything;
                        }
                    },
                    _ = check.tick() => {
                        if identity(&self.root) != Some(events.identity) {
                            self.state = State::Waiting;
                            return Hint::Everything;
                        }
                    }
                },
            }
        }
    }
}

fn try_again(root: &Path, watch: Watch) -> Option<State> {
    match Events::of(root) {
        Ok(Some(events)) => Some(State::Watching(events)),
        Ok(None) => None,
        Err(error) if watch == Watch::Auto => Some(State::Polling(Some(error.to_string()))),
        Err(_) => None,
    }
}

fn identity(root: &Path) -> Option<Identity> {
    let metadata = fs::metadata(root).ok()?;
    metadata.is_dir().then(|| (metadata.dev(), metadata.ino()))
}

impl Events {
    /// `None`: there is no such folder.
    fn of(root: &Path) -> notify::Result<Option<Events>> {
        let Some(identity) = identity(root) else {
            return Ok(None);
        };
        let (sender, receiver) = mpsc::channel(QUEUE);
        let lost = Arc::new(AtomicBool::new(false));
        let overflow = Arc::clone(&lost);
        let hand_over = move |event| {
            if is_news(&event) && sender.try_send(event).is_err() {
                overflow.store(true, Ordering::Release);
            }
        };
        let absolute = std::path::absolute(root)?;
        let config = notify::Config::default().with_follow_symlinks(false);
        let mut watcher = RecommendedWatcher::new(hand_over, config)?;
        match watcher.watch(&absolute, RecursiveMode::Recursive) {
            Ok(()) => Ok(Some(Events {
                _watcher: watcher,
                receiver,
                lost,
                identity,
                root: root.to_owned(),
                absolute,
            })),
            Err(_) if self::identity(root).is_none() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A path of an event below the root as it was given, which may be a relative one.
    fn as_given(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.absolute) {
            Ok(below) => self.root.join(below),
            Err(_) => path.to_owned(),
        }
    }

    /// This event and all that are waiting behind it.
    fn gather(&mut self, event: notify::Result<notify::Event>) -> Option<Hint> {
        let mut paths = BTreeSet::new();
        let mut everything = false;
        let mut next = Some(event);
        let mut most = QUEUE;
        while let Some(event) = next {
            match event {
                Ok(event) if !event.need_rescan() => {
                    paths.extend(event.paths.iter().map(|path| self.as_given(path)));
                }
                _ => everything = true,
            }
            most -= 1;
            next = if most == 0 {
                None
            } else {
                self.receiver.try_recv().ok()
            };
        }
        // Events are lost only while the queue is full, so there is one that wakes us after it.
        if everything || self.lost.swap(false, Ordering::AcqRel) {
            return Some(Hint::Everything);
        }
        (!paths.is_empty()).then_some(Hint::Paths(paths))
    }
}

/// Reading is no news: above all not our own.
fn is_news(event: &notify::Result<notify::Event>) -> bool {
    match event {
        Ok(event) => match event.kind {
            EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
            _ => true,
        },
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests;
