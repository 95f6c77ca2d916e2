//! Feeds: those that changes touched are rendered from the store, put on disk and served.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::signals::Signals;
use crate::config::Config;
use crate::control::{Board, Clock};
use crate::domain::{
    BodyHash, FeedKey, Language, Problem, PublicationState, Sequence, TagDefinition, TagId,
};
use crate::feed::{self, Category, Entry, Feed, OPML_MEDIA_TYPE, OpmlFeed, opml};
use crate::publish::{Publisher, Put};
use crate::store::{FeedView, Store, StoreError};

/// Bodies kept at hand while several feeds with the same entries are rendered.
const BODIES: usize = 2_000;
const INDEX: &str = "index.opml";
/// Between attempts at what could not be written.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// The loop of the feeds.
pub struct Publishing {
    store: Store,
    config: Arc<Config>,
    publisher: Publisher,
    board: Arc<Board>,
    tags: BTreeMap<TagId, TagDefinition>,
    /// The feeds that the index lists.
    listed: BTreeSet<FeedKey>,
    /// Those that could not be written.
    owed: BTreeSet<FeedKey>,
}

impl Publishing {
    /// The loop over what `publisher` writes.
    pub fn new(
        store: Store,
        config: Arc<Config>,
        publisher: Publisher,
        board: Arc<Board>,
    ) -> Publishing {
        let tags = config
            .tags
            .iter()
            .map(|tag| (tag.id.clone(), tag.clone()))
            .collect();
        Publishing {
            store,
            config,
            publisher,
            board,
            tags,
            listed: BTreeSet::new(),
            owed: BTreeSet::new(),
        }
    }

