//! The rows that only the store knows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    ChangeKind, Content, DeliveryState, Fingerprint, Hold, HoldKey, Mark, PublicationKey, Run,
    RunKey, Sequence, Standing, SubscriberKey, Suppression, TagId, UpstreamState,
};

use super::archive::{Numbering, NumbersRow, PageRow};
use super::bodies::Place;
use super::books::BooksRow;
use super::departures::Departures;
use super::record::Record;
use super::retention::{RetentionRow, ShrunkRow, TallyRow};

/// Counters, each the last number given out, and totals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    /// Names this store among all stores.
    pub(super) id: [u8; 16],
    pub(super) sequence: Sequence,
    pub(super) publication: u64,
    pub(super) subscriber: u64,
    pub(super) run: RunKey,
    pub(super) totals: Totals,
    pub(super) hold: HoldKey,
    /// A person vouches for all news up to here.
    pub(super) vouched: Sequence,
}

/// How many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// In the feeds.
    pub live: u64,
    /// Waiting for their date.
    pub scheduled: u64,
    /// No longer in their source.
    pub withdrawn: u64,
    /// May be written to.
    pub subscribers: u64,
    /// No longer of use, as their authors foresaw.
    pub expired: u64,
}

impl Totals {
    /// How many publications stand like this.
    pub(super) fn of(&mut self, standing: Standing) -> &mut u64 {
        match standing {
            Standing::Live => &mut self.live,
            Standing::Scheduled => &mut self.scheduled,
            Standing::Withdrawn => &mut self.withdrawn,
            Standing::Expired => &mut self.expired,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SourceRow {
    /// Was there a complete scan? What was found before is not news.
    pub(super) scanned: bool,
    /// A person knows of all that was lost up to then.
    pub(super) known_losses: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FeedRow {
    /// The last change that touched the feed.
    pub(super) sequence: Sequence,
    /// Never goes back.
    pub(super) updated: Timestamp,
    /// How many are in it.
    pub(super) entries: u64,
    /// How far they are numbered for its archive.
    pub(super) numbering: Numbering,
    pub(super) departures: Departures,
}

/// Whose the id of a tag is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TagRow {
    /// The folded label that has it; `None`: a tag of the configuration.
    pub(super) owner: Option<String>,
    /// What whoever first used it so called it.
    pub(super) label: String,
    /// The last number given to another label with this slug.
    pub(super) last: u32,
}

/// The change that led to a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Its number.
    pub sequence: Sequence,
    /// What happened.
    pub kind: ChangeKind,
    /// When it took effect.
    pub at: Timestamp,
    /// Was it to be mailed?
    pub news: bool,
}

/// A change that is to be mailed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NewsRow {
    pub(super) publication: PublicationKey,
    /// When it was applied; `immediate` waits from then.
    pub(super) at: Timestamp,
    /// Nothing of the publication was news before.
    pub(super) first: bool,
}

/// Some of the publications in a hold. Of releases in the order of their joining, each row full
/// before the next is begun; of withdrawals by their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HeldRow {
    pub(super) publications: Vec<PublicationKey>,
}

impl HeldRow {
    /// Publications in one row: what is carried out in one transaction.
    pub(super) const SIZE: u64 = 256;
}

/// News that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HeldIn {
    pub(super) hold: HoldKey,
    /// Nothing of the publication was news before.
    pub(super) first: bool,
}

/// A publication was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LossRow {
    pub(super) at: Timestamp,
}

/// What shows whether this is the latest state of the store, and whether the clock is right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TrustRow {
    /// How often it was written down that something is going to be claimed.
    pub(super) claims: u64,
    /// An instant that has passed.
    pub(super) last: Option<Timestamp>,
}

/// Deliveries planned together: the unit of claiming, and what keeps a delivery down to some
/// twenty bytes. Sorted by subscriber.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chunk {
    pub(super) entries: Vec<ChunkEntry>,
}

impl Chunk {
    /// Deliveries in one chunk.
    pub(super) const SIZE: usize = 64;

    /// When the chunk next has something to do: now (`None`) or then; `Err` when all is settled.
    pub(super) fn due(&self) -> Result<Option<Timestamp>, Settled> {
        let mut earliest: Result<Option<Timestamp>, Settled> = Err(Settled);
        for entry in &self.entries {
            match entry.state {
                DeliveryState::Pending => return Ok(None),
                DeliveryState::Deferred { until, .. } => {
                    let so_far = earliest.ok().flatten();
                    earliest = Ok(Some(so_far.map_or(until, |other| other.min(until))));
                }
                _ => {}
            }
        }
        earliest
    }
}

/// Nothing is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChunkEntry {
    pub(super) subscriber: SubscriberKey,
    pub(super) content: u64,
    pub(super) state: DeliveryState,
    pub(super) reply: Option<String>,
}

/// A file that a publication was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileRow {
    pub(super) publication: PublicationKey,
    /// How it was read.
    pub(super) way: u64,
    /// Its state then.
    pub(super) fingerprint: Fingerprint,
}

/// A number or instant by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Number(pub(super) u64);

/// What no outsider knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Secret(pub(super) [u8; 32]);

/// A name by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Name(pub(super) String);

/// When a chunk is due; `None`: at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Due(pub(super) Option<Timestamp>);

macro_rules! records {
    ($($kind:ty => $name:literal),* $(,)?) => {
        $(impl Record for $kind {
            const NAME: &'static str = $name;
        })*
    };
}

records! {
    PageRow => "archive page",
    NumbersRow => "archive numbers",
    ChangeRow => "change",
    TagRow => "tag",
    TagId => "label",
    Hold => "hold",
    HeldRow => "held publications",
    HeldIn => "held news",
    LossRow => "loss",
    TrustRow => "trust",
    Mark => "mark",
    Run => "run",
    Content => "content",
    Chunk => "deliveries",
    Number => "number",
    Name => "name",
    Secret => "secret",
    Suppression => "suppression",
    Due => "due",
    FileRow => "file",
    Place => "body",
    BooksRow => "books",
    RetentionRow => "retention",
    ShrunkRow => "former deliveries",
    TallyRow => "tally",
    UpstreamState => "upstream",
}
