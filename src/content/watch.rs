//! File events. They are hints and nothing more: an event says where to look, and what is there
//! decides. What no event told is found by the full scan that the daemon does every `rescan`.
//!
//! Watch first, then look: before each look [`Watcher::cover`] watches the folders that are looked
//! at. So what happened in them before is seen, and what happens in them later is told. A folder
//! that was made or moved here is watched when the hint about it is followed, with all that is in
//! it; a full scan watches every folder anew. Where events were lost, or the root is another than
//! it was, watching begins from the start.
//!
//! Polling (`watch = "poll"`, or `auto` where the system has no watches left) gives no hints at
//! all: [`Watcher::next`] then never comes back, [`Watcher::polling`] says so, and the daemon does
//! its full scans every few seconds instead.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::directory::Look;
use super::walk;
use crate::config::{Files, Watch};

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
    /// Why not every folder is watched.
    refusal: Option<String>,
    /// Made at first use, since it needs the runtime.
    check: Option<Interval>,
}

#[derive(Debug)]
enum State {
    /// On this folder.
    Watching(Events),
    /// There is no root, or watching it failed; tried again at each check.
    Waiting,
    /// No events.
    Polling,
}

#[derive(Debug)]
struct Events {
    /// Its thread ends with it.
    watcher: RecommendedWatcher,
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
    /// Begins to watch the root; the folders in it are for [`Watcher::cover`]. A root that is
    /// missing is waited for.
    ///
    /// # Errors
    /// [`Watch::Events`] is demanded and the system refuses.
    pub fn new(root: &Path, watch: Watch) -> Result<Watcher, WatchError> {
        let mut watcher = Watcher {
            root: root.to_owned(),
            watch,
            state: State::Waiting,
            refusal: None,
            check: None,
        };
        match watch {
            Watch::Poll => watcher.state = State::Polling,
            Watch::Auto | Watch::Events => watcher.begin(),
        }
        match watcher.refusal {
            Some(why) if watch == Watch::Events => Err(WatchError {
                root: watcher.root,
                why,
            }),
            _ => Ok(watcher),
        }
    }

    /// Does it never bring a hint, so that full scans must find what is new?
    pub fn polling(&self) -> bool {
        matches!(self.state, State::Polling)
    }

    /// Why not every folder is watched, where the configuration would have it so.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Watches the folders at and below the places of a look that is about to be taken, where
    /// `files` may be content. What the
    /// system refuses turns into polling, where that is allowed, else into a [`Watcher::refusal`].
    /// Blocks as long as a walk.
    pub fn cover(&mut self, look: &Look, files: &Files) {
        let State::Watching(events) = &mut self.state else {
            return;
        };
        match events.cover(look, files) {
            Ok(()) if *look == Look::Everything => self.refusal = None,
            Ok(()) => {}
            Err(error) => self.refuse(&error),
        }
    }

    /// The next hint. Cancel safe. Must run within a tokio runtime.
    pub async fn next(&mut self) -> Hint {
        loop {
            let check = self.check.get_or_insert_with(|| {
                let mut check = interval(CHECK);
                check.set_missed_tick_behavior(MissedTickBehavior::Delay);
                check
            });
            match &mut self.state {
                State::Polling => std::future::pending().await,
                State::Waiting => {
                    check.tick().await;
                    self.begin();
                    if !matches!(self.state, State::Waiting) {
                        return Hint::Everything;
                    }
                }
                State::Watching(events) => tokio::select! {
                    // `None`: its thread died.
                    event = events.receiver.recv() => {
                        match event.map_or(Hint::Everything, |event| events.gather(event)) {
                            Hint::Paths(paths) if paths.is_empty() => {}
                            Hint::Paths(paths) => return Hint::Paths(paths),
                            Hint::Everything => {
                                self.begin();
                                return Hint::Everything;
                            }
                        }
                    },
                    _ = check.tick() => {
                        if identity(&self.root) != Some(events.identity) {
                            self.begin();
                            return Hint::Everything;
                        }
                    }
                },
            }
        }
    }

    /// Begins from the start.
    fn begin(&mut self) {
        self.state = State::Waiting;
        match Events::of(&self.root) {
            Ok(Some(events)) => self.state = State::Watching(events),
            Ok(None) => {}
            Err(error) => self.refuse(&error),
        }
    }

    fn refuse(&mut self, error: &notify::Error) {
        self.refusal = Some(error.to_string());
        if self.watch == Watch::Auto {
            self.state = State::Polling;
        }
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
        let mut watcher = RecommendedWatcher::new(hand_over, notify::Config::default())?;
        match watcher.watch(&absolute, RecursiveMode::NonRecursive) {
            Ok(()) => Ok(Some(Events {
                watcher,
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

    /// notify's own recursion ends at the first folder that vanishes or may not be read, and does
    /// not come back to what was made while events were lost.
    fn cover(&mut self, look: &Look, files: &Files) -> notify::Result<()> {
        match look {
            Look::Everything => self.cover_folder(self.absolute.clone(), files),
            Look::Paths(paths) => {
                let at = paths
                    .iter()
                    .filter_map(|path| path.strip_prefix(&self.root).ok());
                let at: Vec<PathBuf> = at.map(|below| self.absolute.join(below)).collect();
                at.into_iter()
                    .filter(|path| fs::symlink_metadata(path).is_ok_and(|it| it.is_dir()))
                    .try_for_each(|path| self.cover_folder(path, files))
            }
        }
    }

    fn cover_folder(&mut self, folder: PathBuf, files: &Files) -> notify::Result<()> {
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            let path = walk::relative(&self.absolute, &folder);
            if !path.is_some_and(|path| files.admits_folder(&path)) {
                continue;
            }
            match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    let within = fs::read_dir(&folder).into_iter().flatten().flatten();
                    let within =
                        within.filter(|entry| entry.file_type().is_ok_and(|it| it.is_dir()));
                    folders.extend(within.map(|entry| entry.path()));
                }
                // The look that follows says what can't be read, and what has gone is no loss.
                Err(error) if is_of_folder(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// This event and all that are waiting behind it. [`Hint::Everything`]: events were lost, or
    /// will be, so watching must begin from the start.
    fn gather(&mut self, event: notify::Result<notify::Event>) -> Hint {
        let mut paths = BTreeSet::new();
        let mut everything = false;
        let mut next = Some(event);
        let mut most = QUEUE;
        while let Some(event) = next {
            match event {
                Ok(event) if !event.need_rescan() && !self.is_of_root(&event) => {
                    let told = event.paths.iter();
                    let told = told.filter(|path| !walk::is_hidden(&self.absolute, path));
                    paths.extend(told.map(|path| self.as_given(path)));
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
            return Hint::Everything;
        }
        Hint::Paths(paths)
    }

    /// Was the root itself removed or renamed? One that is made in its place may get the same
    /// inode, so that its identity does not tell.
    fn is_of_root(&self, event: &notify::Event) -> bool {
        let left = matches!(
            event.kind,
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
        );
        left && event.paths.contains(&self.absolute)
    }

    /// A path of an event below the root as it was given, which may be a relative one.
    fn as_given(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.absolute) {
            Ok(below) => self.root.join(below),
            Err(_) => path.to_owned(),
        }
    }
}

/// Is it this one folder that can't be watched, and not that there are too many?
fn is_of_folder(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => {
            walk::is_gone(error)
                || matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidFilename
                )
        }
        _ => false,
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
