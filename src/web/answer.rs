//! What a document is answered with, and when the answer is that it has not changed (RFC 9110,
//! sections 8.8 and 13).

use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, LINK, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use jiff::Timestamp;

use super::Site;
use super::hub::{is_archived, links};
use crate::feed::Format;
use crate::publish::{Coding, Document};

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// An archive page changes when something in it is edited or withdrawn, which is rare.
const ARCHIVE_MAX_AGE: i64 = 24 * 60 * 60;

/// An answer.
pub(super) struct Served {
    pub response: Response,
    /// Bytes of the document that it stands for, all of it and not coded; 0: of none.
    pub whole: u64,
}

/// That there is none.
impl From<Response> for Served {
    fn from(response: Response) -> Served {
        Served { response, whole: 0 }
    }
}

/// A document at its address.
pub(super) struct Answer<'a> {
    site: &'a Site,
    /// Below the feeds, with its query: `all.atom`.
    path: &'a str,
    pub document: &'a Document,
}

impl<'a> Answer<'a> {
    /// `path`: below the feeds, with its query.
    pub fn of(site: &'a Site, path: &'a str, document: &'a Document) -> Answer<'a> {
        Answer {
            site,
            path,
            document,
        }
    }

    /// 304 if the client has these bytes. If-None-Match decides alone where it is given (13.2.2): the
    /// tag of any coding will do, for who has kept one coding has it all, and that coding's is then
    /// in the answer.
    pub fn not_modified(&self, request: &HeaderMap, chosen: Coding) -> Option<Served> {
        let coding = if request.contains_key(IF_NONE_MATCH) {
            self.known(request, chosen)?
        } else {
            self.is_as_of(request).then_some(chosen)?
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.headers_mut() = self.validators(coding, 4);
        Some(self.served(response))
    }

    /// The bytes, which are so coded.
    pub fn whole(&self, request: &HeaderMap, coding: Coding, bytes: Bytes) -> Served {
        let mut headers = self.validators(coding, 7);
        let media_type = HeaderValue::from_static(self.media_type(request));
        headers.insert(CONTENT_TYPE, media_type);
        if let Some(name) = coding.name() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        // A date is sent once its second is over (8.8.2): after a jump of the clock that may be long.
        let now = (self.site.clock)().as_second();
        if self.document.modified.as_second() < now {
            set(
                &mut headers,
                LAST_MODIFIED,
                http_date(self.document.modified),
            );
        }
        let mut response = Response::new(Body::from(bytes));
        *response.headers_mut() = headers;
        self.served(response)
    }

    /// A browser shows XML by the stylesheet that it names, and a feed as bare text: whoever opens
    /// one there (Fetch Metadata, `Sec-Fetch-Dest`) gets the same bytes as XML.
    fn media_type(&self, request: &HeaderMap) -> &'static str {
        let is_opened = request
            .get(SEC_FETCH_DEST)
            .is_some_and(|to| to == "document");
        match is_opened && is_xml(self.document) {
            true => "application/xml; charset=utf-8",
            false => self.document.media_type,
        }
    }

    fn served(&self, response: Response) -> Served {
        let whole = self.document.length;
        Served { response, whole }
    }

    /// What 304 repeats (15.4.5), and the links: four in all, with room for so many.
    fn validators(&self, coding: Coding, room: usize) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(room);
        let etag = HeaderValue::from_maybe_shared(self.document.etag(coding).clone());
        set(&mut headers, ETAG, etag.ok());
        let vary = match is_xml(self.document) {
            true => "Accept-Encoding, A-IM, Sec-Fetch-Dest",
            false => "Accept-Encoding",
        };
        headers.insert(VARY, HeaderValue::from_static(vary));
        let max_age = self.max_age().to_string();
        let cache = HeaderValue::try_from(["public, max-age=", &max_age].concat());
        set(&mut headers, CACHE_CONTROL, cache.ok());
        let link = links(&self.site.config, self.path);
        set(&mut headers, LINK, HeaderValue::try_from(link).ok());
        headers
    }

    /// For so many seconds readers and caches may rely on what they have.
    pub fn max_age(&self) -> i64 {
        match is_archived(self.path) {
            true => ARCHIVE_MAX_AGE,
            false => self.site.config.feeds.max_age.as_secs(),
        }
    }

    /// The coding whose tag is among those the client has, the chosen one before others.
    fn known(&self, request: &HeaderMap, chosen: Coding) -> Option<Coding> {
        let lines = request.get_all(IF_NONE_MATCH).iter();
        let tags = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        let mut known = None;
        for tag in tags.map(<[u8]>::trim_ascii) {
            let opaque = tag.strip_prefix(b"W/").unwrap_or(tag);
            if tag == b"*" || opaque == self.document.etag(chosen) {
                return Some(chosen);
            }
            let mut codings = Coding::ALL.into_iter();
            known = known.or(codings.find(|coding| opaque == self.document.etag(*coding)));
        }
        known
    }

    /// Has nothing changed since the client's date?
    fn is_as_of(&self, request: &HeaderMap) -> bool {
        let since = request.get(IF_MODIFIED_SINCE);
        let since = since.and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        let since = since.and_then(|since| Timestamp::try_from(since).ok());
        since.is_some_and(|since| self.document.modified.as_second() <= since.as_second())
    }
}

/// RSS or Atom: feeds that have deltas, and a stylesheet.
pub(super) fn is_xml(document: &Document) -> bool {
    let formats = [Format::Rss, Format::Atom].map(Format::media_type);
    formats.contains(&document.media_type)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

/// RFC 9110 5.6.7: `Tue, 24 Nov 2026 08:00:00 GMT`. None before 1970, which `httpdate` can't write.
fn http_date(instant: Timestamp) -> Option<HeaderValue> {
    let seconds = Duration::from_secs(u64::try_from(instant.as_second()).ok()?);
    HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + seconds)).ok()
}
