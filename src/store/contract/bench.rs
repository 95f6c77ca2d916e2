//! A store with a clock that the test turns, and short words for what tests say of it.

use super::*;

pub(in crate::store) type Outcomes = Vec<(DeliveryKey, Outcome)>;
pub(in crate::store) type Test = Result<(), Box<dyn std::error::Error>>;

pub(in crate::store) const MAX_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);
pub(in crate::store) const GUARDS: Guards = Guards {
    max_age: MAX_AGE,
    hold_over: 25,
};
pub(in crate::store) const LEASE: SignedDuration = SignedDuration::from_mins(10);
pub(in crate::store) const POLICY: RetryPolicy = RetryPolicy {
    retry_for: SignedDuration::from_hours(72),
    in_doubt: InDoubt::Resend,
};

/// A store with a clock that the test turns, and short words for what the daemon does.
pub(in crate::store) struct Bench {
    pub(in crate::store) store: Store,
    pub(in crate::store) now: Timestamp,
    pub(in crate::store) guards: Guards,
    // Keeps the folder until the test is over; `None` in memory.
    pub(in crate::store) folder: Option<tempfile::TempDir>,
}

impl Bench {
    pub(in crate::store) fn memory() -> Result<Bench, StoreError> {
        Ok(Bench::over(Store::in_memory()?, None))
    }

    pub(in crate::store) fn sled() -> Result<Bench, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let store = Store::open(folder.path(), Open::OrCreate, [7; 16])?;
        Ok(Bench::over(store, Some(folder)))
    }

    pub(in crate::store) fn over(store: Store, folder: Option<tempfile::TempDir>) -> Bench {
        let now = "2026-11-24T08:00:00Z".parse().expect("an instant");
        Bench {
            store,
            now,
            guards: GUARDS,
            folder,
        }
    }

    pub(in crate::store) fn path(&self) -> PathBuf {
        self.folder
            .as_ref()
            .map(|folder| folder.path().to_owned())
            .unwrap_or_default()
    }

    pub(in crate::store) fn wait(&mut self, time: SignedDuration) {
        self.now = self.now.checked_add(time).expect("in range");
    }

    /// A look at a few files.
    pub(in crate::store) async fn look(
        &self,
        found: impl IntoIterator<Item = Found>,
        missing: &[&str],
    ) -> Result<Applied, StoreError> {
        self.batch(found, missing, Pass::End).await
    }

    /// A complete scan.
    pub(in crate::store) async fn scan(
        &self,
        found: impl IntoIterator<Item = Found>,
        missing: &[&str],
    ) -> Result<Applied, StoreError> {
        self.batch(found, missing, Pass::EndOfScan).await
    }

    pub(in crate::store) async fn batch(
        &self,
        found: impl IntoIterator<Item = Found>,
        missing: &[&str],
        pass: Pass,
    ) -> Result<Applied, StoreError> {
        let batch = Batch {
            source: "pages".to_owned(),
            found: found.into_iter().collect(),
            missing: missing.iter().map(|path| (*path).to_owned()).collect(),
            pass,
        };
        self.store.apply(batch, self.now, self.guards).await
    }

    /// Releases what is due.
    pub(in crate::store) async fn release_due(&self) -> Result<Vec<Change>, StoreError> {
        let released = self.store.release_due(self.now, self.guards).await?;
        Ok(released.changes)
    }

    pub(in crate::store) async fn publication(
        &self,
        id: &str,
    ) -> Result<PublicationState, Box<dyn std::error::Error>> {
        let state = self
            .store
            .publication(&PublicationId(id.to_owned()))
            .await?;
        Ok(state.ok_or_else(|| format!("no publication {id}"))?)
    }

    pub(in crate::store) async fn subscribe(
        &self,
        address: &str,
        schedule: &str,
        any: &str,
    ) -> Result<Subscriber, StoreError> {
        self.store
            .subscribe(request(address, schedule, any), self.now)
            .await
    }

    /// Opens a window of a schedule now and plans it to the end, a few subscribers at a time.
    pub(in crate::store) async fn run(&self, schedule: &str) -> Result<Run, StoreError> {
        let run = self
            .store
            .open_run(cadence(schedule), self.now, None, self.now)
            .await?;
        loop {
            let run = self
                .store
                .plan(run.key, 3, self.now)
                .await?
                .expect("it was opened");
            if run.planned {
                return Ok(run);
            }
        }
    }

    pub(in crate::store) async fn claim(&self) -> Result<Vec<Claim>, StoreError> {
        self.store.claim(1000, LEASE, self.now).await
    }

    pub(in crate::store) async fn settle(&self, outcomes: Outcomes) -> Result<(), StoreError> {
        self.store.settle(outcomes, POLICY, self.now).await
    }

    /// Carries out what was decided of a hold, to the end.
    pub(in crate::store) async fn carry_out(
        &self,
        hold: HoldKey,
    ) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        loop {
            let carried_out = self.store.carry_out(hold, self.now, self.guards).await?;
            changes.extend(carried_out.changes);
            if carried_out.done {
                return Ok(changes);
            }
        }
    }

    /// Opens, plans and sends a run: who got which titles.
    pub(in crate::store) async fn mail(
        &self,
        schedule: &str,
    ) -> Result<Vec<(String, Vec<String>)>, StoreError> {
        self.run(schedule).await?;
        self.send().await
    }

    /// Sends what is due: who got which titles.
    pub(in crate::store) async fn send(&self) -> Result<Vec<(String, Vec<String>)>, StoreError> {
        let claims = self.claim().await?;
        self.settle(
            claims
                .iter()
                .map(|claim| (claim.key, Outcome::Accepted))
                .collect(),
        )
        .await?;
        Ok(claims.iter().map(told).collect())
    }
}

/// Whom a claim tells what: titles, a correction marked by `!`.
pub(in crate::store) fn told(claim: &Claim) -> (String, Vec<String>) {
    let titles = claim.content.items.iter().map(|item| {
        let mark = if item.correction { "!" } else { "" };
        format!("{mark}{}", item.publication.title)
    });
    (claim.address.as_str().to_owned(), titles.collect())
}

pub(in crate::store) fn kinds(applied: &Applied) -> Vec<(ChangeKind, bool)> {
    applied
        .changes
        .iter()
        .map(|change| (change.kind, change.news))
        .collect()
}

pub(in crate::store) fn cadence(schedule: &str) -> Cadence {
    Cadence {
        schedule: schedule.to_owned(),
        zone: None,
    }
}

pub(in crate::store) fn language(tag: &str) -> Language {
    Language::parse(tag).expect("a language tag")
}

pub(in crate::store) fn tags(names: &str) -> BTreeSet<TagId> {
    names
        .split_whitespace()
        .map(|name| TagId::new(name).expect("a slug"))
        .collect()
}

pub(in crate::store) fn request(address: &str, schedule: &str, any: &str) -> NewSubscription {
    NewSubscription {
        address: Address::parse(address).expect("an address"),
        language: language("pl"),
        timezone: "Europe/Warsaw".to_owned(),
        basis: Basis::Administrator,
        filter: Filter {
            any: tags(any),
            ..Filter::default()
        },
        cadence: cadence(schedule),
    }
}
