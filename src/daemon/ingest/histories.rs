//! After whatever is done to files, the store and the board have what a full scan by a new daemon
//! brings them.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{self, TestCaseError, TestRunner};

use super::super::clock;
use super::*;
use crate::config::tests::SITE;
use crate::content::tests::Trial;
use crate::content::tests::operations::{Hands, Operation, operation};
use crate::domain::FeedKey;

type Outcome = Result<(), Box<dyn Error>>;

/// What readers would have, by path, but for ids and numbers; and what is wrong.
type Held = (
    BTreeMap<String, (String, String, String)>,
    BTreeMap<PathBuf, String>,
);

struct Daemon {
    config: config::Config,
    ingest: Ingest,
    store: Store,
    board: Arc<Board>,
}

impl Daemon {
    fn at(base: &Path) -> Result<Daemon, Box<dyn Error>> {
        let config = config::parse(SITE, &base.join("daemon.toml"), base)
            .map_err(|problems| format!("{problems:?}"))?;
        let (store, board) = (Store::in_memory()?, Arc::new(Board::default()));
        Daemon::over(config, store, board)
    }

    fn over(
        config: config::Config,
        store: Store,
        board: Arc<Board>,
    ) -> Result<Daemon, Box<dyn Error>> {
        let signals = Arc::new(Signals::default());
        let source = config.sources.first().ok_or("no source")?;
        let ingest = Ingest::new(source, &config, store.clone(), Arc::clone(&board), signals);
        Ok(Daemon {
            ingest: ingest.remembering(),
            config,
            store,
            board,
        })
    }

    /// Another daemon on what this one leaves.
    fn restarted(self) -> Result<Daemon, Box<dyn Error>> {
        Daemon::over(self.config, self.store, Arc::default())
    }

    /// A scan now, as if the clock of files went by hundredths of a second. Returns how many files
    /// were read.
    async fn scan(&mut self) -> Result<usize, StoreError> {
        let ahead = SignedDuration::from_millis(2_000 - 10);
        let now = later(clock::now(), ahead);
        let ingested = self.ingest.tick(Look::Everything, now).await?;
        Ok(ingested.read)
    }

    async fn has(&self) -> Result<Held, Box<dyn Error>> {
        let all = FeedKey {
            language: None,
            tag: None,
        };
        let feed = self.store.feed(&all, 1_000).await?;
        let mut live = BTreeMap::new();
        for state in feed.into_iter().flat_map(|feed| feed.entries) {
            let publication = state.publication;
            let told = (
                publication.title,
                publication.link,
                publication.body.to_hex(),
            );
            live.insert(state.path, told);
        }
        let problems = self.board.problems().into_iter();
        let problems = problems.map(|(_, problem)| (problem.file, problem.what));
        Ok((live, problems.collect()))
    }
}

fn follow(operations: &[Operation], runtime: &tokio::runtime::Runtime) -> Outcome {
    let mut trial = Trial::new()?;
    let root = trial.root();
    let base = root.parent().ok_or("the root is in a folder")?;
    let mut hands = Hands::at(&root)?;
    let mut daemon = Daemon::at(base)?;
    runtime.block_on(daemon.ingest.tick(Look::Everything, trial.now))?;
    for operation in operations.iter().chain([&Operation::Settle]) {
        hands.attempt(operation);
        match operation {
            Operation::Settle => trial.gather_all()?,
            Operation::Look => trial.gather(),
            _ => continue,
        }
        while let Some(look) = trial.due() {
            trial.watcher.cover(&look, &config::Files::usual());
            let ingested = runtime.block_on(daemon.ingest.tick(look, trial.now))?;
            if !ingested.unsettled.is_empty() {
                let paths = ingested.unsettled.iter().map(|path| root.join(path));
                let hint = Hint::Paths(paths.collect());
                trial.coalescer.add(hint, trial.now);
            }
        }
    }
    let mut fresh = Daemon::at(base)?;
    runtime.block_on(fresh.ingest.tick(Look::Everything, trial.now))?;
    compare(&root, (&daemon, &fresh), runtime)
}

/// What is done before each restart, and whether the clock of files goes on meanwhile.
type Lives = Vec<(Vec<Operation>, bool)>;

