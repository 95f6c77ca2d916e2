//! `kill -9` in the middle of a run: nobody is missed, and next to nothing goes out twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wici::domain::{Address, Basis, Cadence, Filter, Language, NewSubscription};
use wici::store::{Open, Store};

use crate::harness::{Site, Written, parse};
use crate::smtp_server::{Message, SmtpServer};

const SUBSCRIBERS: usize = 2_000;
const ROUNDS: usize = 20;
/// Letters a second that the sink takes.
const PACE: usize = 1_000;
/// The configuration's default.
const CONNECTIONS: usize = 10;
/// What may be uncommitted when the kill comes: the acceptances of 20 ms, and an unread answer a
/// connection. A sink that was not given the processor for a while takes what it owed at once: one
/// more a connection.
const TWICE_AT_MOST: usize = PACE * 20 / 1_000 + 2 * CONNECTIONS;
const PATIENCE: Duration = Duration::from_secs(120);

/// Subscribes so many straight in the store: the daemon is not there yet.
pub fn subscribe(site: &Written, subscribers: usize) {
    let request = |number: usize| NewSubscription {
        address: Address::parse(&format!("reader{number}@example.org")).expect("an address"),
        language: Language::parse("pl").expect("a language"),
        timezone: "Europe/Warsaw".to_owned(),
        basis: Basis::Administrator,
        filter: Filter::default(),
        cadence: Cadence::immediate(),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = Store::open(&site.path().join("state"), Open::OrCreate, [1; 16]).expect("a store");
    let everyone = (0..subscribers).map(request).collect();
    runtime
        .block_on(store.subscribe_all(everyone, jiff::Timestamp::now()))
        .expect("subscribers");
}

/// The accepted messages by recipient.
fn by_recipient(messages: &[Message]) -> BTreeMap<&str, Vec<&Message>> {
    let mut by_recipient: BTreeMap<&str, Vec<&Message>> = BTreeMap::new();
    for message in messages.iter().filter(|message| message.accepted) {
        by_recipient.entry(&message.to).or_default().push(message);
    }
    by_recipient
}

#[test]
fn killed_twenty_times_nobody_is_missed_and_hardly_anybody_written_twice() {
    let server = SmtpServer::start().pace(PACE as u32);
    let site = Site::new().mailing_to(&server).write();
    subscribe(&site, SUBSCRIBERS);
    let mut site = site.start().after_first_scan();
    let mut in_the_middle = 0;
    for round in 0..ROUNDS {
        // Kills are spread evenly over the run.
        let target = SUBSCRIBERS * (2 * round + 1) / (2 * ROUNDS);
        site.save(
            &format!("page{round}.md"),
            &format!("---\ntitle: Page {round}\n---\nText.\n"),
        );
        assert!(
            server.wait_for(target, PATIENCE),
            "round {round}: the run did not begin"
        );
        site = site.kill_and_restart();
        let at_the_kill = server.messages().len();
        in_the_middle +=
            usize::from((SUBSCRIBERS / 20..SUBSCRIBERS * 19 / 20).contains(&at_the_kill));

        let whole = || by_recipient(&server.messages()).len() == SUBSCRIBERS;
        crate::harness::wait_for("everybody's mail", || whole().then_some(()));
        site.closed_run(round as u64 + 1);
        let messages = server.take_messages();
        let by_recipient = by_recipient(&messages);
        let twice: Vec<&Vec<&Message>> = by_recipient
            .values()
            .filter(|messages| messages.len() > 1)
            .collect();
        assert!(
            twice.len() <= TWICE_AT_MOST,
            "round {round}: {} of {SUBSCRIBERS} were written twice, at most {TWICE_AT_MOST} may be",
            twice.len()
        );
        for messages in twice {
            assert_eq!(messages.len(), 2, "{}", messages[0].to);
            assert!(
                messages[0].data == messages[1].data,
                "a repetition is the same to the byte"
            );
        }
        let sample = parse(&messages[0].data);
        assert_eq!(sample.subject(), Some(format!("Page {round}").as_str()));
        assert!(sample.message_id().is_some());
    }
    assert!(
        in_the_middle * 10 >= ROUNDS * 9,
        "only {in_the_middle} of {ROUNDS} kills met a run"
    );
    assert!(server.violations().is_empty(), "{:?}", server.violations());
}

/// Of the kills under `in_doubt = "skip"`.
const ROUNDS_OF_SKIPPING: usize = 6;

#[test]
fn killed_under_skip_nobody_is_written_twice_and_what_is_in_doubt_is_told() {
    let server = SmtpServer::start().pace(PACE as u32);
    let site = Site::new()
        .mailing_to(&server)
        .with_mail("in_doubt = \"skip\"")
        .write();
    subscribe(&site, SUBSCRIBERS);
    let mut site = site.start().after_first_scan();
    let mut doubtful = 0;
    for round in 0..ROUNDS_OF_SKIPPING {
        let target = SUBSCRIBERS * (2 * round + 1) / (2 * ROUNDS_OF_SKIPPING);
        site.save(
            &format!("page{round}.md"),
            &format!("---\ntitle: Page {round}\n---\nText.\n"),
        );
        assert!(
            server.wait_for(target, PATIENCE),
            "round {round}: the run did not begin"
        );
        site = site.kill_and_restart();
        let run = site.closed_run(round as u64 + 1);
        let messages = server.take_messages();
        let written: BTreeSet<&str> = messages.iter().map(|m| m.to.as_str()).collect();
        assert_eq!(
            written.len(),
            messages.len(),
            "round {round}: somebody was written twice"
        );
        let count = |state: &str| run["counts"][state].as_u64().expect("a count") as usize;
        let in_doubt = count("in_doubt");
        assert_eq!(count("sent") + in_doubt, SUBSCRIBERS, "{run}");
        assert!(in_doubt <= TWICE_AT_MOST, "{in_doubt} are in doubt");
        assert!(SUBSCRIBERS - written.len() <= in_doubt);
        let notable = run["notable"].as_array().expect("deliveries");
        let told = notable.iter().filter(|d| d["state"] == "in-doubt").count();
        assert_eq!(told, in_doubt);
        doubtful += in_doubt;
    }
    assert!(doubtful > 0, "no kill met a letter on its way");
    assert!(server.violations().is_empty(), "{:?}", server.violations());
}
