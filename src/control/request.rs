//! Questions and answers, as they go over the control socket in JSON.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::publications::{KnownFile, ListPublications, PublicationDetail, PublicationList};
use super::report::{HoldSummary, RunSummary, StatusReport, SubscriberSummary};
use super::runs::RunDetail;
use super::subscribers::SubscriberDetail;
use crate::domain::{Address, Decision, Language, Names, Orphan};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// How are things?
    Status,
    /// Which of the names that subscribers and publications go by are not among these?
    Orphans {
        /// The names of a configuration.
        names: Names,
    },
    /// Subscribe an address that consented elsewhere.
    AddSubscriber(AddSubscriber),
    /// A page of subscribers.
    ListSubscribers {
        /// The last subscriber of the page before; 0 to begin.
        after: u64,
        /// At most so many.
        most: usize,
    },
    /// One subscriber and what they got.
    ShowSubscriber {
        /// Whose.
        address: Address,
    },
    /// Remove a subscriber and all that is known of them.
    RemoveSubscriber {
        /// Whose.
        address: Address,
    },
    /// Change what a subscriber asked for.
    ChangeSubscriber(ChangeSubscriber),
    /// Mail a subscriber nothing for now.
    PauseSubscriber {
        /// Whom.
        address: Address,
    },
    /// End a pause.
    ResumeSubscriber {
        /// Whose.
        address: Address,
    },
    /// A page of publications.
    ListPublications(ListPublications),
    /// One publication, and who got it.
    ShowPublication {
        /// Its id, its path, or a part of either that fits no other.
        name: String,
        /// With the subscribers who got it.
        subscribers: bool,
    },
    /// Which publications some files are.
    KnownFiles {
        /// The source's name.
        source: String,
        /// Their paths in it.
        paths: Vec<String>,
    },
    /// The latest runs.
    ListRuns {
        /// At most so many.
        most: usize,
    },
    /// One run and its deliveries that did not simply go well.
    ShowRun {
        /// Its number.
        run: u64,
    },
    /// What waits for a person.
    ListHolds,
    /// What a person says of a hold.
    DecideHold {
        /// Its number.
        hold: u64,
        /// What is to become of it.
        decision: Decision,
    },
}

/// Subscribe an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddSubscriber {
    /// Where to write.
    pub address: Address,
    /// At least one of these tags, each by id, label or alias; empty: no such demand.
    pub any: Vec<String>,
    /// Each of these tags.
    pub all: Vec<String>,
    /// None of these tags.
    pub none: Vec<String>,
    /// In one of these languages; empty: in every one.
    pub languages: BTreeSet<Language>,
    /// `None`: the first of the configuration.
    pub schedule: Option<String>,
    /// `None`: the site's.
    pub language: Option<Language>,
    /// `None`: the site's.
    pub timezone: Option<String>,
}

/// Change what a subscriber asked for. What is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSubscriber {
    /// Whose.
    pub address: Address,
    /// The number of one subscription, as `subscribers show` lists them from 1; `None`: each.
    pub subscription: Option<usize>,
    /// Is it given up?
    pub drop: bool,
    /// At least one of these tags; empty: no such demand.
    pub any: Option<Vec<String>>,
    /// Each of these tags.
    pub all: Option<Vec<String>>,
    /// None of these tags.
    pub none: Option<Vec<String>>,
    /// In one of these languages; empty: in every one.
    pub languages: Option<BTreeSet<Language>>,
    /// When it is mailed.
    pub schedule: Option<String>,
    /// The language of the mails.
    pub language: Option<Language>,
    /// Where they live.
    pub timezone: Option<String>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "response", content = "content", rename_all = "kebab-case")]
pub enum Response {
    /// To [`Request::Status`].
    Status(StatusReport),
    /// To [`Request::Orphans`].
    Orphans(Vec<Orphan>),
    /// To [`Request::AddSubscriber`].
    Added(SubscriberSummary),
    /// To [`Request::ListSubscribers`].
    Subscribers(Vec<SubscriberSummary>),
    /// To [`Request::ShowSubscriber`].
    Subscriber(SubscriberDetail),
    /// To [`Request::RemoveSubscriber`].
    Removed,
    /// To [`Request::ChangeSubscriber`], [`Request::PauseSubscriber`] and
    /// [`Request::ResumeSubscriber`].
    Changed(SubscriberSummary),
    /// To [`Request::ListPublications`].
    Publications(PublicationList),
    /// To [`Request::ShowPublication`].
    Publication(Box<PublicationDetail>),
    /// To [`Request::KnownFiles`], in the order of the question.
    KnownFiles(Vec<Option<KnownFile>>),
    /// To [`Request::ListRuns`].
    Runs(Vec<RunSummary>),
    /// To [`Request::ShowRun`].
    Run(RunDetail),
    /// To [`Request::ListHolds`].
    Holds(Vec<HoldSummary>),
    /// To [`Request::DecideHold`].
    Decided(HoldSummary),
}

/// The thing asked for can't be done; the words are for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);
