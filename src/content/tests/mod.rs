//! A folder that is really watched, with a clock that tests turn: does what the events led to equal
//! what a full scan finds?

mod histories;
pub(crate) mod operations;
mod saves;
mod watching;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::{Coalescer, Directory, Hint, Look, Reading, Unreadable, Watcher};
use crate::config::{self, Files};
use crate::domain::{Found, Language, Problem};

type Failure = Box<dyn std::error::Error>;
type Outcome = Result<(), Failure>;

/// Events take no longer, on any machine.
const DEADLINE: Duration = Duration::from_secs(30);
const SETTLE: SignedDuration = SignedDuration::from_millis(500);

/// A source in `content`, watched; beside it there is room for what is moved in and out.
pub(crate) struct Trial {
    folder: TempDir,
    /// Its clock leaps whenever nothing else happens, so that nobody waits for a timer.
    runtime: Runtime,
    pub(crate) watcher: Watcher,
    pub(crate) coalescer: Coalescer,
    directory: Directory,
    /// What a store would have by now.
    live: BTreeMap<String, Found>,
    problems: BTreeMap<String, Vec<Problem>>,
    pub(crate) now: Timestamp,
    sentinels: usize,
}

impl Trial {
    /// An empty folder, looked at once.
    pub(crate) fn new() -> Result<Trial, Failure> {
        let folder = TempDir::new()?;
        let root = folder.path().join("content");
        fs::create_dir(&root)?;
        let mut trial = Trial {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()?,
            watcher: Watcher::new(&root, config::Watch::Events)?,
            coalescer: Coalescer::new(SETTLE),
            directory: directory(&root)?,
            live: BTreeMap::new(),
            problems: BTreeMap::new(),
            now: Timestamp::UNIX_EPOCH,
            sentinels: 0,
            folder,
        };
        trial.look(Look::Everything)?;
        Ok(trial)
    }

    /// The same with these files, whose titles are their paths.
    fn with(files: &[&str]) -> Result<Trial, Failure> {
        let mut trial = Trial::new()?;
        for file in files {
            trial.write(file, &page(file))?;
        }
        trial.settle()?;
        Ok(trial)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("content")
    }

    /// Beside the content.
    fn aside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// In place.
    fn write(&self, path: &str, text: &str) -> std::io::Result<()> {
        let file = self.at(path);
        fs::create_dir_all(file.parent().unwrap_or(&file))?;
        fs::write(file, text)
    }

    /// Takes the hints that have come by now.
    pub(crate) fn gather(&mut self) {
        self.runtime.block_on(async {
            loop {
                tokio::select! {
                    biased;
                    hint = self.watcher.next() => self.coalescer.add(hint, self.now),
                    () = ready(()) => return,
                }
            }
        });
    }

    /// Waits for the hint about the last thing that happens, which is a file of no interest.
    pub(crate) fn gather_all(&mut self) -> Outcome {
        self.sentinels += 1;
        let last = self.at(&format!("last.{}", self.sentinels));
        fs::write(&last, "")?;
        let begun = Instant::now();
        self.runtime.block_on(async {
            while begun.elapsed() < DEADLINE {
                // Of the clock that leaps.
                let Ok(hint) = timeout(Duration::from_secs(5), self.watcher.next()).await else {
                    std::thread::yield_now();
                    continue;
                };
                let is_last = match &hint {
                    Hint::Everything => true,
                    Hint::Paths(paths) => paths.contains(&last),
                };
                self.coalescer.add(hint, self.now);
                if is_last {
                    return Ok(());
                }
            }
            Err("no event came".into())
        })
    }

    /// It is quiet for long enough: takes the look that is due.
    pub(crate) fn due(&mut self) -> Option<Look> {
        self.now += SETTLE;
        self.coalescer.take(self.now)
    }

    /// Looks as the daemon would after the hints that have come, until all files are at rest.
    fn follow(&mut self) -> Outcome {
        while let Some(look) = self.due() {
            self.look(look)?;
        }
        Ok(())
    }

    /// All that happened so far is hinted at, looked at and read.
    fn settle(&mut self) -> Outcome {
        self.gather_all()?;
        self.follow()
    }

