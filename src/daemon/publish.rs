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

/// Bytes of bodies kept at hand while several feeds with the same entries are rendered.
const AT_HAND: usize = 64 << 20;
/// Bytes of bodies in a feed: newest first, whole as long as there is room. Readers refuse feeds
/// that are much larger, and every feed is held in memory to be served.
const ROOM: usize = 12 << 20;
/// Between looks at whether the files are still there; and until what failed is tried again.
const LOOK_EVERY: Duration = Duration::from_mins(5);
const RETRY: Duration = Duration::from_secs(10);
const INDEX: &str = "index.opml";

/// The loop of the feeds.
pub struct Publishing {
    store: Store,
    config: Arc<Config>,
    publisher: Publisher,
    board: Arc<Board>,
    tags: BTreeMap<TagId, TagDefinition>,
    /// The feeds that the index lists, with their titles.
    listed: BTreeMap<FeedKey, String>,
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
            listed: BTreeMap::new(),
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
        let mut touched: BTreeSet<FeedKey> = self.store.feeds().await?.into_iter().collect();
        loop {
            // Left in the middle, a round is as if the process had been killed there.
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                done = self.round(touched, clock()) => done?,
            }
            let pause = if self.owed.is_empty() {
                LOOK_EVERY
            } else {
                RETRY
            };
            let changed = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = signals.render() => true,
                () = tokio::time::sleep(pause) => false,
            };
            touched = signals.take_touched();
            if !changed && let Err(error) = self.publisher.restore() {
                tracing::debug!("feeds that are missing can't be restored: {error}");
            }
        }
    }

    /// A full disk is no reason to stop mailing: it is pinned to the board, and what is owed is
    /// tried again.
    async fn round(&mut self, feeds: BTreeSet<FeedKey>, now: Timestamp) -> anyhow::Result<()> {
        match self.tick(feeds, now).await {
            Ok(_) => self.board.clear("feeds", ""),
            Err(error) if super::is_store_trouble(&error) => return Err(error),
            Err(error) => {
                let remedy = "free the disk or mend the folder; it is tried again";
                let problem =
                    Problem::of_file(&self.config.feeds.dir, format!("{error:#}"), remedy);
                if self.board.pin("feeds", "", problem) {
                    tracing::error!("feeds: {error:#}");
                }
            }
        }
        Ok(())
    }

    /// Renders some feeds, and those that are owed. Returns the files that are new.
    ///
    /// # Errors
    /// The store's, or the disk's.
    pub async fn tick(
        &mut self,
        feeds: BTreeSet<FeedKey>,
        now: Timestamp,
    ) -> anyhow::Result<Vec<String>> {
        let mut written = Vec::new();
        let mut bodies = Bodies::default();
        let mut result = Ok(());
        self.owed.extend(feeds);
        for key in std::mem::take(&mut self.owed) {
            match self.one(&key, now, &mut bodies, &mut written).await {
                Ok(()) => {}
                Err(error) if super::is_store_trouble(&error) => return Err(error),
                // One that fails stops no other.
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
        bodies: &mut Bodies,
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
        self.listed.insert(key.clone(), feed.title);
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
            .map(|(key, title)| OpmlFeed {
                title: title.clone(),
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
        bodies: &mut Bodies,
    ) -> anyhow::Result<Feed> {
        let site = &self.config.site;
        let stem = key.stem();
        let mut entries = Vec::with_capacity(view.entries.len());
        let mut room = ROOM;
        let title = self.title(key, view.label.as_deref());
        for state in view.entries {
            entries.push(self.entry(key, state, bodies, &mut room).await?);
        }
        Ok(Feed {
            id: format!("tag:{}:feed/{stem}", site.authority),
            description: title.clone(),
            title,
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
        bodies: &mut Bodies,
        room: &mut usize,
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
            let body = bodies.get(&self.store, publication.body).await?;
            let body = body.filter(|body| body.len() <= *room);
            *room -= body.map_or(0, str::len);
            body.map(str::to_owned)
        } else {
            None
        };
        Ok(Entry {
            publication: Arc::new(publication),
            categories,
            body,
        })
    }

    /// `Szkolenia · Portal`, or the site's title.
    fn title(&self, key: &FeedKey, author: Option<&str>) -> String {
        let site = &self.config.site;
        match &key.tag {
            Some(tag) => {
                let language = key.language.as_ref().unwrap_or(&site.language);
                let label = self.label(tag, language).or(author);
                let label = label.unwrap_or(tag.as_str());
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

/// Bodies at hand.
#[derive(Default)]
struct Bodies {
    read: HashMap<BodyHash, String>,
    bytes: usize,
}

impl Bodies {
    /// A body; `None`: it is lost, which costs its entry no more than the body.
    async fn get(&mut self, store: &Store, hash: BodyHash) -> Result<Option<&str>, StoreError> {
        if !self.read.contains_key(&hash) {
            let body = match store.body(hash).await {
                Ok(body) => body,
                Err(lost @ StoreError::Body(_)) => {
                    tracing::error!("{lost}");
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            if self.bytes >= AT_HAND {
                *self = Bodies::default();
            }
            self.bytes += body.len();
            self.read.insert(hash, body);
        }
        Ok(self.read.get(&hash).map(String::as_str))
    }
}

/// Public base of the feeds.
pub fn feeds_url(config: &Config) -> String {
    format!("{}feeds/", config.web.url)
}
