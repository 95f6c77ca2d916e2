//! The pass: subscribers in their order, and beside them the rows of their deliveries.

use std::collections::{HashMap, HashSet};

use super::super::engine::{Go, Order, Read};
use super::super::record::Record;
use super::super::rows::ChunkEntry;
use super::super::{StoreError, keys};
use super::rows::{Contents, Rows};
use super::{Account, Books, BooksRow, News, NotedRow, Stretch};
use crate::domain::{
    Content, Counts, Item, PublicationKey, Run, RunKey, Subscriber, SubscriberKey, SubscriberStatus,
};

pub(super) struct Pass<'r> {
    run: &'r Run,
    stretches: Vec<(Stretch, Vec<News>)>,
    rows: Rows,
    contents: Contents,
    /// The last subscriber looked at.
    reached: SubscriberKey,
    /// The last one to look at.
    through: SubscriberKey,
    counted: Counts,
    books: Books,
}

impl<'r> Pass<'r> {
    pub(super) fn begin(
        reader: &impl Read,
        run: &'r Run,
        row: &BooksRow,
    ) -> Result<Pass<'r>, StoreError> {
        let mut stretches = Vec::with_capacity(row.stretches.len());
        let mut books = Books::default();
        for (number, stretch) in row.stretches.iter().enumerate() {
            let mut noted = Vec::new();
            let span = keys::noted_in(run.key, number as u64).prefix();
            reader.scan(span.range(), Order::Ascending, &mut |_, value| {
                noted.extend(NotedRow::decode(value)?.news);
                Ok(Go::On)
            })?;
            let mut news = Vec::with_capacity(noted.len());
            for noted in noted {
                books.publications.entry(noted.publication).or_default();
                news.push(News::of(reader, noted)?);
            }
            stretches.push((stretch.clone(), news));
        }
        let everybody = SubscriberKey(u64::MAX);
        let so_far = || run.planned_through.unwrap_or(SubscriberKey(0));
        Ok(Pass {
            run,
            stretches,
            rows: Rows::of(run.key),
            contents: Contents::default(),
            reached: SubscriberKey(0),
            through: if run.planned { everybody } else { so_far() },
            counted: Counts::default(),
            books,
        })
    }

    /// The subscriber after whom the next page begins.
    pub(super) fn reached(&self) -> SubscriberKey {
        self.reached
    }

    /// Looks at a page of subscribers. Says whether there may be more.
    pub(super) fn take(
        &mut self,
        reader: &impl Read,
        page: &[Subscriber],
    ) -> Result<bool, StoreError> {
        for subscriber in page {
            if subscriber.key > self.through {
                self.pass_over(reader, subscriber.key)?;
                return Ok(false);
            }
            self.pass_over(reader, subscriber.key)?;
            let entry = self.rows.of_subscriber(reader, subscriber.key)?;
            self.judge(reader, subscriber, entry)?;
            self.reached = subscriber.key;
        }
        if page.is_empty() {
            self.pass_over(reader, SubscriberKey(u64::MAX))?;
        }
        Ok(!page.is_empty())
    }

    pub(super) fn finish(self) -> Books {
        let miscounted = Some(self.counted).filter(|counted| *counted != self.run.counts);
        Books {
            miscounted,
            ..self.books
        }
    }

    /// Deliveries to those before `next` who are no longer there.
    fn pass_over(&mut self, reader: &impl Read, next: SubscriberKey) -> Result<(), StoreError> {
        while let Some(entry) = self.rows.before(reader, next)? {
            *entry.state.count(&mut self.counted) += 1;
            self.books.left_out += 1;
        }
        Ok(())
    }

    fn judge(
        &mut self,
        reader: &impl Read,
        subscriber: &Subscriber,
        entry: Option<ChunkEntry>,
    ) -> Result<(), StoreError> {
        let (run, who) = (self.run.key, subscriber.key);
        let got = match &entry {
            Some(entry) => {
                *entry.state.count(&mut self.counted) += 1;
                Some((
                    entry,
                    self.contents.get(reader, run, entry.content)?.clone(),
                ))
            }
            None => None,
        };
        let asked = asked(&self.stretches, subscriber, self.run);
        let preferred = preferred(&asked, subscriber);
        let mut has_had: HashMap<PublicationKey, u32> = HashMap::new();
        if !asked.is_empty() {
            for (_, item) in self.contents.items(reader, who, RunKey(0)..run)? {
                let major = has_had.entry(item.publication).or_default();
                *major = item.major.max(*major);
            }
        }
        let mut verdicts = Vec::with_capacity(asked.len());
        for news in &asked {
            let item = |content: &Content| is_in(content, news.publication);
            let is_rest = |content: &Content| content.beyond > 0;
            let mut majors = news.group.iter().filter_map(|one| has_had.get(one));
            let had = majors.any(|major| *major >= news.major);
            verdicts.push((
                news.publication,
                match &got {
                    Some((entry, content)) if item(content) => Verdict::Delivered(entry),
                    _ if !preferred.contains(&news.publication) || had => Verdict::Had,
                    Some((entry, content)) if is_rest(content) => Verdict::Delivered(entry),
                    _ => Verdict::Missed,
                },
            ));
        }
        let matched: HashSet<PublicationKey> = asked.iter().map(|news| news.publication).collect();
        if let Some((entry, content)) = &got {
            let unasked = |item: &&Item| !matched.contains(&item.publication);
            let unasked = content.items.iter().filter(unasked);
            verdicts.extend(unasked.map(|item| (item.publication, Verdict::Unasked(entry))));
        }
        let is_wrong = |verdict: &Verdict| matches!(verdict, Verdict::Missed | Verdict::Unasked(_));
        if verdicts.iter().any(|(_, verdict)| is_wrong(verdict))
            && has_changed(subscriber, self.run)
        {
            self.books.left_out += 1;
            return Ok(());
        }
        for (publication, verdict) in verdicts {
            verdict.enter(self.books.publications.entry(publication).or_default(), who);
        }
        Ok(())
    }
}

