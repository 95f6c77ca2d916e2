//! Turns at reading: a few files each, on threads where blocking hurts nobody, as many at a time as
//! there are processors. One hostile file can keep a parser busy for seconds.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;

use jiff::Timestamp;
use tokio::task::{JoinError, JoinHandle};

use crate::content::{Directory, Read, Reading, Unread};
use crate::domain::publication::Found;
use crate::domain::{Fingerprint, Problem};
use crate::feed;

/// Files read in one turn, and about how many bytes of bodies.
const TURN: usize = 16;
const TURN_BYTES: usize = 8 << 20;

/// Files being read; what became of them comes in their order.
pub(super) struct Turns {
    directory: Arc<Mutex<Directory>>,
    waiting: VecDeque<String>,
    running: VecDeque<JoinHandle<Turn>>,
    now: Timestamp,
}

/// What a turn came to, and the files that were too much for it.
struct Turn {
    read: Vec<Read>,
    rest: VecDeque<Unread>,
}

impl Turns {
    pub(super) fn of(
        files: impl IntoIterator<Item = String>,
        directory: &Arc<Mutex<Directory>>,
        now: Timestamp,
    ) -> Turns {
        Turns {
            directory: Arc::clone(directory),
            waiting: files.into_iter().collect(),
            running: VecDeque::new(),
            now,
        }
    }

    /// The next few files, each with the state that will tell of every change; `None` after the last.
    pub(super) async fn next(&mut self) -> Option<Vec<(String, Reading, Option<Fingerprint>)>> {
        // One more than can run, so that none waits while this one is being taken.
        let most = available_parallelism().map_or(2, usize::from) + 1;
        while self.running.len() < most && !self.waiting.is_empty() {
            let few = self.waiting.len().min(TURN);
            let files = self.waiting.drain(..few);
            let directory = self
                .directory
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let files = files.map(|path| directory.file(&path)).collect();
            drop(directory);
            self.running.push_back(start(files, self.now));
        }
        let turn = done(self.running.pop_front()?).await;
        if !turn.rest.is_empty() {
            self.running.push_front(start(turn.rest, self.now));
        }
        let mut directory = self
            .directory
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let note = |read: Read| {
            let state = directory.note(&read, self.now);
            (read.path, read.reading, state)
        };
        Some(turn.read.into_iter().map(note).collect())
    }
}

fn start(files: VecDeque<Unread>, now: Timestamp) -> JoinHandle<Turn> {
    on_a_thread(move || read_some(files, now))
}

/// Works on a thread where blocking hurts nobody.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    done(on_a_thread(work)).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the daemon may spawn, and this is waited for"
)]
fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    tokio::task::spawn_blocking(work)
}

/// What a task that nobody cancels came to.
pub(super) async fn done<T>(task: impl Future<Output = Result<T, JoinError>>) -> T {
    match task.await.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => resume_unwind(panic),
        // The runtime is going down, and this task with it.
        Err(Err(_)) => std::future::pending().await,
    }
}

/// Reads from the front until it is another's turn.
fn read_some(mut files: VecDeque<Unread>, now: Timestamp) -> Turn {
    let mut read = Vec::with_capacity(files.len());
    let mut bytes = 0;
    while bytes < TURN_BYTES
        && let Some(file) = files.pop_front()
    {
        let mut one = file.read();
        if let Reading::Found(found) = &one.reading {
            bytes += found.body.len();
            if let Err(problem) = publishable(found, now) {
                one.reading = Reading::Problems(vec![problem]);
            }
        }
        read.push(one);
    }
    Turn { read, rest: files }
}

/// A publication that no feed could carry is not taken: the last good revision stays.
fn publishable(found: &Found, now: Timestamp) -> Result<(), Problem> {
    feed::check(&found.revision(found.minted_id.clone(), now)).map_err(|error| {
        Problem::of_file(
            &found.path,
            error.to_string(),
            "correct the file; until then its last good revision stays",
        )
    })
}
