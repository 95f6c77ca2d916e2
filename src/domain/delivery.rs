//! Deliveries: one message to one subscriber in one run.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Address, Cadence, Counts, Filter, Language, Publication, PublicationKey, RunKey, SubscriberKey,
};

/// Names a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryKey {
    /// The run.
    pub run: RunKey,
    /// The subscriber.
    pub subscriber: SubscriberKey,
}

/// One publication in a message, as frozen when planned.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Item {
    /// Which publication.
    pub publication: PublicationKey,
    /// At which revision.
    pub revision: u32,
    /// At which major revision.
    pub major: u32,
    /// Were its readers mailed an earlier major revision?
    pub correction: bool,
}

/// The items of a message; many subscribers of a run share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Content {
    /// Newest first. The message shows [`Content::SHOWN`] of them and tells the number of the rest;
    /// all of them count as mailed.
    pub items: Vec<Item>,
    /// How many there were beyond `items`, when a message would take more than [`Content::KEPT`].
    pub beyond: u32,
}

impl Content {
    /// The most publications shown in one message; beyond them it says "and N more".
    pub const SHOWN: usize = 50;
    /// The most items kept; what is older is decided by the cursor alone.
    pub const KEPT: usize = 4096;
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// Not yet tried.
    Pending,
    /// Accepted by the server.
    Sent,
    /// Put off: tried so many times, to be tried again then.
    Deferred {
        /// How often it was tried.
        attempts: u32,
        /// When it is tried again.
        until: Timestamp,
    },
    /// Refused for good.
    Failed,
    /// The address was unsubscribed or removed before the mail went; or they had paused, and it is
    /// told once they resume.
    Suppressed,
    /// The whole body went and the answer never came.
    InDoubt,
    /// Tried for longer than `retry_for`.
    Expired,
    /// All its publications were withdrawn before the mail went.
    Withdrawn,
    /// Let go by a person.
    Skipped,
}

impl DeliveryState {
    /// Will it not be tried again?
    pub fn is_settled(&self) -> bool {
        !matches!(
            self,
            DeliveryState::Pending | DeliveryState::Deferred { .. }
        )
    }

    /// The count that this state is counted in.
    pub fn count<'c>(&self, counts: &'c mut Counts) -> &'c mut u64 {
        match self {
            DeliveryState::Pending => &mut counts.pending,
            DeliveryState::Sent => &mut counts.sent,
            DeliveryState::Deferred { .. } => &mut counts.deferred,
            DeliveryState::Failed => &mut counts.failed,
            DeliveryState::Suppressed => &mut counts.suppressed,
            DeliveryState::InDoubt => &mut counts.in_doubt,
            DeliveryState::Expired => &mut counts.expired,
            DeliveryState::Withdrawn => &mut counts.withdrawn,
            DeliveryState::Skipped => &mut counts.skipped,
        }
    }
}

/// A delivery as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Which.
    pub key: DeliveryKey,
    /// What became of it.
    pub state: DeliveryState,
    /// The server's last answer, where it matters.
    pub reply: Option<String>,
    /// What is in it.
    pub content: Content,
}

/// A delivery taken in order to be sent.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which.
    pub key: DeliveryKey,
    /// Where to.
    pub address: Address,
    /// In which language.
    pub language: Language,
    /// Of which cadence.
    pub cadence: Cadence,
    /// The frozen Date of the message.
    pub date: Timestamp,
    /// What is in it: shared by all claims of a run with the same items.
    pub content: Arc<ClaimContent>,
    /// What the subscriber asks for in this cadence now, one filter for each subscription.
    pub asked: Vec<Filter>,
}

/// A [`Content`] with its publications at the frozen revisions, those withdrawn since left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimContent {
    /// Names the content within its run: another one when something in it was withdrawn.
    pub number: u64,
    /// Newest first, never empty, at most [`Content::SHOWN`].
    pub items: Vec<ClaimItem>,
    /// How many more there were.
    pub more: u32,
}

/// One publication in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimItem {
    /// The frozen revision.
    pub publication: Publication,
    /// Were its readers mailed an earlier one?
    pub correction: bool,
}

/// What came of one attempt to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server took it: 2xx to the final dot.
    Accepted,
    /// Not now: 4xx, or no connection. The reply in words.
    Deferred(String),
    /// Never: 5xx to this recipient or message. The reply in words.
    Refused(String),
    /// The final dot was written and the answer never came.
    InDoubt(String),
    /// Right before MAIL FROM the address was no longer to be written to.
    Suppressed,
}

/// `[mail] in_doubt`: what becomes of a delivery whose answer never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InDoubt {
    /// Send it again: it may arrive twice, with one Message-ID.
    Resend,
    /// Leave it: it may never arrive.
    Skip,
}

