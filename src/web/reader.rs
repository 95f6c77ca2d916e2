//! Who looks at a page: in which language, and where in a list.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{HeaderValue, IF_NONE_MATCH};
use axum::http::request::Parts;
use url::form_urlencoded::{Serializer, parse};

use super::{Site, page};
use crate::domain::Language;
use crate::store::pages::Place;
use crate::text::locale::Locale;

/// What a request says of its reader.
pub(super) struct Reader {
    /// The one of the site's languages to speak.
    pub(super) language: Language,
    /// Was it chosen by a link? Then it goes with every link.
    is_chosen: bool,
    /// Show what is older than the publication at this place.
    pub(super) before: Option<Place>,
    /// If-None-Match
    held: Option<HeaderValue>,
}

impl FromRequestParts<Arc<Site>> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Reader, Infallible> {
        let mut reader = Reader {
            language: page::language(site, &parts.headers),
            is_chosen: false,
            before: None,
            held: parts.headers.get(IF_NONE_MATCH).cloned(),
        };
        for (name, value) in parse(parts.uri.query().unwrap_or("").as_bytes()) {
            match &*name {
                "lang" => {
                    if let Some(language) = offered(site).find(|l| l.as_str() == value) {
                        reader.language = language.clone();
                        reader.is_chosen = true;
                    }
                }
                "before" => reader.before = value.parse().ok(),
                _ => {}
            }
        }
        Ok(reader)
    }
}

impl Reader {
    /// Where this reader finds the page at a path below the public base: a link within the site.
    pub(super) fn link(&self, site: &Site, path: &str, before: Option<Place>) -> String {
        let language = self.is_chosen.then_some(&self.language);
        format!(
            "{}{path}{}",
            site.config.web.url.path(),
            query(before, language)
        )
    }

    /// Does the reader have these bytes?
    pub(super) fn has(&self, etag: &str) -> bool {
        let held = self.held.as_ref().and_then(|held| held.to_str().ok());
        held.is_some_and(|held| {
            let mut tags = held.split(',').map(str::trim);
            tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
        })
    }
}

/// The languages that pages can be had in.
pub(super) fn offered(site: &Site) -> impl Iterator<Item = &Language> {
    let languages = site.config.site.languages.iter();
    languages.filter(|language| Locale::SPOKEN.contains(&language.primary()))
}

/// `?before=…&lang=uk`, or nothing.
pub(super) fn query(before: Option<Place>, language: Option<&Language>) -> String {
    let mut query = Serializer::for_suffix("?".to_owned(), 1);
    if let Some(place) = before {
        query.append_pair("before", &place.to_string());
    }
    if let Some(language) = language {
        query.append_pair("lang", language.as_str());
    }
    let query = query.finish();
    if query == "?" { String::new() } else { query }
}
