//! What becomes of letters when the server behaves, and when it does not.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_util::sync::CancellationToken;
use wici::config::{MailServer, Protocol, Security};
use wici::domain::{Address, DeliveryKey, Outcome, RunKey, SubscriberKey};
use wici::mail::{Gate, Letter, Mailer, Report, ServerMailer, Timeouts, queue};

use crate::smtp_server::SmtpServer;

mod connections;
mod extensions;
mod outbox;
mod outcomes;
mod table;
mod tls;

const SOON: Duration = Duration::from_secs(10);

/// Admits all but these subscribers.
struct AllBut(HashSet<u64>);

impl Gate for AllBut {
    async fn admit(&self, key: DeliveryKey) -> bool {
        !self.0.contains(&key.subscriber.0)
    }
}

fn letter(n: u64) -> Letter {
    letter_with(
        n,
        &format!("Subject: number {n}\r\n\r\nLine one\r\n.hidden\r\n..\r\nend\r\n"),
    )
}

fn letter_with(n: u64, text: &str) -> Letter {
    Letter {
        key: DeliveryKey {
            run: RunKey(7),
            subscriber: SubscriberKey(n),
        },
        from: Address::parse("wici@portal.example").expect("an address"),
        to: Address::parse(&format!("reader{n}@example.org")).expect("an address"),
        text: text.to_owned(),
    }
}

/// A mailer of one connection, and what to do with it.
struct Sending {
    settings: MailServer,
    connections: usize,
    timeouts: Timeouts,
    gate: AllBut,
}

fn over(server: &SmtpServer) -> Sending {
    Sending {
        settings: MailServer {
            place: server.place(),
            protocol: Protocol::Smtp,
            security: Security::None,
            roots: Vec::new(),
            credentials: None,
        },
        connections: 1,
        timeouts: Timeouts::default(),
        gate: AllBut(HashSet::new()),
    }
}

impl Sending {
    fn connections(mut self, connections: usize) -> Sending {
        self.connections = connections;
        self
    }

    fn secured(mut self, security: Security, root: &CertificateDer<'static>) -> Sending {
        self.settings.security = security;
        self.settings.roots.push(root.clone());
        self
    }

    fn logged_in_as(mut self, user: &str, password: &str) -> Sending {
        self.settings.credentials = Some((user.to_owned(), password.to_owned()));
        self
    }

    fn without(mut self, subscribers: impl IntoIterator<Item = u64>) -> Sending {
        self.gate.0.extend(subscribers);
        self
    }

    fn by_lmtp(mut self) -> Sending {
        self.settings.protocol = Protocol::Lmtp;
        self
    }

    fn impatient(self) -> Sending {
        self.with_timeouts(|limits| {
            for limit in [
                &mut limits.connect,
                &mut limits.greeting,
                &mut limits.ehlo,
                &mut limits.auth,
                &mut limits.mail,
                &mut limits.rcpt,
                &mut limits.data,
                &mut limits.block,
                &mut limits.dot,
                &mut limits.idle,
                &mut limits.quit,
            ] {
                *limit = Duration::from_millis(200);
            }
        })
    }

    fn with_timeouts(mut self, change: impl FnOnce(&mut Timeouts)) -> Sending {
        change(&mut self.timeouts);
        self
    }

    fn mailer(&self) -> Mailer {
        let mailer = ServerMailer::new(&self.settings, self.connections, "portal.example");
        Mailer::Server(Box::new(
            mailer
                .expect("a mailer")
                .with_timeouts(self.timeouts.clone()),
        ))
    }

    /// Sends letters 1 to `n`; their outcomes in that order.
    async fn letters(self, n: u64) -> Vec<Outcome> {
        self.these((1..=n).map(letter).collect()).await
    }

    async fn these(self, letters: Vec<Letter>) -> Vec<Outcome> {
        deliver(&self.mailer(), &self.gate, letters).await
    }
}

/// Every worker over all the letters; exactly one report a letter, or the test fails.
async fn deliver(mailer: &Mailer, gate: &AllBut, letters: Vec<Letter>) -> Vec<Outcome> {
    let keys: Vec<DeliveryKey> = letters.iter().map(|letter| letter.key).collect();
    let (sender, receiver) = queue(letters.len());
    for letter in letters {
        sender.try_send(letter).expect("room in the queue");
    }
    drop(sender);
    let (reports, mut received) = mpsc::channel(keys.len() * 2 + 1);
    let workers = (0..mailer.workers()).map(|_| {
        mailer.work(
            receiver.clone(),
            gate,
            reports.clone(),
            CancellationToken::new(),
        )
    });
    tokio::time::timeout(SOON * 3, all(workers))
        .await
        .expect("an end");
    drop(reports);
    let mut outcomes = HashMap::new();
    while let Some(Report { key, outcome, .. }) = received.recv().await {
        let former = outcomes.insert(key, outcome);
        assert_eq!(former, None, "{key:?} was reported twice");
    }
    keys.iter()
        .map(|key| outcomes.remove(key).expect("a report for each letter"))
        .collect()
}

/// Runs futures side by side, to the end of all.
async fn all<F: Future<Output = ()>>(futures: impl Iterator<Item = F>) {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        futures.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        match futures.is_empty() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}

fn deferred(text: &str) -> Outcome {
    Outcome::Deferred(text.to_owned())
}

fn refused(text: &str) -> Outcome {
    Outcome::Refused(text.to_owned())
}

fn accepted_by(server: &SmtpServer) -> Vec<String> {
    assert_eq!(server.violations(), Vec::<String>::new());
    let messages = server.messages().into_iter();
    messages.filter(|m| m.accepted).map(|m| m.to).collect()
}
