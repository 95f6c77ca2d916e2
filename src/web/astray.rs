//! Addresses under `/feeds/` that lead to no feed: where they may have been meant to lead.

use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::missing::{self, address, file};
use super::{Site, feeds, page};
use crate::domain::{FeedKey, Language, TagId};
use crate::feed::Format;
use crate::store::StoreError;
use crate::text::tags::TagNames;

/// What people take for the ending of a feed.
const ENDINGS: [&str; 5] = ["rss", "atom", "json", "xml", "rdf"];

/// A feed that goes by another name of its tag is elsewhere for good; one in a format that is no
/// longer written is gone; one that is about to be written will be there. Else there is a page that
/// says what there is.
pub(super) async fn answer(site: &Site, path: &str, headers: &HeaderMap) -> Response {
    match find(site, path).await {
        Ok(found) => found.answer(site, headers),
        Err(error) => {
            tracing::error!("can't look for the feed that was meant: {error}");
            let language = page::language(site, headers);
            page::error(site, &language, StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
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
    let nothing = Found::Nothing {
        gone: false,
        meant: None,
    };
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
    let key = FeedKey {
        language: wish.language,
        tag,
    };
    let is_there = |format: &Format| site.shelf.get(&file(&key, *format)).is_some();
    let formats = &site.config.feeds.formats;
    // Whoever writes `ALL.XML` is shown the way, and no machine is sent on by a guess.
    let by_name = wish.tag.is_some() && key.tag.as_ref().map(TagId::as_str) != wish.tag;
    let format = wish.ending.and_then(|ending| ending.parse().ok());
    if let Some(format) = format.filter(|format| by_name && is_there(format)) {
        return Ok(Found::Elsewhere(key, format));
    }
    let is_exact = format.is_some_and(|format| file(&key, format) == path);
    let was_there = is_exact && site.store.feed(&key, 1).await?.is_some();
    if was_there && format.is_some_and(|format| formats.contains(&format)) {
        return Ok(Found::Unready);
    }
    Ok(Found::Nothing {
        gone: was_there,
        meant: formats.iter().any(is_there).then_some(key),
    })
}

impl Found {
    fn answer(self, site: &Site, headers: &HeaderMap) -> Response {
        match self {
            Found::Elsewhere(key, format) => {
                let address = address(site, &file(&key, format));
                (StatusCode::MOVED_PERMANENTLY, [(LOCATION, address)]).into_response()
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
}

fn is_one_of(words: &[&str], name: &str) -> bool {
    words.iter().any(|word| name.eq_ignore_ascii_case(word))
}

/// The tag that goes by a name: an id, label or alias of the configuration's, else of others'.
async fn named(site: &Site, name: &str) -> Result<Option<TagId>, StoreError> {
    if let Some(id) = TagNames::of(&site.config.tags).get(name) {
        return Ok(Some(id.clone()));
    }
    site.store.tag_named(name).await
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
