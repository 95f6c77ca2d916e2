//! What a query asks for: read from its address, and written as its one address.

use std::collections::BTreeSet;

use url::form_urlencoded;

use crate::domain::{FeedKey, Filter, Language, TagId};
use crate::store::{Store, StoreError};
use crate::text::tags::TagNames;

/// Bytes of a query.
pub(super) const LONGEST: usize = 2_048;
/// Tags in a query.
pub(super) const MOST_TAGS: usize = 20;
/// The parameters, in the order in which the address has them.
const NAMES: [&str; 4] = ["any", "all", "none", "lang"];

/// What is wrong with a query.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("no parameter `{0}`")]
    Unknown(String),
    #[error("`{0}` is given more than once")]
    Repeated(&'static str),
    #[error("longer than {LONGEST} bytes")]
    TooLong,
    #[error("more than {MOST_TAGS} tags")]
    TooManyTags,
    #[error("`{0}`: no tag `{1}`")]
    NoTag(&'static str, String),
    #[error("no language `{0}`")]
    NoLanguage(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A query's values by parameter, as whoever asks spells them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked([Vec<String>; 4]);

impl Asked {
    /// Reads what follows the `?`.
    ///
    /// # Errors
    /// [`Fault`]s of form: too long, too many tags, an unknown or repeated parameter.
    pub(super) fn parse(query: &str) -> Result<Asked, Fault> {
        if query.len() > LONGEST {
            return Err(Fault::TooLong);
        }
        let mut asked = Asked::default();
        let mut seen = BTreeSet::new();
        for (name, values) in form_urlencoded::parse(query.as_bytes()) {
            let place = NAMES
                .iter()
                .zip(&mut asked.0)
                .find(|(known, _)| **known == name);
            let Some((known, place)) = place else {
                return Err(Fault::Unknown(shown(&name)));
            };
            if !seen.insert(*known) {
                return Err(Fault::Repeated(known));
            }
            let values = values.split(',').map(str::trim).filter(|v| !v.is_empty());
            place.extend(values.map(str::to_owned));
        }
        let [any, all, none, _] = &asked.0;
        match any.len() + all.len() + none.len() > MOST_TAGS {
            true => Err(Fault::TooManyTags),
            false => Ok(asked),
        }
    }

    /// The filter, with tags by their ids, reduced: one of one tag is all of it, and one of some is
    /// no further demand where all of one of them is.
    ///
    /// # Errors
    /// A tag or language that there is not; the store's.
    pub(super) async fn resolve(
        &self,
        store: &Store,
        names: &TagNames,
        languages: &[Language],
    ) -> Result<Filter, Fault> {
        let mut filter = Filter::default();
        for ((tags, values), name) in filter.tag_sets_mut().into_iter().zip(&self.0).zip(NAMES) {
            for value in values {
                let tag = match names.get(value) {
                    Some(tag) => Some(tag.clone()),
                    None => store.tag_named(value).await?,
                };
                tags.insert(tag.ok_or_else(|| Fault::NoTag(name, shown(value)))?);
            }
        }
        let [.., asked] = &self.0;
        for value in asked {
            let Ok(language) = Language::parse(value) else {
                return Err(Fault::NoLanguage(shown(value)));
            };
            let of_it = Filter {
                languages: BTreeSet::from([language.clone()]),
                ..Filter::default()
            };
            if !languages.contains(&language) && store.touched(&of_it).await?.0 == 0 {
                return Err(Fault::NoLanguage(shown(value)));
            }
            filter.languages.insert(language);
        }
        reduce(&mut filter);
        Ok(filter)
    }
}

fn reduce(filter: &mut Filter) {
    if filter.any.len() == 1 {
        filter.all.append(&mut filter.any);
    }
    if !filter.any.is_disjoint(&filter.all) {
        filter.any.clear();
    }
}

/// As much of what somebody wrote as is worth repeating.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// The query as its address has it: parameters in their order, values sorted.
pub(super) fn canonical(filter: &Filter) -> String {
    let list = |tags: &BTreeSet<TagId>| {
        let tags = tags.iter().map(TagId::as_str);
        tags.collect::<Vec<_>>().join(",")
    };
    let languages = filter.languages.iter().map(Language::as_str);
    let values = [
        list(&filter.any),
        list(&filter.all),
        list(&filter.none),
        languages.collect::<Vec<_>>().join(","),
    ];
    let given = NAMES
        .iter()
        .zip(values)
        .filter(|(_, value)| !value.is_empty());
    let given = given.map(|(name, value)| format!("{name}={value}"));
    given.collect::<Vec<_>>().join("&")
}

/// The feed that has just what passes the filter, if there is one for everybody.
pub(super) fn plain(filter: &Filter) -> Option<FeedKey> {
    let Filter {
        any,
        all,
        none,
        languages,
    } = filter;
    let is_plain = any.is_empty() && none.is_empty() && all.len() <= 1 && languages.len() <= 1;
    is_plain.then(|| FeedKey {
        language: languages.first().cloned(),
        tag: all.first().cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(any: &str, all: &str, none: &str, languages: &str) -> Filter {
        fn set<T: Ord>(text: &str, parse: impl Fn(&str) -> T) -> BTreeSet<T> {
            text.split_whitespace().map(parse).collect()
        }
        let tags = |text: &str| set(text, |tag| TagId::new(tag).expect("a slug"));
        Filter {
            any: tags(any),
            all: tags(all),
            none: tags(none),
            languages: set(languages, |tag| Language::parse(tag).expect("a tag")),
        }
    }

    #[test]
    fn values_are_separated_by_commas_however_they_are_written() {
        let spelled = Asked::parse("lang=pl&none=&any=b%2C+a,,%C5%81%C3%B3d%C5%BA").expect("good");
        let [any, all, none, lang] = &spelled.0;
        assert_eq!(any, &["b", "a", "Łódź"]);
        assert!(all.is_empty() && none.is_empty());
        assert_eq!(lang, &["pl"]);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let many = format!("any={}", ["a"; MOST_TAGS + 1].join(","));
        let long = format!("any={}", "a".repeat(LONGEST));
        for (query, expected) in [
            ("tag=a", "no parameter `tag`"),
            ("any=a&any=b", "`any` is given more than once"),
            ("any=&any=", "`any` is given more than once"),
            (&many, "more than 20 tags"),
            (&long, "longer than 2048 bytes"),
        ] {
            let told = Asked::parse(query).map_err(|fault| fault.to_string());
            assert_eq!(told, Err(expected.to_owned()), "{query}");
        }
    }

    #[test]
    fn equal_filters_have_one_address() {
        for (mut given, address) in [
            (
                filter("b a", "d c", "e", "uk pl"),
                "any=a,b&all=c,d&none=e&lang=pl,uk",
            ),
            (filter("a", "c", "", ""), "all=a,c"),
            (filter("a b", "a", "d", ""), "all=a&none=d"),
            (filter("", "", "", ""), ""),
        ] {
            reduce(&mut given);
            assert_eq!(canonical(&given), address);
        }
    }

    #[test]
    fn what_a_plain_feed_has_is_that_feed() {
        for (given, stem) in [
            (filter("", "a", "", "pl"), Some("pl/tag/a")),
            (filter("", "", "", "uk"), Some("uk/all")),
            (filter("", "", "", ""), Some("all")),
            (filter("a b", "", "", ""), None),
            (filter("", "a b", "", ""), None),
            (filter("", "a", "b", ""), None),
            (filter("", "a", "", "pl uk"), None),
        ] {
            let feed = plain(&given).map(|feed| feed.stem());
            assert_eq!(feed.as_deref(), stem);
        }
    }
}