/// How one subscriber stands to one publication of the run.
enum Verdict<'e> {
    Delivered(&'e ChunkEntry),
    Had,
    Missed,
    Unasked(&'e ChunkEntry),
}

impl Verdict<'_> {
    fn enter(self, account: &mut Account, subscriber: SubscriberKey) {
        account.matched += u64::from(!matches!(self, Verdict::Unasked(_)));
        match self {
            Verdict::Delivered(entry) => *entry.state.count(&mut account.counts) += 1,
            Verdict::Had => account.already_had += 1,
            Verdict::Missed => account.miss(subscriber),
            Verdict::Unasked(entry) => {
                *entry.state.count(&mut account.counts) += 1;
                account.exceed(subscriber);
            }
        }
    }
}

/// The news that passes a filter of the subscriber in the run's window.
fn asked<'n>(
    stretches: &'n [(Stretch, Vec<News>)],
    subscriber: &Subscriber,
    run: &Run,
) -> Vec<&'n News> {
    let was_there = match subscriber.status {
        SubscriberStatus::Active => true,
        SubscriberStatus::Unsubscribed(at)
        | SubscriberStatus::Paused(at)
        | SubscriberStatus::Suppressed(at) => at >= run.opened,
        SubscriberStatus::Unconfirmed => false,
    };
    let stretch = stretches
        .iter()
        .rfind(|(stretch, _)| stretch.after < subscriber.key);
    let Some((stretch, news)) = stretch.filter(|_| was_there) else {
        return Vec::new();
    };
    let mut subscriptions = subscriber.subscriptions.iter();
    let of_cadence = subscriptions
        .by_ref()
        .filter(|subscription| subscription.cadence == run.window.cadence);
    let of_cadence: Vec<_> = of_cadence.collect();
    let passes = |news: &&News| {
        of_cadence.iter().any(|subscription| {
            news.sequence > subscription.cursor
                && news.sequence > stretch.mark
                && subscription.counts(news.sequence, &news.tags, &news.language)
        })
    };
    news.iter().filter(passes).collect()
}

/// Of each publication and its translations the one in the reader's language, else in one close to
/// it, else the first that was known.
fn preferred(asked: &[&News], subscriber: &Subscriber) -> HashSet<PublicationKey> {
    let distance = |news: &News| {
        if news.language == subscriber.language {
            0
        } else if news.language.primary() == subscriber.language.primary() {
            1
        } else {
            2
        }
    };
    let mut best: HashMap<&[PublicationKey], (u8, PublicationKey)> = HashMap::new();
    for news in asked {
        let rank = (distance(news), news.publication);
        let so_far = best.entry(news.group.as_slice()).or_insert(rank);
        *so_far = rank.min(*so_far);
    }
    best.into_values()
        .map(|(_, publication)| publication)
        .collect()
}

/// May the subscriptions be others than those that the run was planned by? Who came behind its mark
/// was planned by a cursor that is gone, and has that of the run since.
fn has_changed(subscriber: &Subscriber, run: &Run) -> bool {
    let mut subscriptions = subscriber.subscriptions.iter();
    subscriber.changed >= run.key
        || subscriptions.any(|subscription| subscription.cursor >= run.window.upper)
}

fn is_in(content: &Content, publication: PublicationKey) -> bool {
    content
        .items
        .iter()
        .any(|item| item.publication == publication)
}
