//! A sample of each mail to one address, over the real transport. Nothing of it is remembered.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::preview::compose;
use super::samples::{self, Kind, Sample};
use super::{Desk, Refusal};
use crate::domain::{Address, Cadence, Claim, DeliveryKey, Filter, Outcome, RunKey, SubscriberKey};
use crate::mail::{self, Gate, Letter, Mailer, Report};

/// Before each subject.
const MARK: &str = "[test] ";
/// Who asks waits for a minute at most.
const PATIENCE: Duration = Duration::from_secs(50);

/// What became of one sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// What it is a sample of.
    pub kind: Kind,
    /// In which language.
    pub language: String,
    /// Is it about something that is published here? Else about something made up.
    pub real: bool,
    /// What became of it.
    pub outcome: TrialOutcome,
    /// What the server answered, or why there is no answer.
    pub answer: String,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrialOutcome {
    /// The server took it.
    Accepted,
    /// Not now.
    Deferred,
    /// Never.
    Refused,
    /// It has it, or not: no answer came.
    InDoubt,
}

/// Sends a sample of each mail, in each language of the site, to one address.
///
/// # Errors
/// A template fails; the transport can't be used at all.
pub(super) async fn send(desk: &Desk, to: &Address, now: Timestamp) -> Result<Vec<Tried>, Refusal> {
    let composer = (desk.composing)()?.marking(MARK);
    let samples = samples::of(desk, now).await?;
    let mut letters = Vec::with_capacity(samples.len());
    for (number, sample) in (0..).zip(&samples) {
        let claim = claim(sample, number, to, now);
        letters.push(Letter {
            key: claim.key,
            from: desk.config.mail.from.clone(),
            to: to.clone(),
            text: compose(&composer, &claim)?,
        });
    }
    let keys: Vec<DeliveryKey> = letters.iter().map(|letter| letter.key).collect();
    let helo = desk.config.web.url.host_str().unwrap_or("localhost");
    let mailer = Mailer::from_config(&desk.config.mail, helo)
        .map_err(|error| Refusal(format!("{error:#}")))?;
    let mut reports = post(&mailer, letters).await;
    let tried = samples.into_iter().zip(keys).map(|(sample, key)| {
        let place = reports.iter().position(|report| report.key == key);
        let report = place.map(|place| reports.swap_remove(place));
        let (outcome, answer) = told(report);
        Tried {
            kind: sample.kind,
            language: sample.language.to_string(),
            real: sample.real,
            outcome,
            answer,
        }
    });
    Ok(tried.collect())
}

/// Like no other: the key of no run and of no subscriber, and another at each trial, since servers
/// take a Message-ID that they know for a copy.
fn claim(sample: &Sample, number: u64, to: &Address, now: Timestamp) -> Claim {
    let of_now = u64::try_from(now.as_millisecond()).unwrap_or_default();
    Claim {
        key: DeliveryKey {
            run: RunKey(of_now),
            subscriber: SubscriberKey(u64::MAX - 2 - number),
        },
        address: to.clone(),
        language: sample.language.clone(),
        cadence: Cadence {
            schedule: sample.schedule.clone(),
            zone: None,
        },
        date: now,
        content: Arc::clone(&sample.content),
        asked: vec![Filter::default()],
    }
}

/// One worker over a queue of its own.
async fn post(mailer: &Mailer, letters: Vec<Letter>) -> Vec<Report> {
    let (queue, queued) = mail::queue(letters.len());
    let (reports, mut reported) = mpsc::channel(letters.len().max(1));
    for letter in letters {
        // It has room for all.
        let _ = queue.try_send(letter);
    }
    queue.close();
    let work = mailer.work(queued, &Anybody, reports, CancellationToken::new());
    // What is not reported by then is told as such.
    let _ = tokio::time::timeout(PATIENCE, work).await;
    let mut all = Vec::new();
    while let Ok(report) = reported.try_recv() {
        all.push(report);
    }
    all
}

fn told(report: Option<Report>) -> (TrialOutcome, String) {
    let Some(report) = report else {
        let seconds = PATIENCE.as_secs();
        let answer = format!("nothing was heard of it within {seconds} s");
        return (TrialOutcome::Deferred, answer);
    };
    match report.outcome {
        Outcome::Accepted => (TrialOutcome::Accepted, report.reply.unwrap_or_default()),
        Outcome::Refused(answer) => (TrialOutcome::Refused, answer),
        Outcome::InDoubt(answer) => (TrialOutcome::InDoubt, answer),
        Outcome::Deferred(answer) => (TrialOutcome::Deferred, answer),
        // Not by this gate.
        Outcome::Suppressed => (TrialOutcome::Refused, String::new()),
    }
}

/// Whoever is named by hand may be written to.
struct Anybody;

impl Gate for Anybody {
    async fn admit(&self, _: DeliveryKey) -> bool {
        true
    }
}