    /// Renders everything once (the last daemon may have been killed between a change and its
    /// feeds, or the configuration may be another), then what changes touch.
    pub async fn run(
        mut self,
        signals: Arc<Signals>,
        clock: Clock,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let all = self.store.feeds().await?.into_iter().collect();
        let mut all_well = self.round(all, clock()).await?;
        loop {
            let pause = if all_well { Duration::MAX } else { TRY_AGAIN };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = signals.render() => {}
                () = tokio::time::sleep(pause) => {}
            }
            all_well = self.round(signals.take_touched(), clock()).await?;
        }
    }

    /// A full disk is no reason to stop mailing: it is pinned to the board, and what failed is tried
    /// again. Says whether nothing did.
    async fn round(&mut self, feeds: BTreeSet<FeedKey>, now: Timestamp) -> anyhow::Result<bool> {
        match self.tick(feeds, now).await {
            Ok(_) => {
                self.board.clear("feeds", "");
                Ok(true)
            }
            Err(error) if super::is_store_trouble(&error) => Err(error),
            Err(error) => {
                tracing::error!("feeds: {error:#}");
                let remedy = "free the disk or mend the folder; it is tried again by itself";
                let problem =
                    Problem::of_file(&self.config.feeds.dir, format!("{error:#}"), remedy);
                self.board.pin("feeds", "", problem);
                Ok(false)
            }
        }
    }

    /// Renders some feeds, and those that are owed. Returns the files that are new.
    ///
    /// # Errors
    /// The store's at once; the first of the disk's or a feed's own after all others were written.
    pub async fn tick(
        &mut self,
        feeds: BTreeSet<FeedKey>,
        now: Timestamp,
    ) -> anyhow::Result<Vec<String>> {
        let mut written = Vec::new();
        let mut bodies = HashMap::new();
        let mut result = Ok(());
        self.owed.extend(feeds);
        for key in std::mem::take(&mut self.owed) {
            match self.one(&key, now, &mut bodies, &mut written).await {
                Ok(()) => {}
                Err(error) if super::is_store_trouble(&error) => return Err(error),
                Err(error) => {
                    self.owed.insert(key);
                    result = result.and(Err(error));
                }
            }
            tokio::task::yield_now().await;
        }
        self.index(now, &mut written)?;
        self.publisher.commit()?;
        result.map(|()| written)
    }

    async fn one(
        &mut self,
        key: &FeedKey,
        now: Timestamp,
        bodies: &mut HashMap<BodyHash, String>,
        written: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let Some(view) = self.store.feed(key, self.config.feeds.items).await? else {
            return Ok(());
        };
        let sequence = view.sequence;
        let feed = self.feed(key, view, bodies).await?;
        for format in self.config.feeds.formats.clone() {
            let bytes = feed::render(&feed, format).with_context(|| feed.stem.clone())?;
            let path = format!("{}.{}", feed.stem, format.extension());
            self.put(path, format.media_type(), bytes, sequence, now, written)?;
        }
        self.listed.insert(key.clone());
        Ok(())
    }

    fn put(
        &mut self,
        path: String,
        media_type: &'static str,
        bytes: Vec<u8>,
        sequence: Sequence,
        now: Timestamp,
        written: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        // The same bytes keep their tag and date, over restarts too.
        if self
            .publisher
            .shelf()
            .get(&path)
            .is_some_and(|former| former.bytes == bytes)
        {
            return Ok(());
        }
        let put = self.publisher.put(&path, media_type, bytes, sequence, now);
        if put.with_context(|| format!("can't write {path}"))? == Put::Written {
            written.push(path);
        }
        Ok(())
    }

    fn index(&mut self, now: Timestamp, written: &mut Vec<String>) -> anyhow::Result<()> {
        let base = feeds_url(&self.config);
        let Some(format) = self.config.feeds.formats.first() else {
            return Ok(());
        };
        let feeds: Vec<OpmlFeed> = self
            .listed
            .iter()
            .map(|key| OpmlFeed {
                title: self.title(key),
                xml_url: format!("{base}{}.{}", key.stem(), format.extension()),
                html_url: self.config.site.url.to_string(),
                language: key.language.clone(),
            })
            .collect();
        let bytes = opml(&self.config.site.title, &feeds)?;
        self.put(
            INDEX.to_owned(),
            OPML_MEDIA_TYPE,
            bytes,
            Sequence(0),
            now,
            written,
        )
    }

    async fn feed(
        &self,
        key: &FeedKey,
        view: FeedView,
        bodies: &mut HashMap<BodyHash, String>,
    ) -> anyhow::Result<Feed> {
        let site = &self.config.site;
        let stem = key.stem();
        let mut entries = Vec::with_capacity(view.entries.len());
        for state in view.entries {
            entries.push(self.entry(key, state, bodies).await?);
        }
        Ok(Feed {
            id: format!("tag:{}:feed/{stem}", site.authority),
            title: self.title(key),
            description: self.title(key),
            home: site.url.to_string(),
            base: feeds_url(&self.config),
            stem,
            language: key.language.clone(),
            site_language: site.language.clone(),
            updated: view.updated,
            author: site.title.clone(),
            scheme: format!("tag:{}:tags", site.authority),
            entries,
        })
    }

    async fn entry(
        &self,
        key: &FeedKey,
        state: PublicationState,
        bodies: &mut HashMap<BodyHash, String>,
    ) -> anyhow::Result<Entry> {
        let publication = state.publication;
        let language = key.language.as_ref().unwrap_or(&publication.language);
        let categories = publication.tags.iter().map(|tag| Category {
            term: tag.id.to_string(),
            label: self
                .label(&tag.id, language)
                .unwrap_or(&tag.label)
                .to_owned(),
        });
        let categories = categories.collect();
        let body = if self.config.feeds.full {
            self.body(publication.body, bodies).await?
        } else {
            None
        };
        Ok(Entry {
            publication: Arc::new(publication),
            categories,
            body,
        })
    }

    /// A lost body costs its entry no more than the body.
    async fn body(
        &self,
        hash: BodyHash,
        bodies: &mut HashMap<BodyHash, String>,
    ) -> anyhow::Result<Option<String>> {
        if let Some(body) = bodies.get(&hash) {
            return Ok(Some(body.clone()));
        }
        let body = match self.store.body(hash).await {
            Ok(body) => body,
            Err(lost @ StoreError::Body(_)) => {
                tracing::error!("{lost}");
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if bodies.len() >= BODIES {
            bodies.clear();
        }
        bodies.insert(hash, body.clone());
        Ok(Some(body))
    }

    /// `Szkolenia · Portal`, or the site's title.
    fn title(&self, key: &FeedKey) -> String {
        let site = &self.config.site;
        match &key.tag {
            Some(tag) => {
                let language = key.language.as_ref().unwrap_or(&site.language);
                let label = self.label(tag, language).unwrap_or(tag.as_str());
                format!("{label} · {}", site.title)
            }
            None => site.title.clone(),
        }
    }

    /// What a tag is called in a language, or else in the site's.
    fn label(&self, tag: &TagId, language: &Language) -> Option<&str> {
        self.tags
            .get(tag)?
            .label(language, &self.config.site.language)
    }
}

/// Public base of the feeds.
pub fn feeds_url(config: &Config) -> String {
    format!("{}feeds/", config.web.url)
}
