//! The names of sources, as last configured: what one published goes along when it is called
//! otherwise now, and waits for a person when it is gone.

use jiff::Timestamp;

use crate::domain::names::{Kind, Names, Orphan};
use crate::domain::{Hold, HoldKind, PublicationKey, PublicationState, UpstreamState};

use super::engine::{Go, Order, Read, Transaction};
use super::holds::{HoldEvent, Missing, all_of, holds};
use super::record::Record;
use super::rows::{FileRow, LossRow, Number, SourceRow};
use super::{Store, StoreError, forget, keys, load, meta, save};

/// Publications that follow a name in one transaction.
const PIECE: usize = 256;

impl Store {
    /// The sources that are gone from a configuration, and how many publications each left.
    pub async fn gone_sources(&self, names: &Names) -> Result<Vec<Orphan>, StoreError> {
        let mut gone = sources(self.reader())?;
        gone.retain(|source| !names.sources.contains_key(source));
        let orphan = |name: String| {
            Ok(Orphan {
                kind: Kind::Source,
                concerned: all_of(self.reader(), &name)?.len() as u64,
                name,
            })
        };
        gone.into_iter().map(orphan).collect()
    }

    /// Takes over what a configuration calls its sources. A source's publications follow it to its
    /// new name, as they are; those of a source that is gone are held, to be withdrawn or kept.
    /// Returns every such hold that waits, and those that end since their source is there again.
    /// Can be called again after it was interrupted; nobody looks at a source meanwhile.
    pub async fn adopt_sources(
        &self,
        names: &Names,
        now: Timestamp,
    ) -> Result<Vec<HoldEvent>, StoreError> {
        let mut events = Vec::new();
        for hold in holds(self.reader())? {
            let is_there = match &hold.kind {
                HoldKind::Gone { source } => names.sources.contains_key(source),
                _ => false,
            };
            if is_there && hold.decision.is_none() {
                let ended = self.write(move |transaction| {
                    Missing::of(transaction, hold)?.dissolve(transaction, now)
                });
                events.extend(ended.await?.map(HoldEvent::Dissolved));
            }
        }
        for (former, present) in &names.sources {
            if former != present && is_known(self.reader(), former)? {
                self.rename_source(former, present, now).await?;
            }
        }
        for source in sources(self.reader())? {
            // One whose name is another's now may have left some behind.
            if names.sources.get(&source) != Some(&source) {
                let held = self.write(move |transaction| hold_back(transaction, source, now));
                events.extend(held.await?.map(HoldEvent::Opened));
            }
        }
        Ok(events)
    }

    async fn rename_source(
        &self,
        former: &str,
        present: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (from, to) = (former.to_owned(), present.to_owned());
        self.write(move |transaction| rename_holds(transaction, &from, &to, now))
            .await?;
        let mut after = Some(PublicationKey(0));
        while let Some(last) = after {
            let page = page_of(self.reader(), former, last)?;
            after = page.last().copied().filter(|_| page.len() == PIECE);
            let (from, to) = (former.to_owned(), present.to_owned());
            self.write(move |transaction| {
                let mut page = page.iter();
                page.try_for_each(|key| follow(transaction, *key, &from, &to))
            })
            .await?;
        }
        let (from, to) = (former.to_owned(), present.to_owned());
        self.write(move |transaction| {
            move_row::<SourceRow>(transaction, keys::source(&from), keys::source(&to))?;
            move_row::<UpstreamState>(transaction, keys::upstream(&from), keys::upstream(&to))?;
            let (lost, there) = (keys::lost_bodies(&from), keys::lost_bodies(&to));
            move_row::<Number>(transaction, lost, there)
        })
        .await
    }
}

/// What is written down of a source in the end: that it is renamed, then, is known by its absence.
fn is_known(reader: &impl Read, source: &str) -> Result<bool, StoreError> {
    let is_scanned = reader.get(keys::source(source).bytes())?.is_some();
    Ok(is_scanned || first_source(reader, keys::paths(source).prefix())?.is_some())
}

/// The sources that have publications.
fn sources(reader: &impl Read) -> Result<Vec<String>, StoreError> {
    let mut sources = Vec::new();
    let mut rest = keys::all_paths().prefix();
    while let Some(source) = first_source(reader, rest.clone())? {
        rest.start = keys::paths(&source).prefix().end;
        sources.push(source);
    }
    Ok(sources)
}

