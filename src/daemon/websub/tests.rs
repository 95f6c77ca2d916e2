//! Pushes to a sink in this process, by a clock that the test turns.

mod sink;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::config;
use crate::config::tests::SITE;
use crate::domain::Sequence;
use crate::domain::websub::Subscription;
use crate::feed::Format;
use crate::publish::{Publisher, Version};
use crate::store::{Follow, StoreError};
use crate::web::{Intent, Mode};
use sink::{SILENT, Sink};

type Tested = Result<(), Box<dyn std::error::Error>>;

const TOPIC: &str = "all.atom";

struct Bench {
    hands: Hands,
    publisher: Publisher,
    now: Timestamp,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn over(store: Store) -> Result<Bench, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let websub = "[websub]\nallow_private = true\nmax_subscriptions = 1000000\n\
            max_per_host = 1000000\n";
        let text = format!("{SITE}{websub}");
        let config = config::parse(&text, Path::new("daemon.toml"), folder.path());
        let config = config.map_err(|problems| format!("{problems:?}"))?;
        let publisher = Publisher::open(folder.path().join("feeds"))?;
        let hands = Hands::new(&store, &publisher.shelf(), &Arc::new(config))?;
        let bench = Bench {
            hands,
            publisher,
            now: "2026-11-24T08:00:00Z".parse()?,
            _folder: folder,
        };
        bench.publish(1, "first")?;
        Ok(bench)
    }

    fn new() -> Result<Bench, Box<dyn std::error::Error>> {
        Bench::over(Store::in_memory()?)
    }

    fn publish(&self, sequence: u64, text: &str) -> std::io::Result<()> {
        self.publish_at(TOPIC, sequence, text)
    }

    fn publish_at(&self, path: &str, sequence: u64, text: &str) -> std::io::Result<()> {
        let version = Version {
            media_type: Format::Atom.media_type(),
            bytes: text.as_bytes().to_vec(),
            sequence: Sequence(sequence),
            modified: self.now,
            recipe: String::new(),
            parts: Vec::new(),
            fresh: None,
        };
        self.publisher.put(path, version).map(drop)
    }

    async fn follow(&self, callback: String) -> Result<(), StoreError> {
        let follow = Follow {
            topic: TOPIC.to_owned(),
            subscription: Subscription {
                callback,
                secret: Some("between us".to_owned()),
                expires: self.now + SignedDuration::from_hours(24 * 10),
                failing: None,
                due: None,
            },
            sequence: Sequence(1),
            most: [u64::MAX; 2],
        };
        self.hands.store.follow(follow).await.map(drop)
    }

    fn pushing(&self) -> Pushing {
        Pushing::new(self.hands.clone())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_get_each_change_once_and_never_all_at_the_same_time() -> Tested {
    let (bench, sink) = (Bench::new()?, Sink::start().await?);
    let paths: Vec<String> = (0..5_000).map(|number| format!("/{number}")).collect();
    for path in &paths {
        bench.follow(sink.url(path)).await?;
    }
    let mut pushing = bench.pushing();
    pushing.tick(bench.now, 0).await?;
    assert!(sink.heard().bodies.is_empty(), "nothing has changed");
    bench.publish(2, "second")?;
    pushing.tick(bench.now, 0).await?;
    bench.publish(3, "third")?;
    pushing.tick(bench.now, 0).await?;
    for path in &paths {
        assert_eq!(sink.came(path), ["second", "third"], "{path}");
    }
    assert!(sink.heard().most_at_once <= 16);
    let (_, topic) = bench.hands.store.topics().await?.remove(0);
    assert_eq!((topic.walk, topic.sequence), (None, Sequence(3)));
    Ok(())
}

#[tokio::test]
async fn who_could_not_take_it_is_pushed_the_newest_later_and_once() -> Tested {
    let (mut bench, sink) = (Bench::new()?, Sink::start().await?);
    for path in ["/well", "/ill"] {
        bench.follow(sink.url(path)).await?;
    }
    sink.says("/ill", 503);
    let mut pushing = bench.pushing();
    for (sequence, text) in [(2, "second"), (3, "third")] {
        bench.publish(sequence, text)?;
        pushing.tick(bench.now, 0).await?;
    }
    assert_eq!(sink.came("/well"), ["second", "third"]);
    assert_eq!(sink.came("/ill"), ["second"], "it is left in peace");
    bench.now += SignedDuration::from_mins(5);
    sink.says("/ill", 200);
    // Another process goes on from what is in the store.
    let mut pushing = bench.pushing();
    pushing.tick(bench.now, 0).await?;
    bench.now += SignedDuration::from_hours(24);
    pushing.tick(bench.now, 0).await?;
    assert_eq!(sink.came("/ill"), ["second", "third"]);
    assert_eq!(sink.came("/well").len(), 2);
    Ok(())
}

#[tokio::test]
async fn who_asks_for_time_is_pushed_to_once_it_is_over() -> Tested {
    // What is said, and when the push is due again: in so many minutes.
    let cases = [
        ("/past", 503, "Tue, 24 Nov 2026 07:30:00 GMT", 1),
        ("/other", 500, "1800", 1),
        ("/seconds", 429, "1800", 30),
        ("/date", 503, "Tue, 24 Nov 2026 08:30:00 GMT", 30),
        ("/years", 503, "99999999", 24 * 60),
    ];
    for (path, status, wait, minutes) in cases {
        let (bench, sink) = (Bench::new()?, Sink::start().await?);
        bench.follow(sink.url(path)).await?;
        sink.says(path, status);
        sink.heard().waits.insert(path.to_owned(), wait.to_owned());
        let mut pushing = bench.pushing();
        bench.publish(2, "second")?;
        pushing.tick(bench.now, 0).await?;
        let due = bench.now + SignedDuration::from_mins(minutes);
        for (now, number) in [(due - SignedDuration::from_secs(1), 1), (due, 2)] {
            pushing.tick(now, 0).await?;
            assert_eq!(sink.came(path).len(), number, "{status} {wait}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn who_is_down_for_three_days_is_dropped() -> Tested {
    let (mut bench, sink) = (Bench::new()?, Sink::start().await?);
    bench.follow(sink.url("/ill")).await?;
    sink.says("/ill", 500);
    let mut pushing = bench.pushing();
    bench.publish(2, "second")?;
    for _ in 0..48 {
        pushing.tick(bench.now, 0).await?;
        bench.now += SignedDuration::from_hours(1);
    }
    let tries = sink.came("/ill").len();
    assert!((5..=8).contains(&tries), "{tries}");
    assert_eq!(bench.hands.store.count_followers().await?, 1);
    bench.now += SignedDuration::from_hours(25);
    bench.publish(3, "third")?;
    pushing.tick(bench.now, 0).await?;
    assert_eq!(bench.hands.store.count_followers().await?, 0);
    Ok(())
}

#[tokio::test]
async fn whose_lease_has_ended_is_not_pushed_to() -> Tested {
    let (mut bench, sink) = (Bench::new()?, Sink::start().await?);
    bench.follow(sink.url("/late")).await?;
    bench.now += SignedDuration::from_hours(24 * 10);
    bench.follow(sink.url("/there")).await?;
    bench.publish(2, "second")?;
    bench.pushing().tick(bench.now, 0).await?;
    assert_eq!(sink.came("/there"), ["second"]);
    assert!(sink.came("/late").is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_who_is_silent() -> Tested {
    let (bench, sink) = (Bench::new()?, Sink::start().await?);
    let paths: Vec<String> = (0..400).map(|number| format!("/{number}")).collect();
    for path in &paths {
        bench.follow(sink.url(path)).await?;
    }
    for path in paths.iter().step_by(40) {
        sink.says(path, SILENT);
    }
    bench.publish(2, "second")?;
    let mut pushing = bench.pushing();
    let now = bench.now;
    let everyone_heard = async {
        while sink.heard().bodies.len() < paths.len() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        done = pushing.tick(now, 0) => Err(format!("the silent ones were not waited for: {done:?}").into()),
        () = everyone_heard => Ok(()),
    }
}

#[tokio::test]
async fn a_host_that_has_too_much_to_do_is_left_alone_for_a_while() -> Tested {
    let (mut bench, sink) = (Bench::new()?, Sink::start().await?);
    let port = sink.address.port();
    let ill: Vec<String> = (0..100).map(|number| format!("/ill/{number}")).collect();
    for path in &ill {
        bench
            .follow(format!("http://127.0.0.2:{port}{path}"))
            .await?;
        sink.says(path, 503);
    }
    bench.follow(sink.url("/well")).await?;
    let mut pushing = bench.pushing();
    bench.publish(2, "second")?;
    pushing.tick(bench.now, 0).await?;
    let tried: usize = ill.iter().map(|path| sink.came(path).len()).sum();
    assert!((8..=24).contains(&tried), "{tried}");
    assert_eq!(sink.came("/well"), ["second"]);
    assert_eq!(bench.hands.store.count_pushes().await?, 100);
    sink.heard().statuses.clear();
    bench.now += SignedDuration::from_mins(2);
    pushing.tick(bench.now, 0).await?;
    for path in &ill {
        assert_eq!(sink.came(path).last().map(String::as_str), Some("second"));
    }
    assert_eq!(bench.hands.store.count_pushes().await?, 0);
    Ok(())
}

/// More callbacks of one host than are read ahead.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_silent_holds_up_its_own_alone() -> Tested {
    let (bench, sink) = (Bench::new()?, Sink::start().await?);
    let port = sink.address.port();
    for number in 0..2_500 {
        let path = format!("/silent/{number}");
        bench
            .follow(format!("http://127.0.0.2:{port}{path}"))
            .await?;
        sink.says(&path, SILENT);
    }
    let well: Vec<String> = (0..250).map(|number| format!("/{number}")).collect();
    for path in &well {
        bench.follow(sink.url(path)).await?;
    }
    bench.publish(2, "second")?;
    let mut pushing = bench.pushing();
    let everyone_heard = async {
        while !well.iter().all(|path| sink.came(path).len() == 1) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        done = pushing.tick(bench.now, 0) => Err(format!("the silent ones were waited for: {done:?}").into()),
        () = everyone_heard => Ok(()),
    }
}

fn intent(callback: &str, mode: Mode) -> Result<Intent, url::ParseError> {
    Ok(Intent {
        mode,
        topic: TOPIC.to_owned(),
        topic_url: format!("http://127.0.0.1:8080/feeds/{TOPIC}"),
        callback: callback.parse()?,
        secret: None,
        lease: SignedDuration::from_hours(1),
    })
}

#[tokio::test]
async fn who_confirmed_and_cannot_be_subscribed_is_told_so() -> Tested {
    let clock: Clock = Arc::new(|| Timestamp::UNIX_EPOCH);
    let (mut bench, sink) = (Bench::new()?, Sink::start().await?);
    bench.follow(sink.url("/there")).await?;
    let mut full = Config::clone(&bench.hands.config);
    full.websub.most = 1;
    bench.hands.config = Arc::new(full);
    let hands = &bench.hands;
    let subscribe = intent(&sink.url("/full"), Mode::Subscribe)?;
    hands.verify(subscribe, "challenge", &clock).await?;
    // Withdrawn while the request waited.
    bench.publisher.retain(|_| false)?;
    let subscribe = intent(&sink.url("/withdrawn"), Mode::Subscribe)?;
    hands.verify(subscribe, "challenge", &clock).await?;
    let denied: Vec<String> = sink
        .heard()
        .asked
        .iter()
        .filter_map(|target| target.split_once("?hub.mode=denied&hub.topic="))
        .map(|(path, rest)| format!("{path} {}", rest.split_once('&').unwrap_or_default().1))
        .collect();
    assert_eq!(
        denied,
        [
            "/full hub.reason=too+many+subscriptions",
            "/withdrawn hub.reason=there+is+no+such+feed+any+more",
        ]
    );
    assert_eq!(hands.store.count_followers().await?, 1);
    // Who was subscribed to it may leave.
    let leave = intent(&sink.url("/there"), Mode::Unsubscribe)?;
    hands.verify(leave, "challenge", &clock).await?;
    assert_eq!(hands.store.count_followers().await?, 0);
    Ok(())
}

/// The clock stands still but for timeouts.
#[tokio::test(start_paused = true)]
async fn a_callback_that_never_answers_confirms_nothing() -> Tested {
    let (bench, sink) = (Bench::new()?, Sink::start().await?);
    sink.says("/silent", SILENT);
    let intent = intent(&sink.url("/silent"), Mode::Subscribe)?;
    let clock: Clock = Arc::new(|| Timestamp::UNIX_EPOCH);
    bench.hands.verify(intent, "challenge", &clock).await?;
    assert_eq!(bench.hands.store.count_followers().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_feed_that_another_hub_refuses_does_not_keep_the_others_from_it() -> Tested {
    let (mut bench, sink) = (Bench::new()?, Sink::start().await?);
    let mut config = Config::clone(&bench.hands.config);
    config.websub.hub = Hub::Other(sink.url("/hub").parse()?);
    bench.hands.config = Arc::new(config);
    sink.heard().refused = Some("all.atom".to_owned());
    let mut telling = Telling::new(bench.hands.clone(), Arc::default());
    telling.tick(bench.now, 0).await?;
    let topics: Vec<String> = (0..9).map(|number| format!("tag/{number}.atom")).collect();
    for topic in topics.iter().map(String::as_str).chain([TOPIC]) {
        bench.publish_at(topic, 2, "second")?;
    }
    let again = telling.tick(bench.now, 0).await?;
    assert!(again.is_some(), "it is told again of the one");
    let told = bench.hands.store.told().await?;
    let changed = told.iter().filter(|(_, sequence)| *sequence == Sequence(2));
    assert_eq!(changed.count(), topics.len());
    // A hub that can take no more is told of none.
    sink.says("/hub", 503);
    let before = sink.came("/hub").len();
    for topic in &topics {
        bench.publish_at(topic, 3, "third")?;
    }
    bench.now += SignedDuration::from_hours(1);
    telling.tick(bench.now, 0).await?;
    assert_eq!(sink.came("/hub").len() - before, 4);
    Ok(())
}
