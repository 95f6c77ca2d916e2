//! Planning and settling among many subscribers: what it costs beside a pass over all of them, per
//! recipient as there are more, and in memory.
//!
//! `cargo bench --bench plan [-- SUBSCRIBERS]` (1,000,000). Builds two stores by the store's verbs,
//! one of a hundredth of the subscribers, and measures each in a process of its own.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark stands outside the daemon: it prints, and has a clock of its own"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp};
use wici::domain::delivery::{InDoubt, RetryPolicy};
use wici::domain::publication::Found;
use wici::domain::{
    Address, Basis, Batch, Cadence, Filter, Guards, Language, NewSubscription, Outcome, Pass,
    PublicationId, Run, SubscriberKey, TagId, TagMention,
};
use wici::store::{Open, Store};

/// Subscribers made in one transaction, and planned in one, as the daemon does.
const BATCH: u64 = 2_000;
const PAGE: usize = 2_048;
/// Claimed at a time, as the daemon does; settled at a time.
const CLAIMS: usize = 512;
const SETTLED: usize = 128;
/// How many subscribe to what few do, and to what a digest is made of.
const FEW: u64 = 100;
const SOME: u64 = 10_000;
/// Tags of the rest.
const TAGS: u64 = 200;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["seed", folder, number] => seed(Path::new(folder), number.parse()?).await,
        ["measure", folder, number] => measure(Path::new(folder), number.parse()?).await,
        _ => compare(&words),
    }
}

fn compare(words: &[String]) -> anyhow::Result<()> {
    let number = words.iter().find_map(|word| word.parse().ok());
    let most: u64 = number.unwrap_or(1_000_000);
    let own = std::env::current_exe()?;
    let folder = tempfile::tempdir()?;
    let step = |what: &str, number: u64| -> anyhow::Result<()> {
        let site = folder.path().join(number.to_string());
        let status = Command::new(&own)
            .args([what, &site.to_string_lossy(), &number.to_string()])
            .status()?;
        ensure!(status.success(), "{what}: {status}");
        Ok(())
    };
    let numbers = [most / 100, most];
    for number in numbers {
        step("seed", number)?;
    }
    println!("\n| subscribers | {} |", FIGURES.join(" | "));
    println!("| ---: |{}", " ---: |".repeat(FIGURES.len()));
    for number in numbers {
        step("measure", number)?;
    }
    Ok(())
}

const FIGURES: [&str; 8] = [
    "a pass over all",
    "plan 100",
    "plan 10,000",
    "send 10,000 (µs each)",
    "plan all (µs each)",
    "send all (µs each)",
    "resident, at most",
    "and with all",
];

async fn seed(folder: &Path, number: u64) -> anyhow::Result<()> {
    let store = Store::open(folder, Open::OrCreate, [7; 16])?;
    let began = Instant::now();
    apply(&store, &[]).await?;
    for first in (0..number).step_by(BATCH as usize) {
        let batch = (first..number.min(first + BATCH)).map(|n| request(n, number));
        let batch = batch.collect::<anyhow::Result<_>>()?;
        store.subscribe_all(batch, Timestamp::now()).await?;
    }
    println!(
        "{number} subscribed in {:.1?}, {} MB resident at most",
        began.elapsed(),
        resident_at_most()? >> 20
    );
    Ok(())
}

async fn measure(folder: &Path, number: u64) -> anyhow::Result<()> {
    let store = Store::open(folder, Open::Existing, [7; 16])?;
    let pass = pass(&store).await?;
    let (few, _) = run(&store, "few", "rzadki", FEW.min(number)).await?;
    let some = SOME.min(number / 2);
    let (plan_some, send_some) = run(&store, "some", "czesty", some).await?;
    let resident = resident_at_most()?;
    let (plan_all, send_all) = run(&store, "all", "kazdy", number).await?;
    let each = |time: Duration, by: u64| time.as_secs_f64() * 1e6 / by as f64;
    println!(
        "| {number} | {pass:.2?} | {few:.2?} | {plan_some:.2?} | {:.1} | {:.1} | {:.1} | {} MB | {} MB |",
        each(send_some, some),
        each(plan_all, number),
        each(send_all, number),
        resident >> 20,
        resident_at_most()? >> 20,
    );
    Ok(())
}

