//! Feeds by any, all and none of some tags: `/feeds/query.atom?any=a,b&all=c&none=d&lang=pl`. Each
//! has one address, to which every other spelling leads.

mod asked;
mod cache;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, LOCATION, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::answer::{Answer, Served};
use super::missing::MOVED_FOR;
use super::{Site, coding, delta, page};
use crate::domain::{Filter, Language, Sequence};
use crate::feed::Format;
use crate::publish::{self, Document, Lineage};
use crate::render::{Rendered, Renderer};
use crate::text::locale::{Locale, NoMessage};
use crate::text::tags::TagNames;
use asked::{Asked, Fault, LONGEST, MOST_TAGS, canonical, plain};
use cache::{Cache, Version};

/// Bytes of written entries kept at hand, since several feeds have the same ones.
const AT_HAND: usize = 4 << 20;

/// What feeds by queries are made from.
pub(super) struct Queries {
    site: Arc<Site>,
    renderer: Renderer,
    names: TagNames,
    cache: Mutex<Cache>,
    /// The same, as they are coded.
    coded: publish::Cache,
    /// Held by whoever renders: one at a time, since what is on the shelf comes first. Who asks
    /// for the same meanwhile finds it in the cache then.
    rendering: tokio::sync::Mutex<()>,
}

impl Queries {
    pub(super) fn of(site: &Arc<Site>) -> Queries {
        let (store, config) = (site.store.clone(), Arc::clone(&site.config));
        Queries {
            names: TagNames::of(&config.tags),
            renderer: Renderer::new(store, config, AT_HAND),
            site: Arc::clone(site),
            cache: Mutex::default(),
            coded: publish::Cache::default(),
            rendering: tokio::sync::Mutex::default(),
        }
    }

    /// Which format an address has, below the feeds and without its query; `None`: it is no query's.
    pub(super) fn format_at(&self, path: &str) -> Option<Format> {
        let format = path.strip_prefix("query.")?.parse().ok()?;
        let is_written = self.site.config.feeds.formats.contains(&format);
        is_written.then_some(format)
    }

    /// The feed of a query, which is as it stands in its address.
    pub(super) async fn serve(&self, format: Format, given: &str, headers: &HeaderMap) -> Served {
        let filter = match self.read(given).await {
            Ok(filter) => filter,
            Err(fault) => return self.refuse(&fault, format, headers).into(),
        };
        if let Some(feed) = plain(&filter) {
            return moved(format!("{}.{format}", feed.stem())).into();
        }
        let query = canonical(&filter);
        if query != given {
            return moved(format!("query.{format}?{query}")).into();
        }
        match self.answer(&filter, &query, format, headers).await {
            Ok(served) => served,
            Err(error) => {
                tracing::error!("can't render the feed of {query}: {error:#}");
                let language = page::language(&self.site, headers);
                page::error(&self.site, &language, StatusCode::INTERNAL_SERVER_ERROR).into()
            }
        }
    }

    async fn read(&self, given: &str) -> Result<Filter, Fault> {
        let (store, languages) = (&self.site.store, &self.site.config.site.languages);
        let asked = Asked::parse(given)?;
        asked.resolve(store, &self.names, languages).await
    }

    async fn answer(
        &self,
        filter: &Filter,
        query: &str,
        format: Format,
        request: &HeaderMap,
    ) -> anyhow::Result<Served> {
        let name = format!("query.{format}?{query}");
        let version = self.feed(filter, &name, query, format).await?;
        let Version {
            document, bytes, ..
        } = &*version;
        let coding = coding::choose(request, document);
        let answer = Answer::of(&self.site, &name, document);
        if let Some(not_modified) = answer.not_modified(request, coding) {
            return Ok(not_modified);
        }
        if delta::is_wanted(request)
            && let Some(delta) = delta::answer(&answer, request, bytes).await
        {
            return Ok(delta);
        }
        let plain = async { Ok(bytes.clone()) };
        let coded = self.coded.get(&name, document, coding, plain).await?;
        Ok(answer.whole(request, coding, coded))
    }

