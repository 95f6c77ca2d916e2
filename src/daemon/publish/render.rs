//! A feed from the store: its entries with their bodies, and how the site words them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Config;
use crate::domain::{
    BodyHash, FeedKey, Language, PublicationState, Sequence, TagDefinition, TagId,
};
use crate::feed::{Category, Entry, Feed, OpmlFeed};
use crate::store::{Store, StoreError};

/// Bytes of bodies kept at hand, since several feeds have the same entries.
const AT_HAND: usize = 16 << 20;
/// Bytes of bodies in a feed: newest first, whole as long as there is room. Readers refuse feeds
/// that are much larger.
const ROOM: usize = 12 << 20;

/// Makes feeds of what the store holds. Several may be made at a time.
pub(super) struct Renderer {
    store: Store,
    config: Arc<Config>,
    tags: BTreeMap<TagId, TagDefinition>,
    bodies: Mutex<Bodies>,
}

/// A feed, ready to be written.
pub(super) struct Made {
    pub(super) feed: Feed,
    /// The last change that it shows.
    pub(super) sequence: Sequence,
    /// Bodies that it should have and that are lost.
    pub(super) lost: BTreeSet<BodyHash>,
}

impl Renderer {
    pub(super) fn new(store: Store, config: Arc<Config>) -> Renderer {
        let tags = config.tags.iter();
        let tags = tags.map(|tag| (tag.id.clone(), tag.clone())).collect();
        Renderer {
            store,
            config,
            tags,
            bodies: Mutex::default(),
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
    pub(super) async fn feed(&self, key: &FeedKey) -> Result<Option<Made>, StoreError> {
        let site = &self.config.site;
        let Some(view) = self.store.feed(key, self.config.feeds.items).await? else {
            return Ok(None);
        };
        let stem = key.stem();
        let mut entries = Vec::with_capacity(view.entries.len());
        let mut lost = BTreeSet::new();
        let mut room = ROOM;
        for state in view.entries {
            entries.push(self.entry(key, state, &mut lost, &mut room).await?);
        }
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
            entries,
        };
        Ok(Some(Made {
            feed,
            sequence: view.sequence,
            lost,
        }))
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

    async fn entry(
        &self,
        key: &FeedKey,
        state: PublicationState,
        lost: &mut BTreeSet<BodyHash>,
        room: &mut usize,
    ) -> Result<Entry, StoreError> {
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
        let mut body = None;
        if self.config.feeds.full {
            body = self.body(publication.body).await?;
            if body.is_none() {
                lost.insert(publication.body);
            }
        }
        let body = body.filter(|body| body.len() <= *room);
        *room -= body.as_ref().map_or(0, |body| body.len());
        Ok(Entry {
            publication: Arc::new(publication),
            categories,
            body: body.map(|body| body.to_string()),
        })
    }

    /// A body; `None`: it is lost, which costs its entry no more than the body.
    async fn body(&self, hash: BodyHash) -> Result<Option<Arc<str>>, StoreError> {
        let bodies = || self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(body) = bodies().read.get(&hash) {
            return Ok(Some(Arc::clone(body)));
        }
        match self.store.body(hash).await {
            Ok(body) => Ok(Some(bodies().hold(hash, body.into()))),
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

/// Bodies at hand: those of the newest publications are in many feeds, and in the next rounds' too.
#[derive(Default)]
struct Bodies {
    read: HashMap<BodyHash, Arc<str>>,
    bytes: usize,
}

impl Bodies {
    fn hold(&mut self, hash: BodyHash, body: Arc<str>) -> Arc<str> {
        if self.bytes >= AT_HAND {
            *self = Bodies::default();
        }
        self.bytes += body.len();
        self.read.insert(hash, Arc::clone(&body));
        body
    }
}

/// Public base of the feeds.
pub fn feeds_url(config: &Config) -> String {
    format!("{}feeds/", config.web.url)
}
