//! The page of a publication: what it says, where it lives, and how to pass it on.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::{Value, context};
use url::Url;

use super::page::Page;
use super::reader::Reader;
use super::{Site, links, missing, page};
use crate::domain::publication::Enclosure;
use crate::domain::{FeedKey, Publication, PublicationId, PublicationState, Standing, TagName};
use crate::store::StoreError;
use crate::text::html::{headings, tables};

/// Shows the page.
pub(super) async fn show(
    State(site): State<Arc<Site>>,
    reader: Reader,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    // What is no UTF-8 is no id.
    let id = path.map_or_else(|_| String::new(), |Path(id)| id);
    let answer = answer(&site, &reader, PublicationId(id)).await;
    answer.unwrap_or_else(|error| page::trouble(&site, &reader.language, &error))
}

async fn answer(site: &Site, reader: &Reader, id: PublicationId) -> Result<Response, StoreError> {
    let missing = |status| Ok(missing::to(site, reader, status));
    let Some(state) = site.store.publication(&id).await? else {
        return missing(StatusCode::NOT_FOUND);
    };
    match state.standing {
        Standing::Live => {}
        // What was never there has not gone.
        _ if state.released.is_none() => return missing(StatusCode::NOT_FOUND),
        _ => return missing(StatusCode::GONE),
    }
    let publication = &state.publication;
    let path = links::entry(&publication.id);
    if publication.id != id {
        return Ok(page::moved(&reader.link(site, &path, None)));
    }
    let page = Page {
        path: &path,
        template: "entry.html",
        context: entry(site, reader, &state).await?,
        has_pictures: true,
    };
    Ok(page.show(site, reader))
}

async fn entry(
    site: &Site,
    reader: &Reader,
    state: &PublicationState,
) -> Result<Value, StoreError> {
    let publication = &state.publication;
    let Publication { title, link, .. } = publication;
    let host = Url::parse(link).ok();
    let host = host.as_ref().and_then(Url::host_str).map(str::to_owned);
    let archived = publication.archived.as_ref().map(|archived| {
        let Some(latest) = &archived.latest else {
            return context! { notice => archived.notice.as_str(), latest => (), leads => false };
        };
        let notice = without_address(&archived.notice, latest);
        context! { notice, latest, leads => notice.ends_with(':') }
    });
    let zone = &site.config.site.zone;
    let day = |instant| zone.to_datetime(instant).date();
    let is_updated = day(publication.updated) != day(publication.published);
    let translations = site.store.translations_of(state).await?;
    let translations = translations.iter().map(|translation| {
        let path = links::entry(&translation.id);
        context! {
            title => translation.title.as_str(),
            link => reader.link(site, &path, None),
            address => format!("{}{path}", site.config.web.url),
            language => translation.language.as_str(),
            code => translation.language.primary(),
            foreign => links::foreign(reader, &translation.language),
        }
    });
    Ok(context! {
        title,
        link,
        address => format!("{}{}", site.config.web.url, links::entry(&publication.id)),
        host,
        language => publication.language.as_str(),
        foreign => links::foreign(reader, &publication.language),
        published => publication.published.to_string(),
        updated => is_updated.then(|| publication.updated.to_string()),
        authors => publication.authors.clone(),
        archived,
        change_note => publication.change_note.as_deref(),
        summary => publication.summary.as_str(),
        body => body(site, publication).await?,
        tags => tags(site, reader, &publication.tags),
        translations => translations.collect::<Vec<_>>(),
        files => publication.enclosures.iter().map(file).collect::<Vec<_>>(),
        letter => links::letter(title, &format!("{title}\n\n{link}")),
    })
}

/// A notice without the address that it ends with, however much of that is written there; a colon
/// before it stays.
fn without_address<'n>(notice: &'n str, address: &str) -> &'n str {
    let notice = notice.trim_end();
    let whole = address.trim_end_matches('/');
    let bare = whole.split_once("://").map_or(whole, |(_, bare)| bare);
    let host = bare.strip_prefix("www.").unwrap_or(bare);
    let before = notice.trim_end_matches(['.', '/']);
    let mut written = [whole, bare, host].into_iter();
    let before = written.find_map(|address| before.strip_suffix(address));
    before.map_or(notice, str::trim_end)
}

/// The body with its headings below the title's, if the site gives more than summaries and it has
/// one that is not lost.
async fn body(site: &Site, publication: &Publication) -> Result<Option<Value>, StoreError> {
    if !site.config.feeds.full {
        return Ok(None);
    }
    match site.store.body(publication.body).await {
        Ok(body) if body.is_empty() => Ok(None),
        // The store has what was sanitised alone.
        Ok(body) => {
            let body = tables::boxed(&headings::below(1, &body));
            Ok(Some(Value::from_safe_string(body)))
        }
        Err(lost @ StoreError::Body(_)) => {
            tracing::error!("{lost}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The tags, each with what makes feed readers find its feed.
fn tags(site: &Site, reader: &Reader, tags: &[TagName]) -> Vec<Value> {
    let tag = |tag: &TagName| {
        let label = links::label(site, &tag.id, &reader.language).unwrap_or(&tag.label);
        let feed = FeedKey {
            language: None,
            tag: Some(tag.id.clone()),
        };
        let title = format!("{label} · {}", site.config.site.title);
        context! {
            label,
            link => reader.link(site, &format!("tag/{}", tag.id), None),
            alternates => links::alternates(site, &feed, &title),
        }
    };
    tags.iter().map(tag).collect()
}

/// A file's name, and its size in whole kB or MB.
fn file(file: &Enclosure) -> Value {
    const MB: u64 = 1_000_000;
    let url = Url::parse(&file.url).ok();
    let name = url
        .as_ref()
        .and_then(|url| url.path_segments()?.next_back());
    let name = name.filter(|name| !name.is_empty()).unwrap_or(&file.url);
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    let size = file.length.map(|bytes| match bytes {
        MB.. => context! { count => bytes.div_ceil(MB), unit => "MB" },
        _ => context! { count => bytes.div_ceil(1_000), unit => "kB" },
    });
    context! { name, address => &*file.url, media_type => &*file.media_type, size }
}
