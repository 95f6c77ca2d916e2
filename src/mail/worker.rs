//! One connection's life: connect, carry letters, idle, quit; and back off when that fails.

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;

use super::hello::Door;
use super::reach::{Engaged, Reach};
use super::smtp::{Connection, Lead, Verdict};
use super::timeouts::Timeouts;
use super::tls::Tls;
use super::{Desk, Gate, Letter};
use crate::config::{MailServer, Place, Security};
use crate::domain::Outcome;

/// Sends letters to one server over several connections.
pub struct ServerMailer {
    door: Door,
    connections: usize,
    timeouts: Timeouts,
    reach: Reach,
}

impl std::fmt::Debug for ServerMailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerMailer({})", self.door.place)
    }
}

impl ServerMailer {
    /// See [`super::Mailer::from_config`].
    ///
    /// # Errors
    /// TLS is asked for and no trusted certificate was found, or the server's name is not one.
    pub fn new(
        server: &MailServer,
        connections: usize,
        helo: &str,
    ) -> anyhow::Result<ServerMailer> {
        let tls = match (&server.place, server.security) {
            (_, Security::None) | (Place::Unix(_), _) => None,
            (Place::Tcp { host, .. }, security) => Some((security, Tls::to(host, &server.roots)?)),
        };
        let credentials = server
            .credentials
            .clone()
            .map(|(user, password)| Credentials::new(user, password));
        Ok(ServerMailer {
            door: Door {
                place: server.place.clone(),
                protocol: server.protocol,
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
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> ServerMailer {
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
            Some(letter) => match desk.admitted(letter).await {
                Some(letter) => acceptable(&connection, letter, desk).await,
                None => None,
            },
            None => None,
        };
        let mut fresh = true;
        loop {
            let alive = match &lead {
                Lead::Nothing => true,
                Lead::Reset => connection.clear(Lead::RESET, next.as_ref()).await.is_ok(),
                Lead::NoBody => connection.clear(Lead::NO_BODY, next.as_ref()).await.is_ok(),
                Lead::Body(letter) => {
                    let (outcome, alive) = match desk.gate.begin_text(letter.key).await {
                        true => connection.body(letter, next.as_ref()).await,
                        false => (
                            Outcome::Deferred("stopped before its text".to_owned()),
                            false,
                        ),
                    };
                    let reply = connection.receipt();
                    desk.hand_in(letter.key, outcome, reply).await;
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
            next = waiting(&connection, desk).await;
            while next.is_none() && matches!(lead, Lead::Nothing) {
                let Some(letter) = desk.next(Some(self.timeouts.idle)).await else {
                    connection.quit().await;
                    return None;
                };
                next = acceptable(&connection, letter, desk).await;
            }
        }
    }
}

/// A letter that this server can be offered; another is handed in as refused.
async fn acceptable<G: Gate>(
    connection: &Connection,
    letter: Letter,
    desk: &Desk<'_, G>,
) -> Option<Letter> {
    match connection.objection(&letter) {
        None => Some(letter),
        Some(reason) => {
            desk.report(letter.key, Outcome::Refused(reason)).await;
            None
        }
    }
}

/// The next letter that this server can be offered, if one is waiting.
async fn waiting<G: Gate>(connection: &Connection, desk: &Desk<'_, G>) -> Option<Letter> {
    loop {
        let letter = desk.next_waiting().await?;
        if let Some(letter) = acceptable(connection, letter, desk).await {
            return Some(letter);
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
