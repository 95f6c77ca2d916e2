//! A feed from the store: its entries with their bodies, and how the site words them. For the loop
//! that writes feeds, and for what is served and never written.

mod archive;
mod at_hand;
mod gate;
mod query;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::config::Config;
use crate::domain::{
    BodyHash, FeedKey, Language, Publication, PublicationState, Sequence, TagDefinition, TagId,
    TagName,
};
use crate::feed::{Category, Feed, Format, History, OpmlFeed, render_around};
use crate::publish::{Former, Part};
use crate::store::{Store, StoreError};

use at_hand::{AtHand, Name, Pieces};
pub use gate::{Judge, Judged, Refused, UnfitFeed};

/// Bytes of written entries kept at hand, since several feeds have the same ones.
pub const AT_HAND: usize = 16 << 20;
/// Bytes of bodies in a feed: newest first, whole as long as there is room. Readers refuse feeds
/// that are much larger.
const ROOM: usize = 12 << 20;

/// Makes feeds of what the store holds. Several may be made at a time.
pub struct Renderer {
    store: Store,
    config: Arc<Config>,
    tags: BTreeMap<TagId, TagDefinition>,
    at_hand: Mutex<AtHand>,
    judge: Arc<Judge>,
}

/// Raised when feeds are written in another way though nothing else that they are made from is
/// another: files of before are then written again.
const MANNER: u32 = 2;

/// What feeds are made from besides their entries: two feeds of equal shapes whose last change is
/// the same are the same to the byte.
pub type Shape = String;

/// A feed as it stands.
pub struct Made {
    /// Without its entries.
    feed: Feed,
    entries: Vec<Shown>,
    /// The last change that it shows.
    pub sequence: Sequence,
    /// Full pages of its archive, as far as it leads to them.
    pub pages: u64,
}

/// A publication that a feed shows.
struct Shown {
    state: PublicationState,
    /// The last change of its translations as the feed is made: what is read of them later is no
    /// older, and is shown anew with a change of its own.
    translated: Sequence,
}

impl Made {
    /// What readers see it called.
    pub fn title(&self) -> &str {
        &self.feed.title
    }
}

/// A feed in a format.
pub struct Rendered {
    /// All of it.
    pub bytes: Vec<u8>,
    /// Its whole entries, by the publication's key.
    pub parts: Vec<Part>,
    /// Bodies that it should have and that are lost.
    pub lost: BTreeSet<BodyHash>,
    /// Revisions that it should have, and that no reader would take.
    pub refused: Vec<Refused>,
}

/// A feed's file of the same shape: an entry that did not change since is used again.
pub struct Earlier<'f> {
    file: &'f Former,
    sequence: Sequence,
}

impl<'f> Earlier<'f> {
    /// `None`: it was made in another way, or is so large that room for bodies may matter.
    pub fn of(file: &'f Former, shape: &Shape) -> Option<Earlier<'f>> {
        let (its, rest) = file.recipe.split_once('-')?;
        let (_, sequence) = rest.rsplit_once('-')?;
        let sequence = Sequence(sequence.parse().ok()?);
        let is_alike = its == shape && file.bytes.len() <= ROOM / 2;
        is_alike.then_some(Earlier { file, sequence })
    }

    fn entry(&self, state: &PublicationState, translated: Sequence) -> Option<&[u8]> {
        let is_same = state.sequence.max(translated) <= self.sequence;
        self.file.part(state.key.0).filter(|_| is_same)
    }
}

/// An entry in one format.
enum Piece<'e> {
    Again(&'e [u8]),
    New(Arc<Pieces>),
}

impl Piece<'_> {
    fn bytes(&self, format: Format) -> &[u8] {
        match self {
            Piece::Again(bytes) => bytes,
            Piece::New(pieces) => pieces.written.get(&format).map_or(&[], Vec::as_slice),
        }
    }

    fn is_whole(&self) -> bool {
        match self {
            Piece::Again(_) => true,
            Piece::New(pieces) => pieces.is_whole && pieces.refused.is_none(),
        }
    }
}

impl Renderer {
    /// `most` bytes of written entries are kept at hand.
    pub fn new(store: Store, config: Arc<Config>, most: usize) -> Renderer {
        let tags = config.tags.iter();
        let tags = tags.map(|tag| (tag.id.clone(), tag.clone())).collect();
        Renderer {
            store,
            config,
            tags,
            at_hand: Mutex::new(AtHand::of(most)),
            judge: Arc::new(gate::strict),
        }
    }

    /// The same with another judge of what may go out.
    pub fn judged_by(self, judge: Arc<Judge>) -> Renderer {
        Renderer { judge, ..self }
    }

    /// The shape of the feeds; it says rather too much than too little. `None`: the store does not
    /// outlive the process, and its numbers say nothing of former files.
    pub async fn shape(&self) -> Result<Option<Shape>, StoreError> {
        let Config {
            site, tags, feeds, ..
        } = &*self.config;
        let Some(store) = self.store.id().await? else {
            return Ok(None);
        };
        let (version, base) = (env!("CARGO_PKG_VERSION"), feeds_url(&self.config));
        let hub = self.config.hub();
        let shape =
            format!("{version} {MANNER} {store:?} {base} {hub:?} {site:?} {tags:?} {feeds:?}");
        let hash = blake3::hash(shape.as_bytes()).to_hex();
        Ok(Some(hash[..16].to_owned()))
    }