/// Looks at every subscriber, as planning without an index would.
async fn pass(store: &Store) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let (tags, language) = (BTreeSet::from([tag("rzadki")?]), Language::parse("pl")?);
    let (mut after, mut passed) = (SubscriberKey(0), 0);
    loop {
        let page = store.subscribers(after, 1024).await?;
        let Some(last) = page.last() else { break };
        after = last.key;
        let asks = page.iter().flat_map(|subscriber| &subscriber.subscriptions);
        passed += asks
            .filter(|one| one.filter.passes(&tags, &language))
            .count();
    }
    ensure!(passed > 0, "nobody subscribes to it");
    Ok(began.elapsed())
}

/// Publishes something, plans its run, and settles everybody: how long planning and settling took.
async fn run(
    store: &Store,
    name: &str,
    tag: &str,
    expected: u64,
) -> anyhow::Result<(Duration, Duration)> {
    apply(store, &[file(name, tag)?]).await?;
    let now = Timestamp::now();
    let began = Instant::now();
    let run = store.open_run(daily(), now, None, now).await?;
    let run = plan(store, run).await?;
    let planned = began.elapsed();
    ensure!(run.counts.pending == expected, "{name}: {:?}", run.counts);
    let began = Instant::now();
    let policy = RetryPolicy {
        retry_for: SignedDuration::from_hours(72),
        in_doubt: InDoubt::Resend,
    };
    let mut settled = 0;
    loop {
        let claims = store
            .claim(CLAIMS, SignedDuration::from_hours(2), now)
            .await?;
        if claims.is_empty() {
            break;
        }
        for piece in claims.chunks(SETTLED) {
            let outcomes = piece.iter().map(|claim| (claim.key, Outcome::Accepted));
            store.settle(outcomes.collect(), policy, now).await?;
            settled += piece.len() as u64;
        }
    }
    ensure!(settled == expected, "{settled} settled");
    Ok((planned, began.elapsed()))
}

async fn plan(store: &Store, mut run: Run) -> anyhow::Result<Run> {
    while !run.planned {
        let planned = store.plan(run.key, PAGE, Timestamp::now()).await?;
        run = planned.context("the run is gone")?;
    }
    Ok(run)
}

async fn apply(store: &Store, found: &[Found]) -> anyhow::Result<()> {
    let guards = Guards {
        max_age: SignedDuration::from_hours(168),
        hold_over: 25,
    };
    let batch = Batch {
        source: "pages".to_owned(),
        found: found.to_vec(),
        missing: Vec::new(),
        pass: Pass::EndOfScan,
    };
    store.apply(batch, Timestamp::now(), guards).await?;
    Ok(())
}

fn file(name: &str, tag: &str) -> anyhow::Result<Found> {
    Ok(Found {
        path: format!("{name}.md"),
        declared_id: None,
        minted_id: PublicationId(format!("tag:portal.example,2026:pages/{name}")),
        title: name.to_owned(),
        link: format!("https://portal.example/{name}/"),
        language: Language::parse("pl")?,
        published: None,
        updated: None,
        tags: vec![TagMention {
            id: self::tag(tag)?,
            label: tag.to_owned(),
            defined: false,
        }],
        summary: String::new(),
        body: format!("<p>{name}</p>").into(),
        authors: Vec::new(),
        archived: None,
        change_note: None,
        translation_of: None,
        tie: None,
        image: None,
        enclosures: Vec::new(),
        expires: None,
        flaws: Vec::new(),
    })
}

/// Each wants one of many tags and what everybody wants; some also what some want, few what few do.
fn request(n: u64, number: u64) -> anyhow::Result<NewSubscription> {
    let mut any = BTreeSet::from([tag("kazdy")?, tag(&format!("temat-{}", n % TAGS))?]);
    if n.is_multiple_of((number / FEW).max(1)) {
        any.insert(tag("rzadki")?);
    }
    if n.is_multiple_of((number / SOME.min(number / 2)).max(1)) {
        any.insert(tag("czesty")?);
    }
    Ok(NewSubscription {
        address: Address::parse(&format!("reader{n}@example.org"))?,
        language: Language::parse("pl")?,
        timezone: "Europe/Warsaw".to_owned(),
        basis: Basis::Administrator,
        filter: Filter {
            any,
            ..Filter::default()
        },
        cadence: daily(),
    })
}

fn daily() -> Cadence {
    Cadence {
        schedule: "daily".to_owned(),
        zone: None,
    }
}

fn tag(name: &str) -> anyhow::Result<TagId> {
    TagId::new(name).map_err(|error| anyhow::anyhow!("{name}: {error}"))
}

/// The most memory that the process has had, in bytes, as proc(5) tells it.
fn resident_at_most() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.context("VmHWM")?.parse::<u64>()? << 10)
}