fn first_source(reader: &impl Read, span: keys::Span) -> Result<Option<String>, StoreError> {
    let mut first = None;
    reader.scan(span.range(), Order::Ascending, &mut |key, _| {
        first = Some(keys::source_in(key));
        Ok(Go::Stop)
    })?;
    Ok(first)
}

/// Some of the publications of a source, withdrawn ones among them.
fn page_of(
    reader: &impl Read,
    source: &str,
    after: PublicationKey,
) -> Result<Vec<PublicationKey>, StoreError> {
    let mut page = Vec::new();
    let span = keys::publications().prefix();
    let span = span.from(keys::publication(after).next());
    reader.scan(span.range(), Order::Ascending, &mut |key, value| {
        if PublicationState::decode(value)?.source == source {
            page.push(PublicationKey(keys::last_number(key)));
        }
        Ok(if page.len() < PIECE { Go::On } else { Go::Stop })
    })?;
    Ok(page)
}

/// What waits of the source is missed again by its next scan; what was decided is carried out.
fn rename_holds(
    transaction: &mut Transaction<'_>,
    former: &str,
    present: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    for mut hold in holds(transaction)? {
        match &mut hold.kind {
            HoldKind::Withdrawals { source } | HoldKind::Gone { source } if source == former => {
                present.clone_into(source);
            }
            _ => continue,
        }
        if hold.decision.is_none() {
            Missing::of(transaction, hold)?.dissolve(transaction, now)?;
        } else {
            save(transaction, keys::hold(hold.key), &hold)?;
        }
    }
    Ok(())
}

/// A publication goes by its source's new name. Where the new source has another at its path, it
/// stays behind.
fn follow(
    transaction: &mut Transaction<'_>,
    key: PublicationKey,
    former: &str,
    present: &str,
) -> Result<(), StoreError> {
    let state = load::<PublicationState>(transaction, &keys::publication(key))?;
    let Some(mut state) = state.filter(|state| state.source == former) else {
        return Ok(());
    };
    let place = keys::path(former, &state.path);
    if load(transaction, &place)? == Some(Number(key.0)) {
        let new = keys::path(present, &state.path);
        if load::<Number>(transaction, &new)?.is_some() {
            return Ok(());
        }
        forget(transaction, place);
        save(transaction, new, &Number(key.0))?;
    }
    let (file, there) = (
        keys::file(former, &state.path),
        keys::file(present, &state.path),
    );
    move_row::<FileRow>(transaction, file, there)?;
    let loss = keys::loss(former, key);
    move_row::<LossRow>(transaction, loss, keys::loss(present, key))?;
    present.clone_into(&mut state.source);
    save(transaction, keys::publication(key), &state)
}

/// Moves a row, unless there is one already.
fn move_row<R: Record>(
    transaction: &mut Transaction<'_>,
    from: keys::Key,
    to: keys::Key,
) -> Result<(), StoreError> {
    if let Some(row) = load::<R>(transaction, &from)? {
        forget(transaction, from);
        if load::<R>(transaction, &to)?.is_none() {
            save(transaction, to, &row)?;
        }
    }
    Ok(())
}

/// All that a source left waits for a person. Returns the hold, unless it is being carried out.
fn hold_back(
    transaction: &mut Transaction<'_>,
    source: String,
    now: Timestamp,
) -> Result<Option<Hold>, StoreError> {
    let mut gone = Missing::default();
    for hold in holds(transaction)? {
        match &hold.kind {
            HoldKind::Gone { source: of } if *of == source => {
                if hold.decision.is_some() {
                    return Ok(None);
                }
                gone = Missing::of(transaction, hold)?;
            }
            HoldKind::Withdrawals { source: of } if *of == source && hold.decision.is_none() => {
                Missing::of(transaction, hold)?.dissolve(transaction, now)?;
            }
            _ => {}
        }
    }
    let mut meta = meta(transaction)?;
    let all = all_of(transaction, &source)?;
    let of = (HoldKind::Gone { source }, all);
    if gone.renew(transaction, &mut meta, of, now)?.is_some() {
        save(transaction, keys::meta(), &meta)?;
    }
    Ok(gone.into_hold())
}
