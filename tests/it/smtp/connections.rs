//! Connections: none, few, idle, and stopped.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wici::config::Place;
use wici::domain::Outcome::{self, Accepted, Suppressed};
use wici::mail::{Report, queue};

use super::{accepted_by, deferred, letter, over};
use crate::smtp_server::SmtpServer;

#[tokio::test]
async fn letters_come_back_at_once_while_the_server_is_away() {
    let port = {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        closed.local_addr().expect("its address").port()
    };
    let server = SmtpServer::start();
    let mut sending = over(&server).connections(3);
    sending.settings.place = Place::Tcp {
        host: "localhost".to_owned(),
        port,
    };
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
async fn nothing_more_goes_when_nobody_takes_reports() {
    let server = SmtpServer::start();
    let sending = over(&server);
    let (sender, receiver) = queue(10);
    for n in 1..=10 {
        sender.try_send(letter(n)).expect("room in the queue");
    }
    let (reports, received) = mpsc::channel::<Report>(1);
    drop(received);
    let cancel = CancellationToken::new();
    let mailer = sending.mailer();
    let left = receiver.clone();
    mailer.work(receiver, &sending.gate, reports, cancel).await;
    assert_eq!(left.len(), 10);
    assert!(server.messages().is_empty());
}
