//! Each thing that can go wrong at each step, and what becomes of the letter.

use std::time::Duration;

use wici::config::Security;
use wici::domain::Outcome::{self, Accepted};
use wici::mail::Timeouts;

use super::tls::certificate;
use super::{Sending, letter, over};
use crate::smtp_server::{DROP, Phase, SILENT, SmtpServer};

const LATER: &str = "451 4.3.0 later";
const NEVER: &str = "550 5.1.1 no such user";
const NOT_FROM_YOU: &str = "554 5.7.1 relaying denied";
const CLOSING: &str = "421 4.3.2 closing";
const GARBAGE: &str = "hello? \u{7} żółw";

/// Before a letter is offered.
const ENTRY: [Phase; 4] = [Phase::Greeting, Phase::Ehlo, Phase::StartTls, Phase::Auth];
/// While it is.
const LETTER: [Phase; 4] = [Phase::Mail, Phase::Rcpt, Phase::Data, Phase::End];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Pipelined,
    LockStep,
    ByteByByte,
    Lmtp,
}

/// All that the server may answer in place of what it should.
fn answers() -> Vec<String> {
    let short = [
        LATER,
        NEVER,
        NOT_FROM_YOU,
        CLOSING,
        DROP,
        SILENT,
        GARBAGE,
        "",
    ];
    let line_of_megabytes = "4".repeat(3 << 20);
    let lines_of_megabytes = "450-more\r\n".repeat(300_000) + "450 enough";
    let long = [line_of_megabytes, lines_of_megabytes];
    short.map(str::to_owned).into_iter().chain(long).collect()
}

/// What must have become of a letter whose server gave such an answer there.
fn is_true(phase: Phase, answer: &str, outcome: &Outcome) -> bool {
    let is_an_answer = [LATER, NEVER, NOT_FROM_YOU, CLOSING].contains(&answer);
    match outcome {
        Outcome::Refused(reply) => {
            answer == NEVER
                && reply == NEVER
                && matches!(phase, Phase::Rcpt | Phase::Data | Phase::End)
        }
        Outcome::InDoubt(_) => phase == Phase::End && !is_an_answer,
        Outcome::Deferred(reply) => {
            let may_be_put_off = phase != Phase::End || is_an_answer;
            let says_why = !is_an_answer || reply.ends_with(answer);
            let was_refused = answer == NEVER && !ENTRY.contains(&phase) && phase != Phase::Mail;
            may_be_put_off && says_why && !was_refused
        }
        Outcome::Accepted | Outcome::Suppressed => false,
    }
}

/// Impatient in that phase, and as patient as ever in the others.
fn impatient_at(phase: Phase, limits: &mut Timeouts) {
    let short = Duration::from_millis(150);
    match phase {
        Phase::Greeting => limits.greeting = short,
        Phase::Ehlo | Phase::StartTls => limits.ehlo = short,
        Phase::Auth => limits.auth = short,
        Phase::Mail => limits.mail = short,
        Phase::Rcpt => limits.rcpt = short,
        Phase::Data => limits.data = short,
        Phase::Body | Phase::End => (limits.block, limits.dot) = (short, short),
    }
}

fn sending(server: &SmtpServer, way: Way, phase: Phase, answer: &str) -> Sending {
    let sending = over(server).with_timeouts(|limits| {
        if answer == SILENT {
            impatient_at(phase, limits);
        }
    });
    match way {
        Way::Lmtp => sending.by_lmtp(),
        _ => sending,
    }
}

fn server(way: Way) -> SmtpServer {
    let server = SmtpServer::start();
    match way {
        Way::Pipelined => server,
        Way::LockStep => server.without_pipelining(),
        Way::ByteByByte => server.answering_in_pieces(),
        Way::Lmtp => server.speaking_lmtp(),
    }
}

#[tokio::test]
async fn whatever_goes_wrong_with_a_letter_has_its_outcome_and_the_next_one_goes() {
    for way in [Way::Pipelined, Way::LockStep, Way::Lmtp] {
        for phase in LETTER {
            for answer in answers() {
                let server = server(way).reply_to(phase, [answer.as_str()]);
                let outcomes = sending(&server, way, phase, &answer).letters(2).await;
                let shown: String = answer.chars().take(30).collect();
                let at = format!("{way:?} {phase:?} {shown:?}: {outcomes:?}");
                assert!(is_true(phase, &answer, &outcomes[0]), "{at}");
                assert_eq!(outcomes[1], Accepted, "{at}");
                let accepted = server.messages().into_iter().filter(|m| m.accepted);
                let to: Vec<String> = accepted.map(|message| message.to).collect();
                assert_eq!(to, [letter(2).to.as_str()], "{at}");
                assert_eq!(server.violations(), Vec::<String>::new(), "{at}");
            }
        }
    }
}

#[tokio::test]
async fn whatever_goes_wrong_before_a_letter_puts_it_off() {
    let (root, config) = certificate("localhost");
    for phase in ENTRY {
        for answer in answers() {
            let server = SmtpServer::start()
                .offering_starttls(config.clone())
                .requiring_auth("PLAIN")
                .reply_to(phase, [answer.as_str()]);
            let outcomes = sending(&server, Way::Pipelined, phase, &answer)
                .secured(Security::StartTls, &root)
                .logged_in_as("user", "secret")
                .letters(1)
                .await;
            let shown: String = answer.chars().take(30).collect();
            let at = format!("{phase:?} {shown:?}: {outcomes:?}");
            assert!(matches!(outcomes[0], Outcome::Deferred(_)), "{at}");
            assert!(is_true(phase, &answer, &outcomes[0]), "{at}");
            assert_eq!(server.messages(), [], "{at}");
        }
    }
}

#[tokio::test]
async fn answers_may_come_in_pieces() {
    let server = server(Way::ByteByByte).reply_to(Phase::Rcpt, ["250 ok", LATER, NEVER]);
    let outcomes = over(&server).letters(5).await;
    let refused = Outcome::Refused(NEVER.to_owned());
    let put_off = Outcome::Deferred(LATER.to_owned());
    assert_eq!(outcomes, [Accepted, put_off, refused, Accepted, Accepted]);
    assert_eq!(server.connections(), 1);
    assert_eq!(server.violations(), Vec::<String>::new());
}
