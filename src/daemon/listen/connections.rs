//! The connections there are: how many, from where, and which of them has to go.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::Id;

use super::Limits;
use super::activity::{Activity, CoarseClock, Phase};

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// After the answer that is under way.
    Leave,
    /// With word that the request took too long to come (408).
    TooSlow,
    /// At once.
    Cut,
}

struct Entry {
    activity: Arc<Activity>,
    /// Whose it is, where those of one client are counted.
    client: Option<IpAddr>,
    begun: u64,
    /// Earlier ones have lower numbers.
    number: u64,
    /// Until it was told to end.
    end: Option<oneshot::Sender<Ending>>,
}

/// See the module.
pub(super) struct Connections {
    limits: Limits,
    clock: CoarseClock,
    all: HashMap<Id, Entry>,
    /// Those that were not told to end, where they are counted by client.
    by_client: HashMap<IpAddr, Vec<Id>>,
    /// How many were not told to end.
    staying: usize,
    next_number: u64,
}

impl Connections {
    pub(super) fn new(limits: Limits, clock: CoarseClock) -> Connections {
        Connections {
            limits,
            clock,
            all: HashMap::new(),
            by_client: HashMap::new(),
            staying: 0,
            next_number: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// May another one be accepted? Those that were told to end may still be here, but few.
    pub(super) fn has_room(&self) -> bool {
        self.all.len() < self.limits.connections + self.limits.connections / 8 + 1
    }

    /// Makes room for one more. False: its client has enough, all of them at work.
    pub(super) fn admit(&mut self, client: Option<IpAddr>) -> bool {
        if self.staying >= self.limits.connections {
            // Many at a time: to look for them costs a look at all.
            let some = self.limits.connections / 32 + 1;
            let all: Vec<Id> = self.all.keys().copied().collect();
            self.end_longest(
                &all,
                some,
                &[Phase::Idle, Phase::New, Phase::Head, Phase::Stalled],
            );
        }
        let Some(theirs) = client.and_then(|client| self.by_client.get(&network(client))) else {
            return true;
        };
        if theirs.len() < self.limits.of_one_client {
            return true;
        }
        let theirs = theirs.clone();
        self.end_longest(&theirs, self.limits.of_one_client / 8 + 1, &[Phase::Idle]) > 0
    }

    /// Ends up to so many that are in these phases; those of an earlier phase before those of a
    /// later one, and of one phase those that have been in it for longest.
    fn end_longest(&mut self, among: &[Id], most: usize, phases: &[Phase]) -> usize {
        let mut candidates: Vec<_> = among
            .iter()
            .filter_map(|id| {
                let entry = self.all.get(id).filter(|entry| entry.end.is_some())?;
                let (phase, since) = entry.activity.get();
                let rank = phases.iter().position(|each| *each == phase)?;
                Some((rank, since, entry.number, *id, phase))
            })
            .collect();
        let count = most.min(candidates.len());
        if count < candidates.len() {
            candidates.select_nth_unstable_by_key(count, |&(rank, since, number, ..)| {
                (rank, since, number)
            });
        }
        for &(.., id, phase) in candidates.iter().take(count) {
            let ending = match phase {
                Phase::Idle => Ending::Leave,
                _ => Ending::Cut,
            };
            self.end(id, ending);
        }
        count
    }

    pub(super) fn insert(
        &mut self,
        id: Id,
        activity: Arc<Activity>,
        client: Option<IpAddr>,
        end: oneshot::Sender<Ending>,
    ) {
        let client = client.map(network);
        if let Some(client) = client {
            self.by_client.entry(client).or_default().push(id);
        }
        let entry = Entry {
            activity,
            client,
            begun: self.clock.now(),
            number: self.next_number,
            end: Some(end),
        };
        self.next_number += 1;
        self.staying += 1;
        self.all.insert(id, entry);
    }

    /// It has ended.
    pub(super) fn remove(&mut self, id: Id) {
        self.leave(id);
        self.all.remove(&id);
    }

    fn end(&mut self, id: Id, ending: Ending) {
        if let Some(end) = self.leave(id) {
            // One that has just ended by itself needs no telling.
            let _ = end.send(ending);
        }
    }

    /// It no longer counts.
    fn leave(&mut self, id: Id) -> Option<oneshot::Sender<Ending>> {
        let entry = self.all.get_mut(&id)?;
        let end = entry.end.take()?;
        self.staying -= 1;
        if let Some(client) = entry.client
            && let Some(theirs) = self.by_client.get_mut(&client)
        {
            theirs.retain(|each| *each != id);
            if theirs.is_empty() {
                self.by_client.remove(&client);
            }
        }
        Some(end)
    }

    /// Ends those whose time is over.
    pub(super) fn sweep(&mut self) {
        let now = self.clock.now();
        let over: Vec<(Id, Ending)> = self
            .all
            .iter()
            .filter(|(_, entry)| entry.end.is_some())
            .filter_map(|(id, entry)| Some((*id, self.limits.over(entry, now)?)))
            .collect();
        for (id, ending) in over {
            self.end(id, ending);
        }
    }

    /// Ends all, after the answers that are under way.
    pub(super) fn end_all(&mut self) {
        let all: Vec<Id> = self.all.keys().copied().collect();
        for id in all {
            self.end(id, Ending::Leave);
        }
    }
}

impl Limits {
    fn over(&self, entry: &Entry, now: u64) -> Option<Ending> {
        let lasts =
            |since: u64, most: Duration| u128::from(now.saturating_sub(since)) >= most.as_millis();
        let (phase, since) = entry.activity.get();
        let (most, ending) = match phase {
            Phase::New => (Some(self.head), Ending::Cut),
            Phase::Head => (Some(self.head), Ending::TooSlow),
            Phase::Answering => (None, Ending::Leave),
            Phase::Stalled => (Some(self.stall), Ending::Cut),
            Phase::Idle => (Some(self.idle), Ending::Leave),
        };
        if most.is_some_and(|most| lasts(since, most)) {
            Some(ending)
        } else {
            lasts(entry.begun, self.life).then_some(Ending::Leave)
        }
    }
}

/// A client has one address of IPv4, and 2^64 of IPv6 (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let prefix = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
    }
}
