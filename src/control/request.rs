//! Questions and answers, as they go over the control socket in JSON.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::people::{SubscriberPage, SuppressionPage, Which};
use super::preview::Preview;
use super::publications::{KnownFile, ListPublications, PublicationDetail, PublicationList};
use super::readers::ReadersReport;
use super::report::{HoldSummary, RunSummary, StatusReport, SubscriberSummary};
use super::roll::{Exported, Imported};
use super::runs::RunDetail;
use super::send::{DryRun, Opened};
use super::subscribers::SubscriberDetail;
use super::trial::Tried;
use crate::domain::roll::Row;
use crate::domain::{Address, Decision, Language, Names, Orphan};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// How are things?
    Status,
    /// How do feed readers poll?
    Readers,
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
        /// Only these.
        which: Which,
    },
    /// One subscriber and what they got.
    ShowSubscriber {
        /// Whose.
        address: Address,
    },
    /// End a subscriber's mail, as the link in it does.
    RemoveSubscriber {
        /// Whose.
        address: Address,
    },
    /// Subscribe a page of rows.
    ImportSubscribers {
        /// Who, and to what.
        rows: Vec<Row>,
        /// Only say what would become of them.
        dry_run: bool,
    },
    /// A page of rows.
    ExportSubscribers {
        /// The last subscriber of the page before; 0 to begin.
        after: u64,
        /// Those of so many subscribers.
        most: usize,
    },
    /// A page of the suppression list, the latest first.
    ListSuppressed {
        /// What the page before said of the next; `None` to begin.
        after: Option<Vec<u8>>,
        /// At most so many.
        most: usize,
    },
    /// Write to an address no more, whoever asks for it.
    Suppress {
        /// Whose.
        address: Address,
        /// Why, in words.
        note: Option<String>,
    },
    /// Take an address from the suppression list.
    Unsuppress {
        /// Whose.
        address: Address,
    },
    /// Forget an address and all that is known of it.
    Erase {
        /// Whose.
        address: Address,
        /// Keep a keyed hash of it, so that nothing brings it back.
        for_good: bool,
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
    /// Open a schedule's run now.
    OpenRun {
        /// Its name, or `immediate`.
        schedule: String,
    },
    /// What a run opened now would mail.
    DryRun {
        /// The schedule's name, or `immediate`.
        schedule: String,
    },
    /// A letter as it would go out now.
    Preview {
        /// By this schedule; `None`: by the subscriber's, or the first one.
        schedule: Option<String>,
        /// To this subscriber; `None`: to one who asked for everything.
        to: Option<Address>,
    },
    /// Send a sample of each mail to one address.
    Try {
        /// Where to.
        to: Address,
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
    /// To [`Request::Readers`].
    Readers(ReadersReport),
    /// To [`Request::Orphans`].
    Orphans(Vec<Orphan>),
    /// To [`Request::AddSubscriber`].
    Added(SubscriberSummary),
    /// To [`Request::ListSubscribers`].
    Subscribers(SubscriberPage),
    /// To [`Request::ShowSubscriber`].
    Subscriber(SubscriberDetail),
    /// To [`Request::RemoveSubscriber`].
    Removed,
    /// To [`Request::ImportSubscribers`].
    Imported(Imported),
    /// To [`Request::ExportSubscribers`].
    Exported(Exported),
    /// To [`Request::ListSuppressed`].
    SuppressedPage(SuppressionPage),
    /// To [`Request::Suppress`].
    Suppressed {
        /// Was it not on the list before?
        is_new: bool,
    },
    /// To [`Request::Unsuppress`].
    Unsuppressed,
    /// To [`Request::Erase`].
    Erased {
        /// Is a keyed hash of it kept?
        suppressed: bool,
    },
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
    /// To [`Request::OpenRun`].
    Opened(Opened),
    /// To [`Request::DryRun`].
    DryRun(DryRun),
    /// To [`Request::Preview`].
    Preview(Preview),
    /// To [`Request::Try`].
    Tried(Vec<Tried>),
    /// To [`Request::ListHolds`].
    Holds(Vec<HoldSummary>),
    /// To [`Request::DecideHold`].
    Decided(HoldSummary),
}

/// The thing asked for can't be done; the words are for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);