fn restart(lives: &Lives, runtime: &tokio::runtime::Runtime) -> Outcome {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("content");
    fs::create_dir(&root)?;
    let mut hands = Hands::at(&root)?;
    let mut daemon = Daemon::at(folder.path())?;
    for (operations, ages) in lives {
        for operation in operations {
            hands.attempt(operation);
            if matches!(operation, Operation::Look | Operation::Settle) {
                runtime.block_on(daemon.scan())?;
            }
        }
        if *ages {
            age();
        }
        runtime.block_on(daemon.scan())?;
        daemon = daemon.restarted()?;
    }
    runtime.block_on(daemon.scan())?;
    let mut fresh = Daemon::at(folder.path())?;
    runtime.block_on(fresh.scan())?;
    compare(&root, (&daemon, &fresh), runtime)
}

/// Waits until what was written is older than the clock of files can't tell.
fn age() {
    let until = later(clock::now(), SignedDuration::from_millis(15));
    while clock::now() < until {
        std::thread::yield_now();
    }
}

/// Does a daemon have what a new one does?
fn compare(
    root: &Path,
    (daemon, fresh): (&Daemon, &Daemon),
    runtime: &tokio::runtime::Runtime,
) -> Outcome {
    let (mut ours, our_problems) = runtime.block_on(daemon.has())?;
    let (theirs, their_problems) = runtime.block_on(fresh.has())?;
    if our_problems.contains_key(root) {
        // Nothing is there but it was: whatever is known stays.
        return Ok(());
    }
    // A new store knows nothing of what a file was before it went wrong.
    ours.retain(|path, _| {
        let is_it = |file: &PathBuf| content::relative(root, file).as_ref() == Some(path);
        theirs.contains_key(path) || !their_problems.keys().any(is_it)
    });
    if (&ours, &our_problems) == (&theirs, &their_problems) {
        return Ok(());
    }
    Err(format!(
        "events led to {ours:?} and {our_problems:?}; a full scan brings {theirs:?} and {their_problems:?}"
    )
    .into())
}

#[test]
fn whatever_is_done_to_files_the_store_has_what_a_new_one_would() -> Outcome {
    let config = test_runner::Config {
        cases: 100,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..test_runner::Config::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    TestRunner::new(config).run(&vec(operation(), 1..20), |operations| {
        follow(&operations, &runtime).map_err(|error| TestCaseError::fail(error.to_string()))
    })?;
    Ok(())
}

#[test]
fn whatever_is_done_to_files_between_and_during_lives_nothing_is_missed() -> Outcome {
    let config = test_runner::Config {
        cases: 100,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..test_runner::Config::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let lives = vec((vec(operation(), 0..8), any::<bool>()), 1..6);
    TestRunner::new(config).run(&lives, |lives| {
        restart(&lives, &runtime).map_err(|error| TestCaseError::fail(error.to_string()))
    })?;
    Ok(())
}

#[tokio::test]
async fn what_did_not_change_is_not_read_again() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join("content").join(name);
    fs::create_dir(folder.path().join("content"))?;
    for name in ["a.md", "b.md", "c.md"] {
        fs::write(file(name), format!("# {name}\n"))?;
    }
    fs::write(file("bad.md"), "---\ndate: 31.02.2013\n---\n# T\n")?;
    let mut daemon = Daemon::at(folder.path())?;
    assert_eq!(daemon.scan().await?, 4);
    age();
    // What was read within a tick of its writing is read once more.
    daemon.scan().await?;
    assert_eq!(daemon.scan().await?, 0);
    let mut daemon = daemon.restarted()?;
    assert_eq!(daemon.scan().await?, 1, "what is wrong is told again");
    // A new body, though everything but the time of change says that nothing changed.
    let metadata = fs::metadata(file("a.md"))?;
    fs::write(file("a.md"), "# z.md\n")?;
    fs::File::options()
        .write(true)
        .open(file("a.md"))?
        .set_modified(metadata.modified()?)?;
    age();
    let mut daemon = daemon.restarted()?;
    assert_eq!(daemon.scan().await?, 2);
    // Links, labels and languages are said by the configuration.
    daemon.config.sources[0].link = "{site}s/{path}/".to_owned();
    let mut daemon = daemon.restarted()?;
    assert_eq!(daemon.scan().await?, 4);
    let state = daemon.store.publication_at("pages", "b.md").await?;
    let link = state.ok_or("no publication")?.publication.link;
    assert_eq!(link, "https://portal.example/s/b/");
    Ok(())
}
