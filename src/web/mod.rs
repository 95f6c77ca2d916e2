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
mod missing;
mod page;
mod proof;
mod query;
mod reader;
mod robots;
mod sitemap;
mod tag;
mod unsubscribe;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::config::{Config, Hub};
use crate::control::{Clock, Readers};
use crate::publish::Shelf;
use crate::store::Store;
use crate::text::template::Templates;
use crate::token::Keys;

pub use hub::{Intent, Intents, Mode, is_topic, links};
pub use proof::proof;

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

/// Every route.
pub fn router(site: Site) -> Router {
    let site = Arc::new(site);
    let gate = from_fn_with_state(limits::Gate::of(&site), limits::pass);
    let feeds = Router::new()
        .route("/feeds/{*path}", get(feeds::serve))
        .with_state(Arc::clone(&site))
        .merge(query::router(&site))
        .route_layer(gate);
    let mut router = Router::new();
    if site.config.websub.hub == Hub::Own {
        router = router.route("/hub", post(hub::request));
    }
    router
        .route("/", get(index::show))
        .route("/robots.txt", get(robots::robots))
        .route("/favicon.svg", get(robots::favicon))
        .route("/favicon.ico", get(robots::favicon))
        .route("/sitemap.xml", get(sitemap::index))
        .route("/sitemap/{part}", get(sitemap::part))
        .route("/tag/{tag}", get(tag::show))
        // Ids have slashes, and not every proxy leaves them encoded.
        .route("/entry/{*id}", get(entry::show))
        .route(
            "/unsubscribe/{token}",
            get(unsubscribe::ask).post(unsubscribe::carry_out),
        )
        .fallback(page::nowhere)
        .with_state(site)
        .merge(feeds)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}