    fn look(&mut self, look: Look) -> Outcome {
        self.watcher.cover(&look, &Files::usual());
        let look = self.directory.widen(look);
        let known = self.live.keys().cloned().collect();
        let Ok(seen) = self.directory.look(look, &known) else {
            return Ok(());
        };
        for path in &seen.missing {
            self.live.remove(path);
        }
        let directory = &self.directory;
        self.problems
            .retain(|path, _| directory.has(path) || !seen.looked_at(path));
        for path in seen.changed {
            self.problems.remove(&path);
            match self.directory.read_one(&path) {
                Reading::Found(found) => drop(self.live.insert(path, *found)),
                Reading::Draft | Reading::Gone => drop(self.live.remove(&path)),
                Reading::Problems(problems) => drop(self.problems.insert(path, problems)),
                Reading::Unsettled => {
                    let paths = BTreeSet::from([self.at(&path)]);
                    self.coalescer.add(Hint::Paths(paths), self.now);
                }
            }
        }
        Ok(())
    }

    fn titles(&self) -> Vec<&str> {
        let found = self.live.values();
        found.map(|found| found.title.as_str()).collect()
    }

    /// Is what the events led to what a process finds that starts now?
    fn check(&self) -> Outcome {
        let fresh = scan(&self.root(), self.live.keys().cloned().collect())?;
        let Ok((found, problems, missing)) = fresh else {
            // Nothing is there but it was: whatever is known stays.
            return Ok(());
        };
        let ours: BTreeSet<&String> = self.problems.keys().collect();
        let theirs: BTreeSet<&String> = problems.iter().collect();
        // What can't be understood now keeps its last good revision, of which a new process
        // knows nothing.
        let mut live = self.live.clone();
        live.retain(|path, _| !problems.contains(path));
        if live == found && missing.is_empty() && ours == theirs {
            return Ok(());
        }
        let of = |live: &BTreeMap<String, Found>| -> Vec<String> {
            let said = |(path, found): (&String, &Found)| format!("{path}: {}", found.title);
            live.iter().map(said).collect()
        };
        let (live, found) = (of(&live), of(&found));
        Err(format!(
            "events led to {live:?} and problems of {ours:?}; \
             a full scan finds {found:?}, problems of {theirs:?}, and misses {missing:?}"
        )
        .into())
    }
}

type Scanned = (BTreeMap<String, Found>, BTreeSet<String>, Vec<String>);

/// What a process finds that starts now.
fn scan(root: &Path, known: BTreeSet<String>) -> Result<Result<Scanned, Unreadable>, Failure> {
    let mut directory = directory(root)?;
    let seen = match directory.look(Look::Everything, &known) {
        Ok(seen) => seen,
        Err(unreadable) => return Ok(Err(unreadable)),
    };
    let (mut found, mut problems) = (BTreeMap::new(), BTreeSet::new());
    for path in seen.changed {
        match directory.read_one(&path) {
            Reading::Found(read) => drop(found.insert(path, *read)),
            Reading::Problems(_) => drop(problems.insert(path)),
            Reading::Draft => {}
            other => return Err(format!("{path}: {other:?}").into()),
        }
    }
    // A draft that was known as a publication is as good as missing.
    let missing = seen.missing;
    Ok(Ok((found, problems, missing)))
}

fn directory(root: &Path) -> Result<Directory, Failure> {
    let language = Language::parse("pl")?;
    let site = config::Site {
        title: "Portal".into(),
        url: "https://portal.example/".parse()?,
        authority: "portal.example,2026".into(),
        language: language.clone(),
        languages: vec![language],
        timezone: "UTC".into(),
        zone: TimeZone::UTC,
    };
    let source = config::Source {
        name: "pages".into(),
        aliases: Vec::new(),
        path: root.to_owned(),
        link: "{site}{path}/".into(),
        files: Files::usual(),
        settle: SETTLE,
        rescan: SignedDuration::from_mins(5),
        watch: config::Watch::Events,
    };
    Ok(Directory::new(&source, &site, &[], &[]))
}

/// A page of this title.
fn page(title: &str) -> String {
    format!("---\ntitle: {title}\n---\nText.\n")
}
