//! What a connection is doing and since when: noted by its own task, read by whoever accepts others.
//! A note is one store into memory; nobody looks at a clock or sets a timer for a request.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It came, and has said nothing.
    New,
    /// The head of a request is coming.
    Head,
    /// A request is being answered, its body read.
    Answering,
    /// The client does not take its answer.
    Stalled,
    /// It was answered, and may ask again.
    Idle,
}

const PHASES: [Phase; 5] = [
    Phase::New,
    Phase::Head,
    Phase::Answering,
    Phase::Stalled,
    Phase::Idle,
];

/// The lowest bits hold the phase, the others the milliseconds.
const BITS: u32 = 3;

/// Milliseconds since the first connection could be made, as of the last look at the clock.
#[derive(Debug, Clone, Default)]
pub(super) struct CoarseClock(Arc<AtomicU64>);

impl CoarseClock {
    pub(super) fn set(&self, milliseconds: u64) {
        self.0.store(milliseconds, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Activity {
    clock: CoarseClock,
    state: AtomicU64,
    /// A request was read, and its answer is not yet handed to the stream.
    answering: AtomicBool,
}

impl Activity {
    pub(super) fn new(clock: CoarseClock) -> Activity {
        let begun = clock.now() << BITS;
        Activity {
            clock,
            state: AtomicU64::new(begun),
            answering: AtomicBool::new(false),
        }
    }

    /// What it is doing, and since when.
    pub(super) fn get(&self) -> (Phase, u64) {
        let state = self.state.load(Ordering::Relaxed);
        let phase = PHASES.get((state & ((1 << BITS) - 1)) as usize);
        (phase.copied().unwrap_or(Phase::New), state >> BITS)
    }

    fn set(&self, phase: Phase, since: u64) {
        let state = since << BITS | phase as u64;
        self.state.store(state, Ordering::Relaxed);
    }

    /// A request was read.
    pub(super) fn asked(&self) {
        self.answering.store(true, Ordering::Relaxed);
        self.set(Phase::Answering, self.clock.now());
    }

    /// All of an answer was handed to the stream.
    pub(super) fn answered(&self) {
        self.answering.store(false, Ordering::Relaxed);
        self.set(Phase::Idle, self.clock.now());
    }

    fn read(&self) {
        match self.get() {
            // Its time runs since it came.
            (Phase::New, since) => self.set(Phase::Head, since),
            (Phase::Idle, _) => self.set(Phase::Head, self.clock.now()),
            _ => {}
        }
    }

    fn wrote(&self) {
        if self.get().0 == Phase::Stalled {
            let answering = self.answering.load(Ordering::Relaxed);
            let phase = if answering {
                Phase::Answering
            } else {
                Phase::Idle
            };
            self.set(phase, self.clock.now());
        }
    }

    fn could_not_write(&self) {
        if self.get().0 != Phase::Stalled {
            self.set(Phase::Stalled, self.clock.now());
        }
    }
}

/// A stream that notes what goes on.
#[derive(Debug)]
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            this.activity.read();
        }
        polled
    }
}

impl<S> Watched<S> {
    fn note(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Pending => self.activity.could_not_write(),
            Poll::Ready(_) => self.activity.wrote(),
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.note(polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // One piece, as most answers are, goes by the cheaper call.
        let polled = match pieces {
            [piece] => Pin::new(&mut this.stream).poll_write(cx, piece),
            pieces => Pin::new(&mut this.stream).poll_write_vectored(cx, pieces),
        };
        this.note(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
