//! Fills a site's store with subscribers to everything, for benchmarks:
//! `seed-subscribers SITE_DIR NUMBER [SCHEDULE]`. The daemon must not be running.
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark stands outside the daemon: it has a clock of its own"
)]

use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use wici::domain::{Address, Basis, Cadence, Filter, IMMEDIATE, Language, NewSubscription};
use wici::store::{Open, Store};

/// Subscribers made in one transaction.
const BATCH: u64 = 5_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [site, number, rest @ ..] = arguments.as_slice() else {
        anyhow::bail!("usage: seed-subscribers SITE_DIR NUMBER [SCHEDULE]");
    };
    let number: u64 = number.parse().context("NUMBER")?;
    let schedule = rest.first().map_or(IMMEDIATE, String::as_str);
    let store = Store::open(&Path::new(site).join("state"), Open::OrCreate, [0; 16])?;
    for first in (0..number).step_by(BATCH as usize) {
        let batch = (first..number.min(first + BATCH)).map(|n| request(n, schedule));
        store
            .subscribe_all(batch.collect::<anyhow::Result<_>>()?, Timestamp::now())
            .await?;
    }
    Ok(())
}

fn request(number: u64, schedule: &str) -> anyhow::Result<NewSubscription> {
    Ok(NewSubscription {
        address: Address::parse(&format!("reader{number}@example.org"))?,
        language: Language::parse("pl")?,
        timezone: "Europe/Warsaw".to_owned(),
        basis: Basis::Administrator,
        filter: Filter::default(),
        cadence: Cadence {
            schedule: schedule.to_owned(),
            zone: None,
        },
    })
}
