//! Each outcome in each phase, pipelined and not.

use std::collections::HashMap;

use wici::domain::Outcome::{self, Accepted, Suppressed};

use super::{SOON, accepted_by, deferred, letter, letter_with, over, refused};
use crate::smtp_server::{DROP, Phase, SmtpServer};

#[tokio::test]
async fn letters_arrive_byte_for_byte_with_the_next_envelope_behind_each_dot() {
    let server = SmtpServer::start();
    assert_eq!(over(&server).letters(20).await, vec![Accepted; 20]);
    assert!(server.wait_for(20, SOON));
    for (n, message) in (1..).zip(server.messages()) {
        assert_eq!(message.data, letter(n).text.as_bytes());
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
                // Of whom the letter is for MAIL says nothing yet.
                match phase {
                    Phase::Mail => deferred("550 5.1.1 <r…@example.org> unknown"),
                    _ => refused("550 5.1.1 <r…@example.org> unknown"),
                },
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

        let granted = match phase {
            Phase::Data => "354 go on",
            _ => "250 ok",
        };
        for end in [DROP, "421 4.3.2 closing"] {
            let server = SmtpServer::start().reply_to(phase, [granted, end]);
            let outcomes = over(&server).letters(3).await;
            assert_eq!(outcomes, vec![Accepted; 3], "{phase:?} {end}");
            assert_eq!(server.connections(), 2);
            assert_eq!(accepted_by(&server).len(), 3);
        }
    }
}

#[tokio::test]
async fn a_message_that_broke_off_before_its_dot_is_no_doubt() {
    // More than the system's buffers take, so that the dot can't have left.
    let long = letter_with(1, &"A line of a long message.\r\n".repeat(2_000_000));
    let server = SmtpServer::start()
        .taking_at_most(0)
        .drop_at(Phase::Body, 1);
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
