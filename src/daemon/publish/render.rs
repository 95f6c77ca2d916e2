//! A feed from the store: its entries with their bodies, and how the site words them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;

use crate::config::Config;
use crate::domain::{
    BodyHash, FeedKey, Language, Publication, PublicationKey, PublicationState, Sequence,
    TagDefinition, TagId, TagName,
};
use crate::feed::{
    Category, Entry, Feed, FeedError, Format, OpmlFeed, render_around, render_entry,
};
use crate::store::{Store, StoreError};

/// Bytes of written entries kept at hand, since several feeds have the same ones.
pub(super) const AT_HAND: usize = 32 << 20;
/// Bytes of bodies in a feed: newest first, whole as long as there is room. Readers refuse feeds
/// that are much larger.
const ROOM: usize = 12 << 20;

/// Makes feeds of what the store holds. Several may be made at a time.
pub(super) struct Renderer {
    store: Store,
    config: Arc<Config>,
    tags: BTreeMap<TagId, TagDefinition>,
    at_hand: Mutex<AtHand>,
}

/// A feed, ready to be written.
pub(super) struct Made {
    /// Without its entries.
    feed: Feed,
    entries: Vec<Arc<Pieces>>,
    /// The last change that it shows.
    pub(super) sequence: Sequence,
    /// Bodies that it should have and that are lost.
    pub(super) lost: BTreeSet<BodyHash>,
}

impl Made {
    /// The feed's bytes.
    pub(super) fn written(&self, format: Format) -> Result<Vec<u8>, FeedError> {
        let entries = self.entries.iter();
        let entries: Vec<&[u8]> = entries
            .filter_map(|pieces| pieces.written.get(&format).map(Vec::as_slice))
            .collect();
        render_around(&self.feed, &entries, format)
    }
}

/// An entry, in every format.
struct Pieces {
    written: BTreeMap<Format, Vec<u8>>,
    /// Of its body.
    bytes: usize,
}

impl Renderer {
    /// `most` bytes of written entries are kept at hand.
    pub(super) fn new(store: Store, config: Arc<Config>, most: usize) -> Renderer {
        let tags = config.tags.iter();
        let tags = tags.map(|tag| (tag.id.clone(), tag.clone())).collect();
        Renderer {
            store,
            config,
            tags,
            at_hand: Mutex::new(AtHand {
                most,
                ..AtHand::default()
            }),
        }
    }

    /// What feeds are made from besides their entries: feeds of equal shapes whose last change is
    /// the same are the same to the byte. It says rather too much than too little.
    pub(super) async fn shape(&self) -> Result<blake3::Hash, StoreError> {
        let Config {
            site, tags, feeds, ..
        } = &*self.config;
        let version = env!("CARGO_PKG_VERSION");
        let (store, base) = (self.store.id().await?, feeds_url(&self.config));
        let shape = format!("{version} {store:?} {base} {site:?} {tags:?} {feeds:?}");
        Ok(blake3::hash(shape.as_bytes()))
    }

    /// The feed as it stands; `None`: nothing was ever in it.
    pub(super) async fn feed(&self, key: &FeedKey) -> anyhow::Result<Option<Made>> {
        let site = &self.config.site;
        let Some(view) = self.store.feed(key, self.config.feeds.items).await? else {
            return Ok(None);
        };
        let stem = key.stem();
        let feed = Feed {
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
            entries: Vec::new(),
        };
        let mut made = Made {
            entries: Vec::with_capacity(view.entries.len()),
            feed,
            sequence: view.sequence,
            lost: BTreeSet::new(),
        };
        let mut room = ROOM;
        for state in view.entries {
            let pieces = self.entry(&made.feed, state, &mut made.lost, room).await;
            let pieces = pieces.with_context(|| made.feed.stem.clone())?;
            room -= pieces.bytes;
            made.entries.push(pieces);
        }
        Ok(Some(made))
    }

    /// How the index lists a feed.
    pub(super) fn listed(&self, key: &FeedKey, extension: &str) -> OpmlFeed {
        OpmlFeed {
            title: self.title(key),
            xml_url: format!("{}{}.{extension}", feeds_url(&self.config), key.stem()),
            html_url: self.config.site.url.to_string(),
            language: key.language.clone(),
        }
    }

    /// An entry, with its body if that is no more than `room`.
    async fn entry(
        &self,
        feed: &Feed,
        state: PublicationState,
        lost: &mut BTreeSet<BodyHash>,
        room: usize,
    ) -> anyhow::Result<Arc<Pieces>> {
        let says_language = feed.says_language_of(&state.publication);
        let name = (state.key, state.revision, says_language);
        let at_hand = || self.at_hand.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pieces) = at_hand().pieces.get(&name).filter(|p| p.bytes <= room) {
            return Ok(Arc::clone(pieces));
        }
        let publication = state.publication;
        let mut body = None;
        let mut is_whole = true;
        if self.config.feeds.full {
            body = self.body(publication.body).await?;
            if body.is_none() {
                lost.insert(publication.body);
            }
            body = body.filter(|body| body.len() <= room);
            is_whole = body.is_some();
        }
        let bytes = body.as_ref().map_or(0, String::len);
        let entry = Entry {
            categories: self.categories(&publication),
            publication: Arc::new(publication),
            body,
        };
        let formats = self.config.feeds.formats.iter();
        let written = formats.map(|format| Ok((*format, render_entry(feed, &entry, *format)?)));
        let pieces = Arc::new(Pieces {
            written: written.collect::<Result<_, FeedError>>()?,
            bytes,
        });
        if is_whole {
            at_hand().hold(name, &pieces);
        }
        Ok(pieces)
    }

    /// The tags, as readers of the publication's language call them: a feed in one language has
    /// none but that in it.
    fn categories(&self, publication: &Publication) -> Vec<Category> {
        let category = |tag: &TagName| Category {
            term: tag.id.to_string(),
            label: self
                .label(&tag.id, &publication.language)
                .unwrap_or(&tag.label)
                .to_owned(),
        };
        publication.tags.iter().map(category).collect()
    }

    /// A body; `None`: it is lost, which costs its entry no more than the body.
    async fn body(&self, hash: BodyHash) -> Result<Option<String>, StoreError> {
        match self.store.body(hash).await {
            Ok(body) => Ok(Some(body)),
            Err(lost @ StoreError::Body(_)) => {
                tracing::error!("{lost}");
                Ok(None)
            }
            Err(error) => Err(error),
        }
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

/// A publication at a revision, and whether the feed says its language.
type Name = (PublicationKey, u32, bool);

/// Entries at hand: those of the newest publications are in many feeds, and in the next rounds' too.
#[derive(Default)]
struct AtHand {
    pieces: HashMap<Name, Arc<Pieces>>,
    bytes: usize,
    most: usize,
}

impl AtHand {
    fn hold(&mut self, name: Name, pieces: &Arc<Pieces>) {
        if self.bytes >= self.most {
            self.pieces.clear();
            self.bytes = 0;
        }
        self.bytes += pieces.written.values().map(Vec::len).sum::<usize>();
        self.pieces.insert(name, Arc::clone(pieces));
    }
}

/// Public base of the feeds.
pub fn feeds_url(config: &Config) -> String {
    format!("{}feeds/", config.web.url)
}