    /// The feed as it stands; `None`: nothing was ever in it.
    pub async fn feed(&self, key: &FeedKey) -> Result<Option<Made>, StoreError> {
        let Some(view) = self.store.feed(key, self.config.feeds.items).await? else {
            return Ok(None);
        };
        let title = self.title(key, view.label.as_deref());
        let feed = self.bare(key.stem(), title, key.language.clone(), view.updated);
        let mut made = Made {
            feed: Feed {
                hub: self.config.hub(),
                ..feed
            },
            entries: self.shown(view.entries).await?,
            sequence: view.sequence,
            pages: 0,
        };
        self.add_history(key, view.pages, &mut made).await?;
        Ok(Some(made))
    }

    /// Publications as a feed shows them.
    async fn shown(&self, states: Vec<PublicationState>) -> Result<Vec<Shown>, StoreError> {
        let mut shown = Vec::with_capacity(states.len());
        for state in states {
            let translated = self.store.translated(&state).await?;
            shown.push(Shown { state, translated });
        }
        Ok(shown)
    }

    /// A feed without entries, which nobody pushes.
    fn bare(
        &self,
        stem: String,
        title: String,
        language: Option<Language>,
        updated: Timestamp,
    ) -> Feed {
        let site = &self.config.site;
        Feed {
            id: format!("tag:{}:feed/{stem}", site.authority),
            description: title.clone(),
            title,
            home: site.url.to_string(),
            base: feeds_url(&self.config),
            stem,
            query: String::new(),
            hub: None,
            language,
            site_language: site.language.clone(),
            updated,
            ttl: self.config.feeds.max_age.as_mins().max(1),
            author: site.title.clone(),
            scheme: format!("tag:{}:tags", site.authority),
            history: History::default(),
            entries: Vec::new(),
        }
    }

    /// The feed in a format. What did not change since an earlier file was made is taken from it:
    /// the bytes are the same either way.
    pub async fn render(
        &self,
        made: &Made,
        format: Format,
        earlier: Option<&Earlier<'_>>,
    ) -> anyhow::Result<Rendered> {
        let mut lost = BTreeSet::new();
        let mut refused = Vec::new();
        let mut room = ROOM;
        let mut pieces = Vec::with_capacity(made.entries.len());
        for Shown { state, translated } in &made.entries {
            if let Some(entry) = earlier.and_then(|earlier| earlier.entry(state, *translated)) {
                pieces.push((state, Piece::Again(entry)));
                continue;
            }
            let entry = self.entry(&made.feed, state, *translated, &mut lost, room);
            let entry = entry.await?;
            room -= entry.bytes;
            refused.extend(entry.refused.clone());
            if !entry.written.is_empty() {
                pieces.push((state, Piece::New(entry)));
            }
        }
        if earlier.is_some() && room < ROOM / 2 {
            // Together with those of the earlier file they might be too many.
            return Box::pin(self.render(made, format, None)).await;
        }
        let entries = pieces.iter().map(|(_, piece)| piece.bytes(format));
        let entries: Vec<&[u8]> = entries.collect();
        let (bytes, places) = render_around(&made.feed, &entries, format)?;
        self.judge_frame(&bytes, &places, format)?;
        let parts = pieces.iter().zip(places);
        let parts = parts
            .filter(|((_, piece), _)| piece.is_whole())
            .map(|((state, _), place)| Part(state.key.0, place.start, place.len()))
            .collect();
        Ok(Rendered {
            bytes,
            parts,
            lost,
            refused,
        })
    }

    /// How the index lists a feed.
    pub fn listed(&self, key: &FeedKey, title: &str, extension: &str) -> OpmlFeed {
        OpmlFeed {
            title: title.to_owned(),
            xml_url: format!("{}{}.{extension}", feeds_url(&self.config), key.stem()),
            html_url: self.config.site.url.to_string(),
            language: key.language.clone(),
        }
    }

    /// An entry, with its body if that is no more than `room`.
    async fn entry(
        &self,
        feed: &Feed,
        state: &PublicationState,
        translated: Sequence,
        lost: &mut BTreeSet<BodyHash>,
        room: usize,
    ) -> anyhow::Result<Arc<Pieces>> {
        let name = Name {
            publication: state.key,
            revision: state.revision,
            translated,
        };
        let at_hand = || self.at_hand.lock().unwrap_or_else(PoisonError::into_inner);
        let formats = self.formats_of(feed);
        let fits = |pieces: &Arc<Pieces>| pieces.bytes <= room && pieces.are_in(formats);
        if let Some(pieces) = at_hand().get(&name).filter(fits) {
            return Ok(pieces);
        }
        let pieces = self.fit(feed, state, lost, room).await?;
        let pieces = Arc::new(pieces);
        if pieces.is_whole {
            // Pages of archives are hardly ever written: nothing gives way to theirs.
            let is_wanted = feed.history.archive_of.is_none();
            at_hand().hold(name, &pieces, is_wanted);
        }
        Ok(pieces)
    }

    /// The formats of its entries: pages of archives are Atom alone.
    fn formats_of(&self, feed: &Feed) -> &[Format] {
        match feed.history.archive_of {
            Some(_) => &[Format::Atom],
            None => &self.config.feeds.formats,
        }
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

    /// `Szkolenia · Portal`, or the site's title. `author` is what the first to use the tag called
    /// it.
    pub fn title(&self, key: &FeedKey, author: Option<&str>) -> String {
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

/// Public base of the feeds.
pub fn feeds_url(config: &Config) -> String {
    format!("{}feeds/", config.web.url)
}