    /// The feed as it stands. `name` is its address among the feeds.
    async fn feed(
        &self,
        filter: &Filter,
        name: &str,
        query: &str,
        format: Format,
    ) -> anyhow::Result<Arc<Version>> {
        let touched = self.site.store.touched(filter).await?;
        if let Some(version) = self.cache().get(name, touched) {
            return Ok(version);
        }
        let _turn = self.rendering.lock().await;
        let touched = self.site.store.touched(filter).await?;
        if let Some(version) = self.cache().get(name, touched) {
            return Ok(version);
        }
        let made = self.renderer.query(filter, query).await?;
        let rendered = self.renderer.render(&made, format, None).await?;
        let is_whole = rendered.lost.is_empty();
        let former = self.cache().former(name);
        let version = Arc::new(Version {
            touched,
            document: self.document(&rendered, made.sequence, format, former.as_deref()),
            bytes: rendered.bytes.into(),
        });
        // A lost body may be there again at any time.
        if is_whole {
            self.cache().hold(name.to_owned(), Arc::clone(&version));
        }
        Ok(version)
    }

    /// What is known of the bytes. As of files, a version has a later second than the one before, and
    /// the same bytes keep their date.
    fn document(
        &self,
        rendered: &Rendered,
        sequence: Sequence,
        format: Format,
        former: Option<&Version>,
    ) -> Document {
        let Rendered { bytes, parts, .. } = rendered;
        let parts = parts.clone();
        let next = |second: i64| Timestamp::from_second(second + 1).unwrap_or(Timestamp::MAX);
        let now = next((self.site.clock)().as_second());
        let of = |modified| Document::of(bytes, format.media_type(), sequence, modified);
        let Some(Version {
            document,
            bytes: was,
            ..
        }) = former
        else {
            return of(now).with_lineage(Lineage::first(parts));
        };
        if was == bytes {
            return document.clone();
        }
        // Nothing tells what left a query but that the whole of it has it no more.
        let former = document.lineage();
        let lineage = match former.has_lost(&parts) {
            true => Lineage::first(parts),
            false => {
                let fresh = former.fresh(was, &parts, bytes);
                former.next(document, parts, fresh)
            }
        };
        let sequence = sequence.max(document.sequence);
        let modified = now.max(next(document.modified.as_second()));
        Document::of(bytes, format.media_type(), sequence, modified).with_lineage(lineage)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what is wrong with a query, and what one is like.
    fn refuse(&self, fault: &Fault, format: Format, headers: &HeaderMap) -> Response {
        let language = page::language(&self.site, headers);
        let status = match fault {
            Fault::NoTag(..) => StatusCode::NOT_FOUND,
            Fault::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        match self.explain(fault, format, &language) {
            Ok(Some((language, text))) => {
                let headers = [
                    (CONTENT_TYPE, "text/plain; charset=utf-8"),
                    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                    (CONTENT_LANGUAGE, language),
                    (VARY, "Accept-Language"),
                ];
                (status, headers, text).into_response()
            }
            Ok(None) => {
                tracing::error!("can't answer a query: {fault}");
                page::error(&self.site, &language, status)
            }
            Err(error) => {
                tracing::error!("{error}");
                page::error(&self.site, &language, status)
            }
        }
    }

    /// `None`: it is no fault of the query.
    fn explain(
        &self,
        fault: &Fault,
        format: Format,
        language: &Language,
    ) -> Result<Option<(&'static str, String)>, NoMessage> {
        let site = &self.site.config.site;
        let locale = Locale::new(language, site.zone.clone());
        let named = |name: &str| ("name", name.to_owned().into());
        let valued = |value: &String| ("value", value.clone().into());
        let what = match fault {
            Fault::Unknown(name) => locale.message("query-unknown-parameter", [named(name)]),
            Fault::Repeated(name) => locale.message("query-repeated-parameter", [named(name)]),
            Fault::TooLong => locale.message("query-too-long", []),
            Fault::TooManyTags => locale.message("query-too-many-tags", []),
            Fault::NoTag(name, tag) => locale.message("query-no-tag", [named(name), valued(tag)]),
            Fault::NoLanguage(tag) => {
                let known = site.languages.iter().map(Language::as_str);
                let known = known.collect::<Vec<_>>().join(", ");
                locale.message("query-no-language", [valued(tag), ("known", known.into())])
            }
            Fault::Store(_) => return Ok(None),
        }?;
        let example = format!("/feeds/query.{format}?any=a,b&all=c&none=d&lang={language}");
        let help = [
            ("example", example.into()),
            ("tags", MOST_TAGS.into()),
            ("bytes", LONGEST.into()),
        ];
        let help = locale.message("query-help", help)?;
        Ok(Some((locale.language(), format!("{what}\n\n{help}\n"))))
    }
}

/// `place` is relative to the feeds, so that it does not depend on what is before them.
fn moved(place: String) -> Response {
    let headers = [(LOCATION, place), (CACHE_CONTROL, MOVED_FOR.to_owned())];
    (StatusCode::MOVED_PERMANENTLY, headers).into_response()
}
