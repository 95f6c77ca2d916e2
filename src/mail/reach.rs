//! Whether the server can be reached.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Desk, Gate};

/// Whether the server can be reached; shared by all workers.
#[derive(Default)]
pub(super) struct Reach(Mutex<State>);

#[derive(Default)]
struct State {
    /// Connections that are open or being opened.
    engaged: usize,
    failures: u32,
    /// Until then no connection is tried, and why.
    down: Option<(Instant, String)>,
}

/// A connection that is open or being opened.
pub(super) struct Engaged<'r>(&'r Reach);

impl Reach {
    const FIRST_PAUSE: Duration = Duration::from_secs(1);
    const LONGEST_PAUSE: Duration = Duration::from_secs(60);

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before a connection is tried; the error is why none is to be tried now.
    pub(super) fn engage(&self) -> Result<Engaged<'_>, String> {
        let mut state = self.state();
        match &state.down {
            Some((until, reason)) if state.engaged == 0 && Instant::now() < *until => {
                Err(reason.clone())
            }
            _ => {
                state.engaged += 1;
                Ok(Engaged(self))
            }
        }
    }

    pub(super) fn connected(&self) {
        let mut state = self.state();
        if state.failures > 0 {
            tracing::info!("the mail server takes connections again");
        }
        state.failures = 0;
        // A failure of just now may mean that this connection was the last to be granted.
        let now = Instant::now();
        state.down.take_if(|(until, _)| *until <= now);
    }

    pub(super) fn failed(&self, reason: &str) {
        let mut state = self.state();
        if state.failures == 0 {
            tracing::warn!("{reason}");
        }
        let pause = Reach::FIRST_PAUSE * 2u32.saturating_pow(state.failures.min(6));
        state.failures += 1;
        state.down = Some((
            Instant::now() + pause.min(Reach::LONGEST_PAUSE),
            reason.to_owned(),
        ));
    }

    /// A server may allow fewer connections than are configured. Then the workers that have one
    /// carry the letters, and those that have none must not hand them back as undeliverable: they
    /// wait, and then (`true`) try to connect before they take a letter.
    pub(super) async fn must_try_first<G: Gate>(&self, desk: &Desk<'_, G>) -> bool {
        const LOOK_AROUND: Duration = Duration::from_millis(200);
        loop {
            let until = match &*self.state() {
                State {
                    engaged: 1..,
                    down: Some((until, _)),
                    ..
                } if !desk.is_over() => *until,
                _ => return false,
            };
            let now = Instant::now();
            if until <= now {
                return !desk.letters.is_empty();
            }
            tokio::select! {
                () = desk.cancel.cancelled() => return false,
                () = sleep_until(until.min(now + LOOK_AROUND)) => {}
            }
        }
    }
}

impl Drop for Engaged<'_> {
    fn drop(&mut self) {
        self.0.state().engaged -= 1;
    }
}
