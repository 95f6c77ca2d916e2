//! One subscriber: what they were mailed and why, and what they were not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::execute::unknown;
use super::report::{DeliverySummary, SubscriberSummary, SubscriptionSummary};
use super::{Desk, Refusal};
use crate::domain::Address;
use crate::store::answers::Mailing;
pub use crate::store::answers::WhyNot;

/// Mails told of at the most.
const MAILS: usize = 100;
/// Of so many of the latest publications that were news it is told why they were not mailed.
const NEWS: usize = 20;

/// A subscriber, what they got, and what of the latest news they did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriberDetail {
    /// Who.
    #[serde(flatten)]
    pub subscriber: SubscriberSummary,
    /// Since when there is consent.
    pub consent_at: Timestamp,
    /// The latest mails, newest first.
    pub deliveries: Vec<MailingSummary>,
    /// Of the latest publications that were news, those that were not mailed to them, newest first.
    pub not_mailed: Vec<NotMailed>,
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailingSummary {
    /// What became of it.
    #[serde(flatten)]
    pub delivery: DeliverySummary,
    /// The schedule that it belongs to.
    pub schedule: String,
    /// When the run was opened: the date of the mail.
    pub date: Timestamp,
    /// What is in it, newest first, at most 50.
    pub publications: Vec<MailedSummary>,
}

/// A publication in a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailedSummary {
    /// The public id.
    pub id: String,
    /// The title as it was mailed.
    pub title: String,
    /// Had they been mailed it before it was corrected?
    pub correction: bool,
    /// The subscription that let it through, as it stands now; `None`: it is not there any more.
    pub because: Option<SubscriptionSummary>,
}

/// A publication that was news and not mailed to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotMailed {
    /// The public id.
    pub id: String,
    /// Plain text.
    pub title: String,
    /// Why not.
    #[serde(flatten)]
    pub why: WhyNot,
}

/// All about a subscriber.
///
/// # Errors
/// Nobody with this address is known; the store's.
pub async fn show(desk: &Desk, address: &Address) -> Result<SubscriberDetail, Refusal> {
    let subscriber = desk.store.subscriber(address).await?;
    let subscriber = subscriber.ok_or_else(|| unknown(address))?;
    let mailings = desk.store.mailings(&subscriber, MAILS).await?;
    let not_mailed = desk.store.not_mailed(&subscriber, NEWS).await?;
    let not_mailed = not_mailed.into_iter().map(|(state, why)| NotMailed {
        id: state.publication.id.0,
        title: state.publication.title,
        why,
    });
    let summary = SubscriberSummary::from(&subscriber);
    let mailing = |mailing| of_mailing(mailing, &summary.address);
    Ok(SubscriberDetail {
        consent_at: subscriber.consent.at,
        deliveries: mailings.into_iter().map(mailing).collect(),
        not_mailed: not_mailed.collect(),
        subscriber: summary,
    })
}

fn of_mailing(mailing: Mailing, address: &str) -> MailingSummary {
    let cadence = mailing.run.window.cadence;
    let publications = mailing.items.into_iter().map(|item| MailedSummary {
        id: item.publication.id.0,
        title: item.publication.title,
        correction: item.correction,
        because: item
            .because
            .map(|filter| SubscriptionSummary::new(&cadence, &filter)),
    });
    MailingSummary {
        publications: publications.collect(),
        schedule: cadence.to_string(),
        date: mailing.run.opened,
        delivery: DeliverySummary::new(mailing.delivery, Some(address.to_owned())),
    }
}
