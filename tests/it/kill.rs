//! `kill -9` in the middle of a run: nobody is missed, and next to nothing goes out twice. A few
//! kills in every test run; many more by `scripts/soak`.

mod soak;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wici::domain::{Address, Basis, Cadence, Filter, Language, NewSubscription};
use wici::store::{Open, Store};

use crate::harness::{Running, Site, Written, parse, wait_for};
use crate::smtp_server::{Message, SmtpServer};

const SUBSCRIBERS: usize = 2_000;
const ROUNDS: usize = 50;
/// Letters a second that the sink takes.
const PACE: usize = 2_000;
/// The configuration's default.
const CONNECTIONS: usize = 10;
/// What may be uncommitted when the kill comes: the acceptances of 20 ms, and an unread answer a
/// connection.
const TWICE: usize = PACE * 20 / 1_000 + CONNECTIONS;
/// Where the machine does not keep the time, their number is the limit.
const TWICE_AT_MOST: usize = 256 + CONNECTIONS;
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

/// A crowd, a sink that takes its time, and what came of the kills so far.
struct Trial {
    server: SmtpServer,
    site: Running,
    rounds: usize,
    /// Kills that met the run between 5 % and 95 % of it.
    in_the_middle: usize,
    twice: Vec<usize>,
}

impl Trial {
    fn begin() -> Trial {
        let server = SmtpServer::start().pace(PACE as u32);
        // A page a round is no flood.
        let guards = "[guards]\nhold_over = 10000\n";
        let site = Site::new().mailing_to(&server).with(guards).write();
        subscribe(&site, SUBSCRIBERS);
        Trial {
            server,
            site: site.start().after_first_scan(),
            rounds: 0,
            in_the_middle: 0,
            twice: Vec::new(),
        }
    }

    /// A page goes out to everybody, and the daemon is killed once so many letters are through.
    fn round(mut self, target: usize) -> Trial {
        self.publish();
        let has_begun = self.server.wait_for(target, PATIENCE);
        assert!(has_begun, "round {}: the run did not begin", self.rounds);
        self.kill_at_work().finish()
    }

    fn publish(&mut self) {
        self.rounds += 1;
        let number = self.rounds;
        self.site.save(
            &format!("page{number}.md"),
            &format!("---\ntitle: Page {number}\n---\nText.\n"),
        );
    }

    fn kill_at_work(mut self) -> Trial {
        self.site = self.site.kill_and_restart();
        let at_the_kill = self.server.messages().len();
        self.in_the_middle +=
            usize::from((SUBSCRIBERS / 20..SUBSCRIBERS * 19 / 20).contains(&at_the_kill));
        self
    }

    /// Waits until everybody has the page, and looks who has it twice.
    fn finish(mut self) -> Trial {
        let round = self.rounds;
        let whole = || by_recipient(&self.server.messages()).len() == SUBSCRIBERS;
        wait_for("everybody's mail", || whole().then_some(()));
        self.site.closed_run(round as u64);
        let messages = self.server.take_messages();
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
        self.twice.push(twice.len());
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
        self
    }

    fn end(&self) {
        assert!(
            self.in_the_middle * 10 >= self.rounds * 9,
            "only {} of {} kills met a run",
            self.in_the_middle,
            self.rounds
        );
        let timely = self.twice.iter().filter(|twice| **twice <= TWICE).count();
        assert!(
            timely * 10 >= self.rounds * 9,
            "written twice, by rounds: {:?}; hardly ever should it be over {TWICE}",
            self.twice
        );
        let violations = self.server.violations();
        assert!(violations.is_empty(), "{violations:?}");
    }
}

#[test]
fn killed_fifty_times_nobody_is_missed_and_hardly_anybody_written_twice() {
    // Kills are spread evenly over the run.
    let targets = (0..ROUNDS).map(|round| SUBSCRIBERS * (2 * round + 1) / (2 * ROUNDS));
    targets.fold(Trial::begin(), Trial::round).end();
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
