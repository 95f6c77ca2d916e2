//! What all pages share: the reader's language, the frame, and the page that says what went wrong.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, ETAG,
    REFERRER_POLICY, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use minijinja::{Value, context};

use super::reader::{Reader, offered, query};
use super::{Site, links, missing};
use crate::config;
use crate::domain::{FeedKey, Language};
use crate::store::StoreError;
use crate::text::locale::Locale;
use crate::text::template::RenderError;

/// Pages have no scripts and load nothing from elsewhere; a link with a token tells nobody of it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The same, with the pictures of a publication, wherever its author has them.
const POLICY_WITH_PICTURES: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https: http:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page that was published may be shown again for so long without asking.
const CACHE: &str = "public, max-age=60";

/// A page that has an address and can be had in every language.
pub(super) struct Page<'a> {
    /// Below the public base.
    pub(super) path: &'a str,
    /// Its template.
    pub(super) template: &'static str,
    /// What is in it.
    pub(super) context: Value,
    /// May pictures from elsewhere be in it?
    pub(super) has_pictures: bool,
}

impl Page<'_> {
    /// The page, or that it is what the reader has.
    pub(super) fn show(self, site: &Site, reader: &Reader) -> Response {
        let around = around(
            site,
            self.languages(site, reader),
            reader.link(site, "", None),
        );
        let context = context! { ..self.context, ..around };
        let html = match fill_in(site, &reader.language, self.template, context) {
            Ok(html) => html,
            Err(error) => return failed(&error),
        };
        let etag = format!("\"{}\"", &blake3::hash(html.as_bytes()).to_hex()[..16]);
        let validators = [(CACHE_CONTROL, CACHE), (ETAG, etag.as_str())];
        let policy = match self.has_pictures {
            true => POLICY_WITH_PICTURES,
            false => POLICY,
        };
        let headers = headers(&reader.language, policy);
        if reader.has(&etag) {
            return (StatusCode::NOT_MODIFIED, headers, validators).into_response();
        }
        (headers, validators, Html(html)).into_response()
    }

    /// The same page in each language.
    fn languages(&self, site: &Site, reader: &Reader) -> Vec<Value> {
        let base = &site.config.web.url;
        let language = |language: &Language| {
            let query = query(reader.before, Some(language));
            let locale = Locale::new(language, site.config.site.zone.clone());
            context! {
                code => language.as_str(),
                name => locale.message("language-name", []).unwrap_or_default(),
                link => format!("{}{}{query}", base.path(), self.path),
                address => format!("{base}{}{query}", self.path),
                is_current => *language == reader.language,
            }
        };
        let languages: Vec<Value> = offered(site).map(language).collect();
        // Of one there is nothing to choose.
        if languages.len() > 1 {
            languages
        } else {
            Vec::new()
        }
    }
}

/// The page that says there is none.
pub(super) async fn nowhere(State(site): State<Arc<Site>>, reader: Reader) -> Response {
    missing::to(&site, &reader, StatusCode::NOT_FOUND)
}

/// The same for programs, of which nobody chooses a language by a link.
pub(super) async fn not_found(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let language = language(&site, &headers);
    missing::show(&site, &language, StatusCode::NOT_FOUND, None)
}

/// The page that says what went wrong.
pub(super) fn error(site: &Site, language: &Language, status: StatusCode) -> Response {
    let context = context! { status => status.as_u16() };
    let page = render(site, language, "error.html", context);
    (status, page).into_response()
}

/// The store failed.
pub(super) fn trouble(site: &Site, language: &Language, error: &StoreError) -> Response {
    tracing::error!("can't show a page: {error}");
    self::error(site, language, StatusCode::INTERNAL_SERVER_ERROR)
}

/// What is asked for has another address, for good.
pub(super) fn moved(address: &str) -> Response {
    let mut response = Redirect::permanent(address).into_response();
    // What everybody understands, also those who know no 308.
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(missing::MOVED_FOR));
    response
}

/// A page in a language, for one reader alone.
pub(super) fn render(site: &Site, language: &Language, template: &str, context: Value) -> Response {
    let home = site.config.web.url.path().to_owned();
    let context = context! { ..context, ..around(site, Vec::new(), home) };
    match fill_in(site, language, template, context) {
        Ok(html) => (headers(language, POLICY), Html(html)).into_response(),
        Err(error) => failed(&error),
    }
}

fn fill_in(
    site: &Site,
    language: &Language,
    template: &str,
    context: Value,
) -> Result<String, RenderError> {
    let locale = Locale::new(language, site.config.site.zone.clone());
    let context = about(&site.config.site, context);
    site.templates.render(template, &locale, context)
}

fn headers(language: &Language, policy: &'static str) -> [(HeaderName, String); 4] {
    [
        (CONTENT_LANGUAGE, Locale::spoken(language).to_owned()),
        (VARY, "Accept-Language".to_owned()),
        (CONTENT_SECURITY_POLICY, policy.to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
    ]
}

fn failed(error: &RenderError) -> Response {
    tracing::error!("{error}");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// What surrounds a page.
fn around(site: &Site, languages: Vec<Value>, home: String) -> Value {
    context! {
        home,
        icon => format!("{}favicon.svg", site.config.web.url.path()),
        languages,
        alternates => links::alternates(site, &FeedKey::ALL, &site.config.site.title),
    }
}

/// What every page is given, and what this one is.
pub(super) fn about(site: &config::Site, context: Value) -> Value {
    context! {
        site => context! {
            title => site.title.as_str(),
            url => site.url.as_str(),
        },
        ..context
    }
}

/// The first of the site's languages that the reader asks for (RFC 9110 12.5.4), or its default.
pub(super) fn language(site: &Site, headers: &HeaderMap) -> Language {
    let config = &site.config.site;
    let accepted = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let mut wishes: Vec<(&str, f32)> = accepted
        .split(',')
        .filter_map(|wish| {
            let (tag, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
            let (name, weight) = weight.split_once('=')?;
            let is_weight = name.trim().eq_ignore_ascii_case("q");
            Some((
                tag.trim(),
                weight.trim().parse().ok().filter(|_| is_weight)?,
            ))
        })
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    wishes.sort_by(|a, b| b.1.total_cmp(&a.1));
    wishes
        .iter()
        .filter_map(|(tag, _)| Language::parse(tag).ok())
        .find_map(|wish| {
            config
                .languages
                .iter()
                .find(|l| l.primary() == wish.primary())
        })
        .unwrap_or(&config.language)
        .clone()
}
