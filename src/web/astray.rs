//! Addresses under `/feeds/` that lead to no feed: where they may have been meant to lead.
//!
//! | what is asked for | answer |
//! | --- | --- |
//! | a feed, or a page of its archive, by another name of its tag | 301 to the feed by the tag's id |
//! | one that is about to be written | 503 |
//! | one in a format that is not written, or a page where there are no archives | 410 |
//! | one of a former tag, where the tag of that name has none in the language | 410 |
//! | anything else | 404 |

use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::missing::{self, MOVED_FOR, address, file};
use super::tag::named;
use super::{Site, feeds, page};
use crate::domain::{FeedKey, Language, TagId};
use crate::feed::Format;
use crate::store::StoreError;

/// What people take for the ending of a feed.
const ENDINGS: [&str; 5] = ["rss", "atom", "json", "xml", "rdf"];

/// The answer for a path below `/feeds/`, with this query after it. 404 and 410 come with a page that
/// says what there is.
pub(super) async fn answer(
    site: &Site,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Response {
    match find(site, path).await {
        Ok(found) => found.answer(site, query, headers),
        Err(error) => {
            tracing::error!("can't look for the feed that was meant: {error}");
            let language = page::language(site, headers);
            page::error(site, &language, StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// The path of the feed that has taken the place of the one at a path.
pub(super) async fn present(site: &Site, path: &str) -> Result<Option<String>, StoreError> {
    Ok(match find(site, path).await? {
        Found::Elsewhere(key, format) => Some(file(&key, format)),
        _ => None,
    })
}

/// What was found.
enum Found {
    /// The feed, by the name that its tag goes by.
    Elsewhere(FeedKey, Format),
    /// It will be there.
    Unready,
    /// Nothing; it was there, or it never was; that may have been meant.
    Nothing { gone: bool, meant: Option<FeedKey> },
}

async fn find(site: &Site, path: &str) -> Result<Found, StoreError> {
    let page = path.strip_suffix(".atom").and_then(FeedKey::page_at);
    if let Some((feed, number)) = page {
        return find_page(site, feed, number).await;
    }
    let gone = is_unwritten_query(site, path);
    let nothing = Found::Nothing { gone, meant: None };
    let Some(wish) = Wish::read(path) else {
        return Ok(nothing);
    };
    let tag = match wish.tag {
        None => None,
        Some(name) => match named(site, name).await? {
            Some(tag) => Some(tag),
            None => return Ok(nothing),
        },
    };
    let by_name = wish.tag.is_some() && tag.as_ref().map(TagId::as_str) != wish.tag;
    let key = FeedKey {
        language: wish.language.clone(),
        tag,
    };
    // Whoever writes `ALL.XML` is shown the way, and no machine is sent on by a guess.
    let format = wish.ending.and_then(|ending| ending.parse().ok());
    if let Some(format) = format.filter(|_| by_name)
        && site.store.feed(&key, 0).await?.is_some()
    {
        return Ok(Found::Elsewhere(key, format));
    }
    let was_there = match format.zip(wish.key()) {
        Some((format, exact)) => {
            file(&exact, format) == path && site.store.ever_had(&exact).await?
        }
        None => false,
    };
    let is_written = format.is_some_and(|format| site.config.feeds.formats.contains(&format));
    Ok(match was_there && is_written && !by_name {
        true => Found::Unready,
        false => Found::Nothing {
            gone: was_there,
            meant: likely(site, key),
        },
    })
}

/// Another tag's archive has other pages: whoever looks for one begins anew with the feed, and finds
/// everything from there.
async fn find_page(site: &Site, feed: FeedKey, number: u64) -> Result<Found, StoreError> {
    let tag = match &feed.tag {
        Some(tag) => named(site, tag.as_str()).await?,
        None => None,
    };
    if tag.is_some() && tag != feed.tag {
        let feed = FeedKey::in_all_languages(tag);
        return Ok(match site.store.feed(&feed, 0).await? {
            Some(_) => Found::Elsewhere(feed, Format::Atom),
            None => Found::Nothing {
                gone: false,
                meant: None,
            },
        });
    }
    let is_page = site.store.page(&feed, number).await?.is_some();
    Ok(match is_page && site.config.feeds.has_archives() {
        true => Found::Unready,
        false => Found::Nothing {
            gone: is_page,
            meant: likely(site, feed),
        },
    })
}

/// Is it the feed of a query in a format that is not written?
fn is_unwritten_query(site: &Site, path: &str) -> bool {
    let format = path
        .strip_prefix("query.")
        .and_then(|ending| ending.parse().ok());
    format.is_some_and(|format: Format| !site.config.feeds.formats.contains(&format))
}

/// The feed, or that in all languages, if it is there in any format.
fn likely(site: &Site, feed: FeedKey) -> Option<FeedKey> {
    let is_there = |feed: &FeedKey| {
        let mut formats = site.config.feeds.formats.iter();
        formats.any(|format| site.shelf.get(&file(feed, *format)).is_some())
    };
    let in_all_languages = FeedKey::in_all_languages(feed.tag.clone());
    [feed, in_all_languages].into_iter().find(is_there)
}

impl Found {
    fn answer(self, site: &Site, query: Option<&str>, headers: &HeaderMap) -> Response {
        match self {
            Found::Elsewhere(key, format) => {
                let query = query.map_or(String::new(), |query| format!("?{query}"));
                let place = address(site, &file(&key, format)) + &query;
                let headers = [(LOCATION, place), (CACHE_CONTROL, MOVED_FOR.to_owned())];
                (StatusCode::MOVED_PERMANENTLY, headers).into_response()
            }
            Found::Unready => feeds::unready(site, headers),
            Found::Nothing { gone, meant } => {
                let status = match gone {
                    true => StatusCode::GONE,
                    false => StatusCode::NOT_FOUND,
                };
                let language = page::language(site, headers);
                missing::show(site, &language, status, meant.as_ref())
            }
        }
    }
}

/// What an address says when it is read with good will.
struct Wish<'p> {
    language: Option<Language>,
    /// The name of a tag; `None`: everything.
    tag: Option<&'p str>,
    ending: Option<&'p str>,
}

impl<'p> Wish<'p> {
    fn read(path: &'p str) -> Option<Wish<'p>> {
        let path = path.trim_matches('/');
        let (stem, ending) = match path.rsplit_once('.') {
            Some((stem, ending)) if is_one_of(&ENDINGS, ending) => (stem, Some(ending)),
            _ => (path, None),
        };
        let mut names = stem.split('/').peekable();
        let is_word = |name: &&str| is_one_of(&["all", "tag"], name);
        let language = match names.next_if(|name| !is_word(name)) {
            Some(name) => Some(Language::parse(name).ok()?),
            None => None,
        };
        let tag = match (names.next(), names.next()) {
            (Some(all), None) if all.eq_ignore_ascii_case("all") => None,
            (Some(tag), Some(name)) if tag.eq_ignore_ascii_case("tag") => Some(name),
            _ => return None,
        };
        let wish = Wish {
            language,
            tag,
            ending,
        };
        names.next().is_none().then_some(wish)
    }

    /// The feed that it names by an id of a tag.
    fn key(&self) -> Option<FeedKey> {
        Some(FeedKey {
            language: self.language.clone(),
            tag: self.tag.map(TagId::new).transpose().ok()?,
        })
    }
}

fn is_one_of(words: &[&str], name: &str) -> bool {
    words.iter().any(|word| name.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_good_will() {
        let read = |path| {
            let wish = Wish::read(path)?;
            let language = wish.language.map(|language| language.to_string());
            Some((language.unwrap_or_default(), wish.tag, wish.ending))
        };
        let none = String::new;
        for (path, wish) in [
            ("all", Some((none(), None, None))),
            ("ALL.XML", Some((none(), None, Some("XML")))),
            ("/all.rss/", Some((none(), None, Some("rss")))),
            ("pl/tag/prawo", Some(("pl".to_owned(), Some("prawo"), None))),
            ("tag/node.js", Some((none(), Some("node.js"), None))),
            (
                "tag/node.js.atom",
                Some((none(), Some("node.js"), Some("atom"))),
            ),
            ("Tag/Prawo.rss", Some((none(), Some("Prawo"), Some("rss")))),
            ("tag", None),
            ("tag/a/b.rss", None),
            ("everything.rss", None),
            ("", None),
        ] {
            assert_eq!(read(path), wish, "{path:?}");
        }
    }
}
