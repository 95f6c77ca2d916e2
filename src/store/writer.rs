//! One thread writes, so that a verb reads and writes undisturbed, and commits in groups: whatever
//! queued up while the disk was busy is made durable by one flush.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::engine::{Engine, Transaction};

/// Verbs that may wait for the thread; a caller beyond that waits to queue.
const QUEUE: usize = 1024;
/// Verbs made durable together at the most.
const GROUP: usize = 256;
/// Bytes made durable together, about. sled 0.34.7 can come to a standstill where it has to shrink
/// its file while more than some 4 MB of its log are on their way to the disk.
const GROUP_BYTES: usize = 1 << 20;

/// Carries out a verb on the map; then says, once the group is durable or is not, whether it was.
type Job = Box<dyn FnOnce(&Engine, Health) -> Done + Send>;
type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

struct Done {
    bytes: usize,
    health: Health,
    finish: Finish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Well,
    /// A write failed: what the map holds may not be what was promised, so nothing more is written.
    Ended,
}

pub(super) struct Writer(Kind);

enum Kind {
    Thread {
        jobs: Option<mpsc::Sender<Job>>,
        thread: Option<JoinHandle<()>>,
        ended: Arc<AtomicBool>,
    },
    Inline {
        engine: Arc<Engine>,
        turn: Mutex<()>,
    },
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(engine: Arc<Engine>) -> io::Result<Writer> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let ended = Arc::new(AtomicBool::new(false));
        #[expect(
            clippy::disallowed_methods,
            reason = "sled is synchronous and wants one writer; the thread ends with the store"
        )]
        let thread = thread::Builder::new().name("store".to_owned()).spawn({
            let ended = Arc::clone(&ended);
            move || work(&engine, queue, &ended)
        })?;
        Ok(Writer(Kind::Thread {
            jobs: Some(jobs),
            thread: Some(thread),
            ended,
        }))
    }

    /// Writes on the caller's thread: for a map in memory.
    pub(super) fn inline(engine: Arc<Engine>) -> Writer {
        Writer(Kind::Inline {
            engine,
            turn: Mutex::new(()),
        })
    }

    /// Has a write failed? Then nothing more is written, and nothing should be begun that would have
    /// to be. True before anybody is told of the failure.
    pub(super) fn has_ended(&self) -> bool {
        match &self.0 {
            // A thread that is gone panicked.
            Kind::Thread { ended, thread, .. } => {
                ended.load(Ordering::Acquire) || thread.as_ref().is_none_or(JoinHandle::is_finished)
            }
            Kind::Inline { .. } => false,
        }
    }

    /// Carries out a verb and returns once it is durable.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.0 {
            Kind::Inline { engine, turn } => {
                let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
                let mut transaction = Transaction::over(engine);
                let answer = verb(&mut transaction)?;
                transaction.commit()?;
                Ok(answer)
            }
            Kind::Thread { jobs, .. } => {
                let (answer, asked) = oneshot::channel();
                let job = job(verb, answer);
                let jobs = jobs.as_ref().ok_or(StoreError::Ended)?;
                jobs.send(job).await.map_err(|_| StoreError::Ended)?;
                asked.await.map_err(|_| StoreError::Ended)?
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Kind::Thread { jobs, thread, .. } = &mut self.0 {
            jobs.take();
            if let Some(thread) = thread.take() {
                // A panic in the thread has been printed by the hook; there is nobody to tell.
                let _ = thread.join();
            }
        }
    }
}

fn job<T: Send + 'static>(
    verb: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    reply: oneshot::Sender<Result<T, StoreError>>,
) -> Job {
    Box::new(move |engine, health| {
        let mut bytes = 0;
        let mut committed = Ok(());
        let answer = if health == Health::Ended {
            Err(StoreError::Ended)
        } else {
            let mut transaction = Transaction::over(engine);
            verb(&mut transaction).and_then(|answer| {
                committed = transaction.commit().map(|written| bytes = written);
                committed.clone().map(|()| answer)
            })
        };
        Done {
            bytes,
            health: if committed.is_err() {
                Health::Ended
            } else {
                health
            },
            finish: Box::new(move |durable| {
                // The caller may have gone; what it asked for is done all the same.
                let _ = reply.send(answer.and_then(|answer| durable.map(|()| answer)));
            }),
        }
    })
}

fn work(engine: &Engine, mut queue: mpsc::Receiver<Job>, ended: &AtomicBool) {
    let mut health = Health::Well;
    let mut group: Vec<Finish> = Vec::with_capacity(GROUP);
    while let Some(job) = queue.blocking_recv() {
        let mut bytes = 0;
        let mut next = Some(job);
        while let Some(job) = next {
            let done = job(engine, health);
            bytes += done.bytes;
            health = done.health;
            group.push(done.finish);
            next = if group.len() < GROUP && bytes < GROUP_BYTES {
                queue.try_recv().ok()
            } else {
                None
            };
        }
        let durable = if bytes > 0 { engine.sync() } else { Ok(()) };
        if durable.is_err() {
            health = Health::Ended;
        }
        ended.store(health == Health::Ended, Ordering::Release);
        for finish in group.drain(..) {
            finish(durable.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::engine::Read;
    use super::*;

    async fn put(writer: &Writer) -> Result<(), StoreError> {
        writer
            .write(|transaction| {
                transaction.put(b"k".to_vec(), b"v".to_vec());
                Ok(())
            })
            .await
    }

    #[tokio::test]
    async fn after_a_write_that_the_disk_refused_nothing_is_written()
    -> Result<(), Box<dyn std::error::Error>> {
        let state = tempfile::tempdir()?;
        let engine = Arc::new(Engine::open_unsyncable(state.path())?);
        let writer = Writer::start(engine)?;
        writer.write(|_| Ok(())).await?;
        assert!(!writer.has_ended());
        assert!(matches!(put(&writer).await, Err(StoreError::Disk { .. })));
        assert!(writer.has_ended());
        assert!(matches!(put(&writer).await, Err(StoreError::Ended)));
        assert!(matches!(
            writer.write(|_| Ok(())).await,
            Err(StoreError::Ended)
        ));
        Ok(())
    }

    #[tokio::test]
    async fn a_verb_that_fails_leaves_no_trace_and_does_no_harm()
    -> Result<(), Box<dyn std::error::Error>> {
        let state = tempfile::tempdir()?;
        let engine = Arc::new(Engine::open(state.path())?);
        let writer = Writer::start(Arc::clone(&engine))?;
        let failed = writer
            .write(|transaction| {
                transaction.put(b"x".to_vec(), b"v".to_vec());
                Err::<(), _>(StoreError::Ended)
            })
            .await;
        assert!(failed.is_err() && !writer.has_ended());
        put(&writer).await?;
        assert_eq!(engine.get(b"x")?, None);
        assert!(engine.get(b"k")?.is_some());
        Ok(())
    }

    #[tokio::test]
    async fn a_writer_that_panicked_has_ended() -> Result<(), Box<dyn std::error::Error>> {
        let state = tempfile::tempdir()?;
        let writer = Writer::start(Arc::new(Engine::open(state.path())?))?;
        let asked = writer.write(|_| -> Result<(), StoreError> { panic!("on purpose") });
        assert!(matches!(asked.await, Err(StoreError::Ended)));
        while !writer.has_ended() {
            tokio::task::yield_now().await;
        }
        assert!(matches!(put(&writer).await, Err(StoreError::Ended)));
        Ok(())
    }
}
