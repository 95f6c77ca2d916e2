//! What becomes of letters when the server behaves, and when it does not.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;
use wici::config::{Security, SmtpServer as Settings};
use wici::domain::{Address, DeliveryKey, Outcome, RunKey, SubscriberKey};
use wici::mail::{Gate, Letter, Mailer, Outbox, Report, SmtpMailer, Timeouts, queue};

use crate::smtp_server::{Phase, SmtpServer};

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
        bytes: text.to_owned().into(),
    }
}

/// A mailer of one connection, and what to do with it.
struct Sending {
    settings: Settings,
    connections: usize,
    roots: Vec<CertificateDer<'static>>,
    timeouts: Timeouts,
    gate: AllBut,
}

fn over(server: &SmtpServer) -> Sending {
    Sending {
        settings: Settings {
            host: "localhost".to_owned(),
            port: server.port(),
            security: Security::None,
            credentials: None,
        },
        connections: 1,
        roots: Vec::new(),
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
        self.roots.push(root.clone());
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

    fn impatient(mut self) -> Sending {
        let short = Duration::from_millis(200);
        self.timeouts = Timeouts {
            connect: short,
            hello: short,
            command: short,
            message: short,
            idle: short,
            quit: short,
        };
        self
    }

    fn mailer(&self) -> Mailer {
        let smtp = SmtpMailer::new(
            &self.settings,
            self.connections,
            "portal.example",
            &self.roots,
        );
        Mailer::Smtp(Box::new(
            smtp.expect("a mailer").with_timeouts(self.timeouts.clone()),
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
    while let Some(Report { key, outcome }) = received.recv().await {
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

use Outcome::{Accepted, Suppressed};

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

#[tokio::test]
async fn letters_arrive_byte_for_byte_with_the_next_envelope_behind_each_dot() {
    let server = SmtpServer::start();
    assert_eq!(over(&server).letters(20).await, vec![Accepted; 20]);
    assert!(server.wait_for(20, SOON));
    for (n, message) in (1..).zip(server.messages()) {
        assert_eq!(message.data, letter(n).bytes);
        assert_eq!(message.from, "wici@portal.example");
        assert_eq!(message.to, letter(n).to.as_str());
    }
    assert_eq!(server.envelopes_behind_a_dot(), 19);
    assert_eq!(server.connections(), 1);
    assert_eq!(accepted_by(&server).len(), 20);
}

#[tokio::test]
async fn without_pipelining_everything_waits_for_its_answer() {
    let server = SmtpServer::start().without_pipelining();
    assert_eq!(over(&server).letters(5).await, vec![Accepted; 5]);
    assert_eq!(server.envelopes_behind_a_dot(), 0);
    assert_eq!(accepted_by(&server).len(), 5);
}

#[tokio::test]
async fn size_and_eight_bits_are_declared_and_goodbye_is_said() {
    let server = SmtpServer::start();
    let plain = letter_with(1, "a\r\n");
    let eight_bit = letter_with(2, "ż\r\n");
    assert_eq!(
        over(&server).these(vec![plain, eight_bit]).await,
        vec![Accepted; 2]
    );
    let commands = server.commands();
    assert!(commands.contains(&"EHLO portal.example".to_owned()));
    assert!(commands.contains(&"MAIL FROM:<wici@portal.example> SIZE=3".to_owned()));
    assert!(commands.contains(&"MAIL FROM:<wici@portal.example> SIZE=4 BODY=8BITMIME".to_owned()));
    assert_eq!(commands.last().map(String::as_str), Some("QUIT"));
    assert_eq!(commands.iter().filter(|c| c.starts_with("EHLO")).count(), 1);
}

#[tokio::test]
async fn a_refusal_in_any_phase_costs_only_its_letter() {
    for pipelining in [true, false] {
        for phase in [Phase::Mail, Phase::Rcpt, Phase::Data, Phase::End] {
            let server = SmtpServer::start().reply_to(
                phase,
                [
                    "250 ok",
                    "451 4.3.0 later",
                    "550 5.1.1 <reader3@example.org> unknown",
                ]
                .map(|reply| match (phase, reply) {
                    (Phase::Data, "250 ok") => "354 go on",
                    _ => reply,
                }),
            );
            let server = if pipelining {
                server
            } else {
                server.without_pipelining()
            };
            let outcomes = over(&server).letters(4).await;
            let expected = [
                Accepted,
                deferred("451 4.3.0 later"),
                refused("550 5.1.1 <r…@example.org> unknown"),
                Accepted,
            ];
            assert_eq!(outcomes, expected, "{phase:?}, pipelining: {pipelining}");
            let accepted = accepted_by(&server);
            assert_eq!(accepted, ["reader1@example.org", "reader4@example.org"]);
            assert_eq!(server.connections(), 1, "{phase:?}");
        }
    }
}

#[tokio::test]
async fn data_granted_to_a_refused_envelope_gets_an_empty_message() {
    let server = SmtpServer::start()
        .lenient_with_data()
        .reply_to(Phase::Rcpt, ["550 5.1.1 no such user", "250 ok"]);
    let outcomes = over(&server).letters(3).await;
    assert_eq!(
        outcomes,
        [refused("550 5.1.1 no such user"), Accepted, Accepted]
    );
    assert_eq!(accepted_by(&server).len(), 2);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_server_that_takes_nobody_is_left_with_its_answers() {
    let server = SmtpServer::start().refuse_rcpt("550 5.1.1 no such user");
    let outcomes = over(&server).letters(50).await;
    assert_eq!(outcomes, vec![refused("550 5.1.1 no such user"); 50]);
    assert_eq!(server.connections(), 1);
    assert_eq!(server.violations(), Vec::<String>::new());
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn a_drop_after_the_dot_is_doubt_for_that_letter_alone() {
    for pipelining in [true, false] {
        let server = SmtpServer::start().drop_after_the_dot(1);
        let server = if pipelining {
            server
        } else {
            server.without_pipelining()
        };
        let outcomes = over(&server).letters(3).await;
        assert!(matches!(outcomes[0], Outcome::InDoubt(_)), "{outcomes:?}");
        assert_eq!(outcomes[1..], [Accepted, Accepted]);
        assert_eq!(server.messages().len(), 3);
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn a_drop_before_the_body_is_no_doubt() {
    for phase in [Phase::Mail, Phase::Rcpt, Phase::Data] {
        // The first letter of a connection waits; a later one goes again over the next.
        let server = SmtpServer::start().drop_at(phase, 1);
        let outcomes = over(&server).letters(2).await;
        let reason = "the server closed the connection";
        assert_eq!(outcomes, [deferred(reason), Accepted], "{phase:?}");

        let later = match phase {
            Phase::Data => "354 go on",
            _ => "250 ok",
        };
        let server = SmtpServer::start().reply_to(phase, [later, "421 4.3.2 closing"]);
        assert_eq!(
            over(&server).letters(3).await,
            vec![Accepted; 3],
            "{phase:?}"
        );
        assert_eq!(server.connections(), 2);
        assert_eq!(accepted_by(&server).len(), 3);
    }
}

#[tokio::test]
async fn a_message_that_broke_off_before_its_dot_is_no_doubt() {
    // More than the system's buffers take, so that the dot can't have left.
    let long = letter_with(1, &"A line of a long message.\r\n".repeat(2_000_000));
    let server = SmtpServer::start().drop_at(Phase::Body, 1);
    let outcomes = over(&server).these(vec![long, letter(2)]).await;
    assert!(matches!(outcomes[0], Outcome::Deferred(_)), "{outcomes:?}");
    assert_eq!(outcomes[1], Accepted);
}

#[tokio::test]
async fn a_421_closes_the_connection_and_the_next_letter_takes_another() {
    for phase in [Phase::Mail, Phase::Rcpt, Phase::Data, Phase::End] {
        let server = SmtpServer::start().close_with_421_at(phase);
        let outcomes = over(&server).letters(2).await;
        assert_eq!(
            outcomes,
            [deferred("421 4.3.2 closing"), Accepted],
            "{phase:?}"
        );
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn silence_ends_in_time_and_is_doubt_only_after_the_dot() {
    for phase in [
        Phase::Greeting,
        Phase::Ehlo,
        Phase::Mail,
        Phase::Rcpt,
        Phase::Data,
    ] {
        let server = SmtpServer::start().silent_at(phase);
        let outcomes = over(&server).impatient().letters(1).await;
        assert!(
            matches!(outcomes[0], Outcome::Deferred(_)),
            "{phase:?}: {outcomes:?}"
        );
        assert!(server.messages().is_empty());
    }
    let server = SmtpServer::start().silent_at(Phase::End);
    let outcomes = over(&server).impatient().letters(1).await;
    assert_eq!(
        outcomes,
        [Outcome::InDoubt(
            "no answer in time: the final dot".to_owned()
        )]
    );
}

#[tokio::test]
async fn answers_that_make_no_sense_end_the_connection() {
    let server = SmtpServer::start().reply_to(Phase::Mail, ["354 what?"]);
    let outcomes = over(&server).letters(2).await;
    assert_eq!(outcomes, [deferred("unexpected answer to MAIL"), Accepted]);

    let server = SmtpServer::start().reply_to_data_end(["999 ?", "250-multi\r\n250 line"]);
    let outcomes = over(&server).letters(2).await;
    assert!(matches!(outcomes[0], Outcome::InDoubt(_)), "{outcomes:?}");
    assert_eq!(outcomes[1], Accepted);
}

#[tokio::test]
async fn letters_come_back_at_once_while_the_server_is_away() {
    let port = {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        closed.local_addr().expect("its address").port()
    };
    let server = SmtpServer::start();
    let mut sending = over(&server).connections(3);
    sending.settings.port = port;
    let outcomes = sending.letters(100).await;
    for outcome in outcomes {
        let Outcome::Deferred(reason) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(
            reason.starts_with("can't reach the mail server: "),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_server_that_allows_fewer_connections_gets_the_letters_over_those() {
    let server = SmtpServer::start().allowing_connections(2).pace(200);
    let outcomes = over(&server).connections(5).letters(100).await;
    let accepted = outcomes.iter().filter(|o| **o == Accepted).count();
    assert!(accepted >= 97, "{accepted} of 100 were accepted");
    for outcome in outcomes.iter().filter(|o| **o != Accepted) {
        let said = "the mail server said: 421 4.7.0 too many connections";
        assert_eq!(*outcome, deferred(said));
    }
}

#[tokio::test]
async fn who_is_not_admitted_gets_nothing() {
    let server = SmtpServer::start();
    let outcomes = over(&server).without([1, 3]).letters(4).await;
    assert_eq!(outcomes, [Suppressed, Accepted, Suppressed, Accepted]);
    let commands = server.commands().join("\n");
    assert!(!commands.contains("reader1@") && !commands.contains("reader3@"));
}

#[tokio::test]
async fn what_is_not_text_is_refused_and_not_sent() {
    let server = SmtpServer::start();
    let mut binary = letter(1);
    binary.bytes = vec![b'a', 0xff, b'\r', b'\n'].into();
    let outcomes = over(&server).these(vec![binary, letter(2)]).await;
    assert_eq!(
        outcomes,
        [refused("the message is not UTF-8 text"), Accepted]
    );
}

#[tokio::test]
async fn a_stop_finishes_the_wire_and_leaves_the_queue() {
    let server = SmtpServer::start().pace(50);
    let sending = over(&server);
    let (mailer, gate) = (sending.mailer(), &sending.gate);
    let (sender, receiver) = queue(100);
    for n in 1..=100 {
        sender.try_send(letter(n)).expect("room in the queue");
    }
    let (reports, mut received) = mpsc::channel::<Report>(200);
    let cancel = CancellationToken::new();
    let stop = async {
        let first = received.recv().await;
        cancel.cancel();
        let mut all = Vec::from_iter(first);
        while let Some(report) = received.recv().await {
            all.push(report);
        }
        all
    };
    let work = mailer.work(receiver.clone(), gate, reports, cancel.clone());
    let ((), reported) = tokio::join!(work, stop);
    assert!(reported.iter().all(|report| report.outcome == Accepted));
    assert_eq!(reported.len(), accepted_by(&server).len());
    assert_eq!(reported.len() + receiver.len(), 100);
    assert!(receiver.len() >= 97, "{} were left", receiver.len());
}

#[tokio::test]
async fn an_idle_connection_is_given_up_and_made_again() {
    let server = SmtpServer::start();
    let sending = over(&server).impatient();
    let (mailer, gate) = (sending.mailer(), &sending.gate);
    let (sender, receiver) = queue(1);
    let (reports, mut received) = mpsc::channel::<Report>(2);
    let caller = async {
        for n in 1..=2 {
            sender.send(letter(n)).await.expect("a worker");
            assert_eq!(
                received.recv().await.map(|report| report.outcome),
                Some(Accepted)
            );
            let server = &server;
            let quiet = || server.wait_for_silence(Duration::ZERO);
            while !quiet() {
                tokio::task::yield_now().await;
            }
        }
        drop(sender);
    };
    let work = mailer.work(receiver, gate, reports, CancellationToken::new());
    tokio::join!(work, caller);
    assert_eq!(server.connections(), 2);
    assert_eq!(server.commands().iter().filter(|c| *c == "QUIT").count(), 2);
}

#[tokio::test]
async fn every_letter_has_one_outcome_and_it_is_true() {
    for seed in 1..=30u64 {
        let server = SmtpServer::start().unpredictable(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let server = if seed % 3 == 0 {
            server.without_pipelining()
        } else {
            server
        };
        let server = if seed % 4 == 0 {
            server.lenient_with_data()
        } else {
            server
        };
        let gone = [5, 50, 51, 119];
        let sending = over(&server).connections(3).without(gone);
        let outcomes = sending.letters(120).await;

        let mut copies: HashMap<String, (usize, usize)> = HashMap::new();
        for message in server.messages() {
            let (arrived, accepted) = copies.entry(message.to).or_default();
            *arrived += 1;
            *accepted += usize::from(message.accepted);
        }
        for (n, outcome) in (1..).zip(&outcomes) {
            let to = letter(n).to.as_str().to_owned();
            let (arrived, accepted) = copies.remove(&to).unwrap_or_default();
            let true_of = match outcome {
                Accepted => arrived == 1 && accepted == 1,
                Outcome::Deferred(_) | Outcome::Refused(_) => accepted == 0,
                Outcome::InDoubt(_) => arrived <= 1 && accepted == 0,
                Suppressed => arrived == 0 && gone.contains(&n),
            };
            assert!(
                true_of,
                "seed {seed}: {to} {outcome:?}, {arrived} arrived, {accepted} accepted"
            );
        }
        assert_eq!(server.violations(), Vec::<String>::new(), "seed {seed}");
        assert!(
            outcomes.iter().filter(|o| **o == Accepted).count() > 30,
            "seed {seed}"
        );
    }
}

/// A certificate authority and a server certificate of it.
fn certificate(name: &str) -> (CertificateDer<'static>, Arc<ServerConfig>) {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a root");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new([name.to_owned()])
        .and_then(|params| params.signed_by(&key, &authority))
        .expect("a certificate");
    let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("a certificate that fits its key");
    (authority.der().clone(), Arc::new(config))
}

#[tokio::test]
async fn starttls_and_tls_carry_letters() {
    let (root, config) = certificate("localhost");
    let server = SmtpServer::start().offering_starttls(Arc::clone(&config));
    let sending = over(&server).secured(Security::StartTls, &root);
    assert_eq!(sending.letters(5).await, vec![Accepted; 5]);
    assert_eq!(
        server.commands()[..3],
        ["EHLO portal.example", "STARTTLS", "EHLO portal.example"]
    );

    let server = SmtpServer::start().over_tls(config);
    let sending = over(&server).secured(Security::Tls, &root);
    assert_eq!(sending.letters(5).await, vec![Accepted; 5]);
    assert_eq!(accepted_by(&server).len(), 5);
}

#[tokio::test]
async fn nothing_goes_in_the_clear_where_starttls_is_demanded() {
    let (root, _) = certificate("localhost");
    let server = SmtpServer::start();
    let outcomes = over(&server)
        .secured(Security::StartTls, &root)
        .letters(1)
        .await;
    let reason = "the mail server does not offer STARTTLS, which `smtp://` demands";
    assert_eq!(outcomes, [deferred(reason)]);
    assert_eq!(server.commands(), ["EHLO portal.example"]);
}

#[tokio::test]
async fn what_is_slipped_in_behind_starttls_is_noticed() {
    let (root, config) = certificate("localhost");
    let server = SmtpServer::start()
        .offering_starttls(config)
        .injecting(b"250-scripted\r\n250 AUTH PLAIN\r\n");
    let outcomes = over(&server)
        .secured(Security::StartTls, &root)
        .letters(1)
        .await;
    assert_eq!(
        outcomes,
        [deferred(
            "the mail server sent something before it was asked"
        )]
    );
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn a_certificate_of_another_name_or_maker_is_not_believed() {
    let (root, config) = certificate("other.example");
    let server = SmtpServer::start().over_tls(config);
    let outcomes = over(&server).secured(Security::Tls, &root).letters(1).await;
    assert!(
        matches!(&outcomes[0], Outcome::Deferred(r) if r.contains("TLS")),
        "{outcomes:?}"
    );

    let (stranger, _) = certificate("localhost");
    let (_, config) = certificate("localhost");
    let server = SmtpServer::start().over_tls(config);
    let outcomes = over(&server)
        .secured(Security::Tls, &stranger)
        .letters(1)
        .await;
    assert!(
        matches!(&outcomes[0], Outcome::Deferred(r) if r.contains("TLS")),
        "{outcomes:?}"
    );
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn login_comes_before_mail_and_its_failure_is_no_letters_fault() {
    let server = SmtpServer::start().requiring_auth();
    let sending = over(&server).logged_in_as("user", "secret");
    assert_eq!(sending.letters(2).await, vec![Accepted; 2]);

    let outcomes = over(&server).logged_in_as("user", "wrong").letters(1).await;
    let reason = "login to the mail server failed: 535 5.7.8 wrong user or password";
    assert_eq!(outcomes, [deferred(reason)]);

    let server = SmtpServer::start();
    let outcomes = over(&server).logged_in_as("user", "secret").letters(1).await;
    let reason = "the mail server offers neither AUTH PLAIN nor AUTH LOGIN";
    assert_eq!(outcomes, [deferred(reason)]);
}

#[tokio::test]
async fn the_outbox_holds_one_whole_file_a_letter() {
    let dir = tempfile::tempdir().expect("a folder");
    let outbox = dir.path().join("made/when/needed");
    let mailer = Mailer::Outbox(Outbox::new(&outbox));
    let gate = AllBut(HashSet::from([2]));
    let letters = || (1..=5).map(letter).collect::<Vec<_>>();
    for _ in 0..2 {
        let outcomes = deliver(&mailer, &gate, letters()).await;
        assert_eq!(
            outcomes,
            [Accepted, Suppressed, Accepted, Accepted, Accepted]
        );
    }
    let files = std::fs::read_dir(&outbox).expect("the folder");
    let mut names: Vec<_> = files.flatten().map(|file| file.file_name()).collect();
    names.sort();
    assert_eq!(names, ["7-1.eml", "7-3.eml", "7-4.eml", "7-5.eml"]);
    let bytes = std::fs::read(outbox.join("7-4.eml")).expect("a letter");
    assert_eq!(bytes, letter(4).bytes);
}

#[tokio::test]
async fn an_outbox_that_is_no_folder_defers() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mailer = Mailer::Outbox(Outbox::new(file.path()));
    let outcomes = deliver(&mailer, &AllBut(HashSet::new()), vec![letter(1)]).await;
    let expected = format!("can't write to {}: ", file.path().display());
    assert!(
        matches!(&outcomes[0], Outcome::Deferred(r) if r.starts_with(&expected)),
        "{outcomes:?}"
    );
}
