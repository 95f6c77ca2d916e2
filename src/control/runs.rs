//! A run, its books, and the deliveries that need a look.

use serde::{Deserialize, Serialize};

use super::report::{DeliverySummary, RunSummary};
use super::{Desk, Refusal};
use crate::domain::{Counts, DeliveryState, PublicationKey, Run, RunKey, SubscriberKey};
use crate::store::books::{Account, Books};

/// Pages through the deliveries of a run.
const PAGE: usize = 1024;
/// Deliveries named at the most.
const NOTABLE: usize = 100;

/// A run, its books, and the deliveries of it that need a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDetail {
    /// Which.
    #[serde(flatten)]
    pub run: RunSummary,
    /// `None`: none were kept, or they are kept no longer.
    pub books: Option<BooksSummary>,
    /// Deliveries that are neither sent nor simply pending, at most 100.
    pub notable: Vec<DeliverySummary>,
}

/// Two counts of a run, by publication: by a pass of the filters, and by the deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BooksSummary {
    /// Do the counts agree? If not, something is wrong with wici or with its store.
    pub even: bool,
    /// One for each publication.
    pub publications: Vec<AccountSummary>,
    /// Subscribers in neither count: gone, paused or changed since.
    pub left_out: u64,
    /// The deliveries by their rows, where the run's own counters say otherwise.
    pub miscounted: Option<Counts>,
}

/// The books of a publication in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSummary {
    /// The public id.
    pub id: String,
    /// Plain text.
    pub title: String,
    /// Subscribers who were to get it or a translation of it.
    pub matched: u64,
    /// Those who had it before, or get a translation instead.
    pub already_had: u64,
    /// The deliveries with it, by state.
    pub counts: Counts,
    /// Those who were to get it and have no delivery of it.
    pub missing: u64,
    /// Those who have a delivery of it and were not to get it.
    pub unasked: u64,
    /// Some of both: addresses, or the store's numbers of those who are gone.
    pub examples: Vec<String>,
}

/// All about a run.
///
/// # Errors
/// There is no such run; the store's.
pub async fn show(desk: &Desk, key: RunKey) -> Result<RunDetail, Refusal> {
    let run = desk.store.run(key).await?.ok_or_else(|| {
        Refusal(format!(
            "there is no run {key}; `wici runs list` shows them"
        ))
    })?;
    let books = match desk.store.books(&run).await? {
        Some(books) => Some(summary(desk, books).await?),
        None => None,
    };
    Ok(RunDetail {
        run: RunSummary::from(&run),
        books,
        notable: notable(desk, &run).await?,
    })
}

async fn notable(desk: &Desk, run: &Run) -> Result<Vec<DeliverySummary>, Refusal> {
    let mut notable = Vec::new();
    let mut after = SubscriberKey(0);
    loop {
        let page = desk.store.deliveries(run.key, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.key.subscriber;
        for delivery in page {
            let is_plain = matches!(delivery.state, DeliveryState::Sent | DeliveryState::Pending);
            if !is_plain && notable.len() < NOTABLE {
                let address = address(desk, delivery.key.subscriber).await?;
                notable.push(DeliverySummary::new(delivery, address));
            }
        }
        if notable.len() == NOTABLE {
            break;
        }
    }
    Ok(notable)
}

async fn address(desk: &Desk, key: SubscriberKey) -> Result<Option<String>, Refusal> {
    let subscriber = desk.store.subscriber_by_key(key).await?;
    Ok(subscriber.map(|subscriber| subscriber.address.as_str().to_owned()))
}

async fn summary(desk: &Desk, books: Books) -> Result<BooksSummary, Refusal> {
    let even = books.are_even();
    let mut publications = Vec::with_capacity(books.publications.len());
    for (publication, account) in books.publications {
        publications.push(of_publication(desk, publication, account).await?);
    }
    Ok(BooksSummary {
        even,
        publications,
        left_out: books.left_out,
        miscounted: books.miscounted,
    })
}

async fn of_publication(
    desk: &Desk,
    publication: PublicationKey,
    account: Account,
) -> Result<AccountSummary, Refusal> {
    let revision = desk.store.revisions(publication, 1).await?.pop();
    let (id, title) = revision.map_or_else(Default::default, |revision| {
        (revision.publication.id.0, revision.publication.title)
    });
    let mut examples = Vec::new();
    for who in account.missed.iter().chain(&account.unasked) {
        let number = || format!("number {}", who.0);
        examples.push(address(desk, *who).await?.unwrap_or_else(number));
    }
    Ok(AccountSummary {
        id,
        title,
        matched: account.matched,
        already_had: account.already_had,
        counts: account.counts,
        missing: account.missing,
        unasked: account.beyond,
        examples,
    })
}
