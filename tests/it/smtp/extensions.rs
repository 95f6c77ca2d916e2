//! Places to send to, LMTP, and what a server may offer.

use wici::domain::Address;
use wici::domain::Outcome::Accepted;

use super::{accepted_by, letter, letter_with, over, refused};
use crate::smtp_server::{Phase, SmtpServer};

#[tokio::test]
async fn letters_go_by_lmtp_over_the_network_and_to_a_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    for server in [
        SmtpServer::start(),
        SmtpServer::start_at_socket(&folder.path().join("lmtp")),
    ] {
        let server = server.speaking_lmtp();
        let outcomes = over(&server).by_lmtp().letters(5).await;
        assert_eq!(outcomes, vec![Accepted; 5]);
        assert_eq!(accepted_by(&server).len(), 5);
        assert_eq!(server.commands()[0], "LHLO portal.example");
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn an_empty_message_which_lmtp_never_answers_is_not_written() {
    let server = SmtpServer::start()
        .speaking_lmtp()
        .lenient_with_data()
        .reply_to(Phase::Rcpt, ["550 5.1.1 no such user"]);
    let outcomes = over(&server).by_lmtp().letters(2).await;
    assert_eq!(outcomes, [refused("550 5.1.1 no such user"), Accepted]);
}

#[tokio::test]
async fn letters_go_by_ipv6() {
    let server = SmtpServer::start_by_ipv6();
    assert_eq!(over(&server).letters(3).await, vec![Accepted; 3]);
    assert_eq!(accepted_by(&server).len(), 3);
}

#[tokio::test]
async fn a_letter_that_is_larger_than_the_server_takes_is_refused_at_once() {
    let server = SmtpServer::start().taking_at_most(1_000);
    let fits = letter_with(1, &"123456\r\n".repeat(125));
    let large = letter_with(2, &"123456\r\n".repeat(126));
    let outcomes = over(&server).these(vec![fits, large, letter(3)]).await;
    let reason = "the message has 1008 bytes, and the mail server takes 1000 at the most";
    assert_eq!(outcomes, [Accepted, refused(reason), Accepted]);
    let commands = server.commands().join("\n");
    assert!(!commands.contains("reader2@"), "{commands}");
    assert_eq!(server.connections(), 1);

    // RFC 1870, 4: 0 is no limit.
    let server = SmtpServer::start().taking_at_most(0);
    assert_eq!(over(&server).letters(1).await, [Accepted]);
}

#[tokio::test]
async fn an_address_that_needs_utf8_goes_where_that_is_offered_and_fails_alone_elsewhere() {
    let mut foreign = letter_with(2, "To: żółw@example.org\r\n\r\ntext\r\n");
    foreign.to = Address::parse("żółw@example.org").expect("an address");
    let letters = || vec![letter(1), foreign.clone(), letter(3)];

    let server = SmtpServer::start().offering_utf8();
    assert_eq!(over(&server).these(letters()).await, vec![Accepted; 3]);
    let commands = server.commands().join("\n");
    assert!(commands.contains(" BODY=8BITMIME SMTPUTF8\nRCPT TO:<żółw@example.org>"));
    assert_eq!(commands.matches("SMTPUTF8").count(), 1);

    let server = SmtpServer::start();
    let outcomes = over(&server).these(letters()).await;
    let reason = "the mail server can't take this address: it does not offer SMTPUTF8";
    assert_eq!(outcomes, [Accepted, refused(reason), Accepted]);
    assert!(
        server
            .messages()
            .iter()
            .all(|message| message.data.is_ascii())
    );
}