/// When a delivery is tried again and when it is given up.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// `[mail] retry_for`, counted from the run's opening.
    pub retry_for: SignedDuration,
    /// `[mail] in_doubt`.
    pub in_doubt: InDoubt,
}

impl RetryPolicy {
    /// The first pause between attempts; each further one is twice as long, up to an hour.
    const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
    const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);
    /// The most bytes kept of a reply: enough for people, and 64 of them are no burden.
    const REPLY_MOST: usize = 200;

    /// The state after an attempt, and the reply to keep. `before` is the state it was tried in,
    /// `opened` the run's opening.
    pub fn after(
        &self,
        before: &DeliveryState,
        outcome: Outcome,
        opened: Timestamp,
        now: Timestamp,
    ) -> (DeliveryState, Option<String>) {
        let (state, reply) = match outcome {
            Outcome::Accepted => (DeliveryState::Sent, None),
            Outcome::Refused(reply) => (DeliveryState::Failed, Some(reply)),
            Outcome::Suppressed => (DeliveryState::Suppressed, None),
            Outcome::InDoubt(reply) if self.in_doubt == InDoubt::Skip => {
                (DeliveryState::InDoubt, Some(reply))
            }
            Outcome::Deferred(reply) | Outcome::InDoubt(reply) => {
                (self.put_off(before, opened, now), Some(reply))
            }
        };
        let kept = reply.map(|mut reply| {
            reply.truncate(reply.floor_char_boundary(RetryPolicy::REPLY_MOST));
            reply
        });
        (state, kept)
    }

    fn put_off(&self, before: &DeliveryState, opened: Timestamp, now: Timestamp) -> DeliveryState {
        let tried = match before {
            DeliveryState::Deferred { attempts, .. } => *attempts,
            _ => 0,
        };
        let doublings = tried.min(16);
        let pause = (RetryPolicy::FIRST_PAUSE * (1 << doublings)).min(RetryPolicy::LONGEST_PAUSE);
        match (now.checked_add(pause), opened.checked_add(self.retry_for)) {
            (Ok(until), Ok(deadline)) if until <= deadline => DeliveryState::Deferred {
                attempts: tried + 1,
                until,
            },
            _ => DeliveryState::Expired,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        retry_for: SignedDuration::from_hours(72),
        in_doubt: InDoubt::Resend,
    };

    fn put_off(before: &DeliveryState, now: Timestamp) -> DeliveryState {
        POLICY
            .after(
                before,
                Outcome::Deferred("451".into()),
                Timestamp::UNIX_EPOCH,
                now,
            )
            .0
    }

    #[test]
    fn pauses_double_up_to_an_hour_and_end_at_retry_for() {
        let mut now = Timestamp::UNIX_EPOCH;
        let mut state = DeliveryState::Pending;
        let mut pauses = Vec::new();
        loop {
            state = put_off(&state, now);
            let DeliveryState::Deferred { until, .. } = state else {
                break;
            };
            pauses.push(until.duration_since(now).as_secs());
            now = until;
        }
        assert_eq!(state, DeliveryState::Expired);
        assert_eq!(pauses[..9], [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert!(now.duration_since(Timestamp::UNIX_EPOCH) <= POLICY.retry_for);
        assert!(pauses.len() > 70 && pauses.len() < 80, "{}", pauses.len());
    }

    #[test]
    fn in_doubt_is_sent_again_or_left() {
        let doubt = || Outcome::InDoubt("lost".into());
        let at = Timestamp::UNIX_EPOCH;
        let resend = POLICY.after(&DeliveryState::Pending, doubt(), at, at).0;
        assert!(matches!(
            resend,
            DeliveryState::Deferred { attempts: 1, .. }
        ));
        let skip = RetryPolicy {
            in_doubt: InDoubt::Skip,
            ..POLICY
        };
        assert_eq!(
            skip.after(&DeliveryState::Pending, doubt(), at, at).0,
            DeliveryState::InDoubt
        );
    }

    #[test]
    fn every_state_is_counted_once() {
        let states = [
            DeliveryState::Pending,
            DeliveryState::Sent,
            DeliveryState::Deferred {
                attempts: 1,
                until: Timestamp::UNIX_EPOCH,
            },
            DeliveryState::Failed,
            DeliveryState::Suppressed,
            DeliveryState::InDoubt,
            DeliveryState::Expired,
            DeliveryState::Withdrawn,
            DeliveryState::Skipped,
        ];
        let mut counts = Counts::default();
        for state in &states {
            *state.count(&mut counts) += 1;
        }
        assert_eq!(counts.total(), states.len() as u64);
        assert_eq!(counts.open(), 2);
    }
}
