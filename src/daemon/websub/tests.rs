//! Pushes to a sink in this process, by a clock that the test turns.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::config;
use crate::config::tests::SITE;
use crate::domain::Sequence;
use crate::domain::websub::Subscription;
use crate::feed::Format;
use crate::publish::{Publisher, Version};
use crate::store::{Follow, StoreError};
use crate::web::{Intent, Mode};

type Tested = Result<(), Box<dyn std::error::Error>>;

const TOPIC: &str = "all.atom";

/// Answers each path as it is told, 200 where it is not, and remembers what came.
struct Sink {
    address: std::net::SocketAddr,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    statuses: BTreeMap<String, u16>,
    /// Of `Retry-After`, by path.
    waits: BTreeMap<String, String>,
    /// Paths that were asked by GET, with their queries.
    asked: Vec<String>,
    bodies: BTreeMap<String, Vec<String>>,
    at_once: usize,
    most_at_once: usize,
}

/// The path is not answered.
const SILENT: u16 = 0;

impl Sink {
    async fn start() -> std::io::Result<Sink> {
        let listener = TcpListener::bind("0.0.0.0:0").await?;
        let address = ([127, 0, 0, 1], listener.local_addr()?.port()).into();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let shared = Arc::clone(&heard);
        #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Sink::answer(stream, Arc::clone(&shared)));
            }
        });
        Ok(Sink { address, heard })
    }

    async fn answer(stream: TcpStream, heard: Arc<Mutex<Heard>>) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let target = line.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let asked = line.starts_with("GET ").then(|| target.to_owned());
        let challenge = target.split_once("hub.challenge=");
        let challenge = challenge.map(|(_, rest)| rest.split('&').next().unwrap_or_default());
        let challenge = challenge.unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            stream.read_line(&mut line).await?;
            match line.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap_or(0),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let (status, wait) = {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            // A large one is none to look at.
            body.truncate(1_000);
            let body = String::from_utf8_lossy(&body).into_owned();
            match asked {
                Some(target) => heard.asked.push(target),
                None => heard.bodies.entry(path.clone()).or_default().push(body),
            }
            heard.at_once += 1;
            heard.most_at_once = heard.most_at_once.max(heard.at_once);
            let status = heard.statuses.get(&path).copied().unwrap_or(200);
            (status, heard.waits.get(&path).cloned())
        };
        if status == SILENT {
            std::future::pending::<()>().await;
        }
        // Others get their turn meanwhile.
        tokio::task::yield_now().await;
        let wait = wait.map_or(String::new(), |wait| format!("Retry-After: {wait}\r\n"));
        let length = challenge.len();
        let answer =
            format!("HTTP/1.1 {status} So\r\n{wait}Content-Length: {length}\r\n\r\n{challenge}");
        heard.lock().unwrap_or_else(PoisonError::into_inner).at_once -= 1;
        stream.write_all(answer.as_bytes()).await
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn says(&self, path: &str, status: u16) {
        self.heard().statuses.insert(path.to_owned(), status);
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What came to a path.
    fn came(&self, path: &str) -> Vec<String> {
        self.heard().bodies.get(path).cloned().unwrap_or_default()
    }
}

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
        let version = Version {
            media_type: Format::Atom.media_type(),
            bytes: text.as_bytes().to_vec(),
            sequence: Sequence(sequence),
            modified: self.now,
            recipe: String::new(),
            parts: Vec::new(),
            fresh: None,
        };
        self.publisher.put(TOPIC, version).map(drop)
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

/// `cargo test --release --lib a_hundred_thousand -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn a_hundred_thousand_subscriptions_of_one_topic() -> Tested {
    const NUMBER: usize = 100_000;
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path(), crate::store::Open::OrCreate, [7; 16])?;
    let (bench, sink) = (Bench::over(store)?, Sink::start().await?);
    let mut work = tokio::task::JoinSet::new();
    let bench = Arc::new(bench);
    for number in 0..NUMBER {
        // Hosts of their own: 127.0.0.0/8 is all this machine.
        let [_, high, middle, low] = (number as u32 / 16 + 1).to_be_bytes();
        let port = sink.address.port();
        let callback = format!("http://127.{high}.{middle}.{low}:{port}/{number}");
        let bench = Arc::clone(&bench);
        work.spawn(async move { bench.follow(callback).await });
        if work.len() >= 512 {
            work.join_next().await;
        }
    }
    while work.join_next().await.is_some() {}
    bench.publish(
        2,
        &"<entry>a feed of a hundred kilobytes</entry>".repeat(2_300),
    )?;
    let began = std::time::Instant::now();
    let status = || std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = |status: String| {
        status
            .lines()
            .find(|l| l.starts_with("VmRSS"))
            .map(str::to_owned)
    };
    let before = resident(status());
    bench.pushing().tick(bench.now, 0).await?;
    println!(
        "{NUMBER} pushes in {:.1} s; {before:?} before, {:?} after",
        began.elapsed().as_secs_f64(),
        resident(status())
    );
    Ok(())
}
