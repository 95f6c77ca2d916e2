//! The steps, each by itself.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use jiff::Timestamp;

use super::backlog::{Outcome, Page, Step, Stepped, WrittenPage};
use crate::daemon::publish::writing::{path_of, recipe};
use crate::domain::FeedKey;
use crate::feed::Format;
use crate::publish::{Publisher, Put, Version};
use crate::render::{Earlier, Renderer, Shape};
use crate::store::Store;

/// Takes the steps, and writes the pages: for the backlog, and for a feed that is about to lead to a
/// page that is not there yet.
pub(in crate::daemon::publish) struct Archivist {
    store: Store,
    renderer: Arc<Renderer>,
    publisher: Arc<Publisher>,
    /// By a page's number: no file is written by two at a time.
    at_work: [Mutex<()>; 16],
}

impl Archivist {
    pub(in crate::daemon::publish) fn new(
        store: Store,
        renderer: Arc<Renderer>,
        publisher: Arc<Publisher>,
    ) -> Archivist {
        Archivist {
            store,
            renderer,
            publisher,
            at_work: Default::default(),
        }
    }

    /// Takes a step, on a thread where blocking hurts nobody.
    pub(in crate::daemon::publish) async fn step(
        self: Arc<Self>,
        step: Step,
        now: Timestamp,
    ) -> Stepped {
        let result = self.take(step.clone(), now).await;
        Stepped { step, result }
    }

    async fn take(self: Arc<Self>, step: Step, now: Timestamp) -> anyhow::Result<Outcome> {
        Ok(match step {
            Step::Number(feed) => Outcome::Numbered {
                is_left: self.store.number(&feed).await?,
            },
            Step::Compare(feed) => Outcome::Stale(self.stale(&feed).await?),
            Step::Write(page) => {
                let shape = self.renderer.shape().await?;
                Outcome::Page(self.write(&page, shape.as_ref(), now).await?)
            }
            // Only those that have one are to be rendered again.
            Step::Lead(mut feeds) => {
                let pages = self.store.page_counts().await?;
                feeds.retain(|feed| pages.contains_key(feed));
                Outcome::Lead(feeds)
            }
            Step::Sweep => {
                let pages = self.store.page_counts().await?;
                let is_there = |(feed, page): &Page| pages.get(feed).is_some_and(|all| page <= all);
                let keep = |path: &str| page_at(path).as_ref().is_none_or(is_there);
                self.publisher.retain(keep)?;
                Outcome::Swept
            }
        })
    }

    /// The pages whose files were made from something else than would make them now.
    async fn stale(&self, feed: &FeedKey) -> anyhow::Result<Vec<u64>> {
        let shape = self.renderer.shape().await?;
        let pages = self.store.pages(feed).await?;
        let full = pages.len() as u64;
        let stale = pages.into_iter().filter(|(page, sequence)| {
            let is_made = shape.as_ref().is_some_and(|shape| {
                let recipe = recipe(shape, full.min(page + 1), *sequence);
                let path = path_of(&feed.page_stem(*page), Format::Atom);
                self.publisher.is_made_from(&path, &recipe)
            });
            !is_made
        });
        Ok(stale.map(|(page, _)| page).collect())
    }

    /// Writes the newest page of a feed's archive, unless it is there.
    pub(in crate::daemon::publish) async fn have(
        &self,
        page: &Page,
        shape: Option<&Shape>,
        now: Timestamp,
    ) -> anyhow::Result<WrittenPage> {
        let path = path_of(&page.0.page_stem(page.1), Format::Atom);
        if self.publisher.shelf().get(&path).is_some() {
            return Ok(WrittenPage::default());
        }
        self.write(page, shape, now).await
    }

    /// Writes a page, on a thread where blocking hurts nobody. One that is none is removed.
    async fn write(
        &self,
        (feed, number): &Page,
        shape: Option<&Shape>,
        now: Timestamp,
    ) -> anyhow::Result<WrittenPage> {
        let path = path_of(&feed.page_stem(*number), Format::Atom);
        let Some(made) = self.renderer.page(feed, *number).await? else {
            self.publisher.retain(|other| other != path)?;
            return Ok(WrittenPage::default());
        };
        let former = self.publisher.former(&path);
        let earlier = former
            .as_ref()
            .and_then(|former| Earlier::of(former, shape?));
        let rendered = self
            .renderer
            .render(&made, Format::Atom, earlier.as_ref())
            .await;
        let rendered = rendered.with_context(|| path.clone())?;
        let (recipe, parts) = match shape {
            Some(shape) if rendered.lost.is_empty() && rendered.refused.is_empty() => {
                (recipe(shape, made.pages, made.sequence), rendered.parts)
            }
            _ => (String::new(), Vec::new()),
        };
        let version = Version {
            media_type: Format::Atom.media_type(),
            bytes: rendered.bytes,
            sequence: made.sequence,
            modified: now,
            recipe,
            parts,
            // Another may have put one meanwhile.
            fresh: None,
        };
        let put = {
            let lock = self.at_work.get(*number as usize % self.at_work.len());
            let _alone = lock.map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.publisher.put(&path, version)
        };
        let put = put.with_context(|| format!("can't write {path}"))?;
        Ok(WrittenPage {
            file: (put == Put::Written).then_some(path),
            lost: rendered.lost,
        })
    }
}

/// The page whose file is at a path.
pub(in crate::daemon::publish) fn page_at(path: &str) -> Option<Page> {
    FeedKey::page_at(path.strip_suffix(".atom")?)
}
