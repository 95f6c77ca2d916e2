//! Feeds and pages over HTTP. One file per page group.

mod answer;
mod astray;
pub mod client;
mod coding;
mod delta;
mod entry;
mod feeds;
mod hub;
mod index;
mod limits;
mod links;
mod list;
mod missing;
mod page;
mod proof;
mod query;
mod reader;
mod robots;
mod routes;
mod sitemap;
mod tag;
mod unsubscribe;

use std::sync::Arc;

use crate::config::Config;
use crate::control::{Clock, Readers};
use crate::publish::Shelf;
use crate::store::Store;
use crate::text::template::Templates;
use crate::token::Keys;

pub use hub::{Intent, Intents, Mode, is_topic, links};
pub use proof::proof;
pub use routes::Routes;

/// No form of ours is larger.
pub const BODY_BYTES: usize = 16 << 10;

/// What pages are made from.
pub struct Site {
    /// The feeds as served.
    pub shelf: Arc<Shelf>,
    /// For the index and for unsubscribing.
    pub store: Store,
    /// Titles, addresses, languages.
    pub config: Arc<Config>,
    /// Of the links in mails.
    pub keys: Arc<Keys>,
    /// Of the pages.
    pub templates: Arc<Templates>,
    /// Tells the time.
    pub clock: Clock,
    /// Of the hub: what is to be verified.
    pub intents: Arc<Intents>,
    /// Told how each feed is asked for.
    pub readers: Arc<Readers>,
}
