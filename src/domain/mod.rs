//! The words of the field, as plain data and pure rules. Nothing here reads a clock, a file or a socket.
//!
//! | word | where |
//! | --- | --- |
//! | publication, its standing, what a source found | [`publication`] |
//! | change: what happened to a publication, and whether it is news | [`change`] |
//! | what says whose translation a publication is | [`translation`] |
//! | tag, language, feed key | [`tag`], [`language`], [`feed_key`] |
//! | subscriber, subscription, filter, address | [`subscriber`], [`filter`], [`address`] |
//! | many subscribers at once, and the tables that they come in | [`enrolment`], [`roll`] |
//! | who is not to be written to, whoever asks for it | [`suppression`] |
//! | cron line, schedule | [`cron`] |
//! | cadence, window, mark, run, counts | [`run`] |
//! | delivery, outcome, claim | [`delivery`] |
//! | guard, hold: what waits for a person | [`hold`] |
//! | when a store is not to be believed, and the witness that says so | [`trust`] |
//! | what a configuration calls schedules and tags, and who would miss a name | [`names`] |
//! | what is known of an upstream feed | [`upstream`] |
//! | who is pushed a feed, and how far a change has come | [`websub`] |
//! | so many in a time | [`rate`] |
//! | problem: what is wrong with an input, where, and what to do | [`problem`] |

pub mod address;
pub mod change;
pub mod cron;
pub mod delivery;
pub mod enrolment;
pub mod feed_key;
pub mod file;
pub mod filter;
pub mod hold;
pub mod language;
pub mod names;
pub mod problem;
pub mod publication;
pub mod rate;
pub mod retention;
pub mod roll;
pub mod run;
pub mod subscriber;
pub mod suppression;
pub mod tag;
pub mod translation;
pub mod trust;
pub mod upstream;
pub mod websub;

pub use address::Address;
pub use change::{Change, ChangeKind};
pub use cron::CronLine;
pub use delivery::{Claim, Content, Delivery, DeliveryKey, DeliveryState, Item, Outcome};
pub use enrolment::{Enrolled, Enrolment};
pub use feed_key::FeedKey;
pub use file::Fingerprint;
pub use filter::Filter;
pub use hold::{Decision, Guards, Hold, HoldKey, HoldKind};
pub use language::Language;
pub use names::{Names, Orphan};
pub use problem::Problem;
pub use publication::{
    Archived, Batch, BodyHash, Found, Pass, Publication, PublicationId, PublicationKey,
    PublicationState, Sequence, Standing,
};
pub use rate::Rate;
pub use retention::Retention;
pub use run::{Cadence, Counts, IMMEDIATE, Mark, Run, RunKey, Window};
pub use subscriber::{
    Basis, Consent, FormerFilter, NewSubscription, Preferences, Subscriber, SubscriberKey,
    SubscriberStatus, Subscription, Wish,
};
pub use suppression::{Suppression, SuppressionReason};
pub use tag::{TagDefinition, TagId, TagMention, TagName};
pub use translation::{Tie, Tied, Translation};
pub use trust::{Distrust, Witness};
pub use upstream::UpstreamState;
