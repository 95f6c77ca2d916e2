//! A feed that another has taken the place of.

use jiff::Timestamp;

use super::{PIECE, count, end};
use crate::domain::Sequence;
use crate::domain::websub::{CallbackKey, Subscription, Topic, Walk};
use crate::store::engine::Transaction;
use crate::store::keys::websub as keys;
use crate::store::{Store, StoreError, load, note, save};

impl Store {
    /// Whoever is pushed `former` is pushed `present` from now on, with the same lease and secret;
    /// each is owed that feed at `due` (`None`: once it shows a change). Of two subscriptions of one
    /// callback that of `present` stays.
    pub async fn follow_instead(
        &self,
        former: &str,
        present: &str,
        due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        loop {
            let page = self.followers(former, Walk::default(), PIECE).await?;
            if page.is_empty() {
                return Ok(());
            }
            let topics = [former.to_owned(), present.to_owned()];
            self.write(move |transaction| {
                let mut page = page.iter();
                page.try_for_each(|(callback, _)| move_one(transaction, &topics, *callback, due))
            })
            .await?;
        }
    }
}

fn move_one(
    transaction: &mut Transaction<'_>,
    [former, present]: &[String; 2],
    callback: CallbackKey,
    due: Option<Timestamp>,
) -> Result<(), StoreError> {
    // It may have ended meanwhile.
    let known = load::<Subscription>(transaction, &keys::following(former, callback))?;
    let Some(subscription) = known else {
        return Ok(());
    };
    end(transaction, former, callback, &subscription)?;
    let place = keys::following(present, callback);
    if load::<Subscription>(transaction, &place)?.is_some() {
        return Ok(());
    }
    let nobody = Topic {
        subscriptions: 0,
        sequence: Sequence::default(),
        walk: None,
    };
    let topic = load(transaction, &keys::topic(present))?.unwrap_or(nobody);
    count(transaction, present, topic, &subscription.host(), 1)?;
    if let Some(due) = due {
        note(transaction, keys::push(due, present, callback));
    }
    save(
        transaction,
        place,
        &Subscription {
            due,
            ..subscription
        },
    )
}
