//! What all pages share: the reader's language, and the page that says what went wrong.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{
    ACCEPT_LANGUAGE, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use minijinja::{Value, context};

use super::{Site, missing};
use crate::config;
use crate::domain::Language;
use crate::text::locale::Locale;

/// Pages have no scripts and load nothing from elsewhere; a link with a token tells nobody of it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page that says there is none.
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

/// A page in a language.
pub(super) fn render(site: &Site, language: &Language, template: &str, context: Value) -> Response {
    let locale = Locale::new(language, site.config.site.zone.clone());
    let context = about(&site.config.site, context);
    match site.templates.render(template, &locale, context) {
        Ok(html) => {
            let headers = [
                (CONTENT_LANGUAGE, locale.language()),
                (VARY, "Accept-Language"),
                (CONTENT_SECURITY_POLICY, POLICY),
                (REFERRER_POLICY, "no-referrer"),
            ];
            (headers, Html(html)).into_response()
        }
        Err(error) => {
            tracing::error!("{error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
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
