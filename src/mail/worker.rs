//! One connection's life: connect, carry letters, idle, quit; and back off when that fails.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::hello::Door;
use super::smtp::{Connection, Lead, Timeouts, Verdict};
use super::tls::Tls;
use super::{Desk, Gate, Letter};
use crate::config::{Security, SmtpServer};
use crate::domain::Outcome;

/// Sends letters to one server over several connections.
pub struct SmtpMailer {
    door: Door,
    connections: usize,
    timeouts: Timeouts,
    reach: Reach,
}

impl std::fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SmtpMailer({}:{})", self.door.host, self.door.port)
    }
}

impl SmtpMailer {
    /// See [`super::Mailer::from_config`].
    ///
    /// # Errors
    /// TLS is asked for and no trusted certificate was found, or the server's name is not one.
    pub fn new(
        server: &SmtpServer,
        connections: usize,
        helo: &str,
        extra_roots: &[CertificateDer<'static>],
    ) -> anyhow::Result<SmtpMailer> {
        let tls = match server.security {
            Security::None => None,
            security => Some((security, Tls::to(&server.host, extra_roots)?)),
        };
        let credentials = server
            .credentials
            .clone()
            .map(|(user, password)| Credentials::new(user, password));
        Ok(SmtpMailer {
            door: Door {
                host: server.host.clone(),
                port: server.port,
                tls,
                credentials,
                helo: client_id(helo),
            },
            connections: connections.max(1),
            timeouts: Timeouts::default(),
            reach: Reach::default(),
        })
    }

    /// Other timeouts than the default ones.
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> SmtpMailer {
        self.timeouts = timeouts;
        self
    }

    /// Connections at the most.
    pub fn connections(&self) -> usize {
        self.connections
    }

    pub(super) async fn work<G: Gate>(&self, desk: Desk<'_, G>) {
        // A letter whose connection ended before its text went is offered again at once, and,
        // being the first on its new connection, no more than once.
        let mut again = None;
        loop {
            let first = match again.take() {
                Some(letter) => Some(letter),
                None if self.reach.must_try_first(&desk).await => None,
                None => match desk.next(None).await {
                    Some(letter) => Some(letter),
                    None => return,
                },
            };
            match (self.open(&desk).await, first) {
                (Ok((connection, _engaged)), first) => {
                    again = self.carry(connection, first, &desk).await;
                }
                (Err(reason), Some(letter)) => {
                    desk.report(letter.key, Outcome::Deferred(reason)).await;
                }
                (Err(_), None) => {}
            }
        }
    }

    async fn open<G: Gate>(&self, desk: &Desk<'_, G>) -> Result<(Connection, Engaged<'_>), String> {
        let engaged = self.reach.engage()?;
        let result = tokio::select! {
            biased;
            () = desk.cancel.cancelled() => return Err("stopped before it was begun".to_owned()),
            result = self.door.open(&self.timeouts) => result,
        };
        match result {
            Ok(connection) => {
                self.reach.connected();
                Ok((connection, engaged))
            }
            Err(error) => {
                let reason = error.to_string();
                self.reach.failed(&reason);
                Err(reason)
            }
        }
    }

    /// Carries `first`, if there is one, and whatever else comes, to the connection's end.
    /// Returns a letter that is to be offered again over another.
    async fn carry<G: Gate>(
        &self,
        mut connection: Connection,
        first: Option<Letter>,
        desk: &Desk<'_, G>,
    ) -> Option<Letter> {
        let mut lead = Lead::Nothing;
        // Connecting took time.
        let mut next = match first {
            Some(letter) => desk.admitted(letter).await,
            None => None,
        };
        let mut fresh = true;
        loop {
            let alive = match &lead {
                Lead::Nothing => true,
                Lead::Reset => connection.clear(Lead::RESET, next.as_ref()).await.is_ok(),
                Lead::NoBody => connection.clear(Lead::NO_BODY, next.as_ref()).await.is_ok(),
                Lead::Body(letter) => {
                    let (outcome, alive) = connection.body(letter, next.as_ref()).await;
                    desk.report(letter.key, outcome).await;
                    alive
                }
            };
            if !alive {
                return next;
            }
            lead = match next.take() {
                None => Lead::Nothing,
                Some(letter) => match offer(&mut connection, letter, fresh, desk).await {
                    Ok(lead) => lead,
                    Err(again) => return again,
                },
            };
            fresh &= matches!(lead, Lead::Nothing);
            next = desk.next_waiting().await;
            if next.is_none() && matches!(lead, Lead::Nothing) {
                next = desk.next(Some(self.timeouts.idle)).await;
                if next.is_none() {
                    connection.quit().await;
                    return None;
                }
            }
        }
    }
}

/// Offers a letter over a connection that is `fresh`, or that served others before. Returns what
/// must be said next, or, when the connection is at its end, the letter if it is to be offered
/// again over another.
async fn offer<G: Gate>(
    connection: &mut Connection,
    letter: Letter,
    fresh: bool,
    desk: &Desk<'_, G>,
) -> Result<Lead, Option<Letter>> {
    let (outcome, lead) = match connection.envelope(&letter).await {
        Ok(Verdict::Taken) => return Ok(Lead::Body(letter)),
        Ok(Verdict::Refused(refusal, lead)) => (refusal.outcome(&letter.to), Ok(lead)),
        // A server that has had enough of this connection may like another.
        Ok(Verdict::Closed(refusal)) if refusal.closing && !fresh => return Err(Some(letter)),
        Ok(Verdict::Closed(refusal)) => (refusal.outcome(&letter.to), Err(None)),
        Err(lost) if !lost.timed_out && !fresh => return Err(Some(letter)),
        Err(lost) => (Outcome::Deferred(lost.reason), Err(None)),
    };
    desk.report(letter.key, outcome).await;
    lead
}

/// The EHLO argument (RFC 5321, 4.1.3): a name, or an address as a literal.
fn client_id(helo: &str) -> ClientId {
    match helo.trim_matches(['[', ']']).parse() {
        Ok(std::net::IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(std::net::IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(helo.to_owned()),
    }
}

/// Whether the server can be reached; shared by all workers.
#[derive(Default)]
struct Reach(Mutex<State>);

#[derive(Default)]
struct State {
    /// Connections that are open or being opened.
    engaged: usize,
    failures: u32,
    /// Until then no connection is tried, and why.
    down: Option<(Instant, String)>,
}

/// A connection that is open or being opened.
struct Engaged<'r>(&'r Reach);

impl Reach {
    const FIRST_PAUSE: Duration = Duration::from_secs(1);
    const LONGEST_PAUSE: Duration = Duration::from_secs(60);

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before a connection is tried; the error is why none is to be tried now.
    fn engage(&self) -> Result<Engaged<'_>, String> {
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

    fn connected(&self) {
        let mut state = self.state();
        if state.failures > 0 {
            tracing::info!("the mail server takes connections again");
        }
        state.failures = 0;
        // A failure of just now may mean that this connection was the last to be granted.
        let now = Instant::now();
        state.down.take_if(|(until, _)| *until <= now);
    }

    fn failed(&self, reason: &str) {
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
    async fn must_try_first<G: Gate>(&self, desk: &Desk<'_, G>) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ehlo_names_an_address_as_a_literal() {
        assert_eq!(client_id("portal.example").to_string(), "portal.example");
        assert_eq!(client_id("127.0.0.1").to_string(), "[127.0.0.1]");
        assert_eq!(client_id("[::1]").to_string(), "[IPv6:::1]");
    }
}
