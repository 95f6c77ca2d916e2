//! The first page: every tag with its feeds, and the newest publications.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use minijinja::{Value, context};

use super::{Site, page};
use crate::domain::{FeedKey, Language, TagId};
use crate::feed::Format;
use crate::store::StoreError;

/// Publications on the page.
const NEWEST: usize = 10;

/// Shows the page.
pub(super) async fn show(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let language = page::language(&site, &headers);
    match index(&site, &language).await {
        Ok(context) => page::render(&site, &language, "index.html", context),
        Err(error) => {
            tracing::error!("can't show the index: {error}");
            page::error(&site, &language, StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

async fn index(site: &Site, language: &Language) -> Result<Value, StoreError> {
    let mut tags = Vec::new();
    for (tag, view) in site.store.tags().await? {
        if view.publications > 0 {
            let label = label(site, &tag, language)
                .unwrap_or(&view.label)
                .to_owned();
            tags.push((Reverse(view.publications), label, tag));
        }
    }
    // What most is written about comes first, whatever alphabet its label is in.
    tags.sort();
    let tags = tags.into_iter().map(|(_, label, tag)| {
        let feed = FeedKey {
            language: None,
            tag: Some(tag),
        };
        context! { label, feeds => feeds(site, &feed) }
    });
    let tags: Vec<Value> = tags.collect();
    let newest = site.store.feed(&FeedKey::ALL, NEWEST).await?;
    let entries = newest.into_iter().flat_map(|view| view.entries);
    let publications: Vec<Value> = entries
        .map(|state| {
            let publication = state.publication;
            context! {
                title => publication.title,
                link => publication.link,
                language => publication.language.as_str(),
                published => publication.published.to_string(),
                summary => publication.summary,
            }
        })
        .collect();
    Ok(context! { feeds => feeds(site, &FeedKey::ALL), tags, publications })
}

/// A feed's addresses by format; those of formats that are not written are none.
fn feeds(site: &Site, feed: &FeedKey) -> Value {
    let address = |format: Format| {
        site.config.feeds.formats.contains(&format).then(|| {
            format!(
                "{}feeds/{}.{}",
                site.config.web.url,
                feed.stem(),
                format.extension()
            )
        })
    };
    context! {
        rss => address(Format::Rss),
        atom => address(Format::Atom),
        json => address(Format::Json),
    }
}

fn label<'s>(site: &'s Site, tag: &TagId, language: &Language) -> Option<&'s str> {
    let defined = site.config.tags.iter().find(|defined| defined.id == *tag);
    defined?.label(language, &site.config.site.language)
}
