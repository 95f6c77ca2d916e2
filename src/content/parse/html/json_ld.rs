//! What a page says of itself in JSON-LD, in the words of schema.org: `Article` and its kin, on
//! their own, in an array, in `@graph`, or within another thing.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use crate::text::html;

/// The most things that are looked at.
const THINGS: usize = 10_000;

type Thing = Map<String, Value>;

/// What the page's scripts describe.
pub struct Things(Vec<Value>);

impl Things {
    /// Of the page's scripts; ill-formed ones say nothing.
    pub fn of(scripts: &[String]) -> Things {
        let values = scripts.iter().map(|script| serde_json::from_str(script));
        Things(values.filter_map(Result::ok).collect())
    }

    /// Outer ones before inner ones.
    fn all(&self) -> Vec<&Thing> {
        let mut queue: VecDeque<&Value> = self.0.iter().collect();
        let mut things = Vec::new();
        while let Some(value) = queue.pop_front().filter(|_| things.len() < THINGS) {
            match value {
                Value::Array(values) => queue.extend(values),
                Value::Object(thing) => {
                    queue.extend(thing.values());
                    things.push(thing);
                }
                _ => {}
            }
        }
        things
    }

    /// The article that the page is; where none is named, the page itself.
    pub fn article(&self) -> Option<Article<'_>> {
        let all = self.all();
        let of_kind = |is_kind: fn(&str) -> bool| {
            let mut things = all.iter().copied();
            things.find(|thing| kinds(thing).any(is_kind))
        };
        let thing = of_kind(|kind| kind.ends_with("Article") || kind.ends_with("Posting"))
            .or_else(|| of_kind(|kind| kind.ends_with("WebPage")))?;
        Some(Article { thing, all })
    }
}

/// `Article` of `"Article"`, `["Article", "x"]` and `"https://schema.org/Article"`.
fn kinds(thing: &Thing) -> impl Iterator<Item = &str> {
    one_or_many(thing.get("@type"))
        .filter_map(Value::as_str)
        .map(|kind| kind.rsplit(['/', '#', ':']).next().unwrap_or(kind))
}

fn one_or_many(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    match value {
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    }
    .iter()
}

/// One article.
pub struct Article<'t> {
    thing: &'t Thing,
    all: Vec<&'t Thing>,
}

impl<'t> Article<'t> {
    /// What a reference (`{"@id": …}`) stands for; another thing stands for itself.
    fn resolve(&self, value: &'t Value) -> Option<&'t Thing> {
        let thing = value.as_object()?;
        let Some(id) = thing.get("@id").filter(|_| thing.len() == 1) else {
            return Some(thing);
        };
        let mut others = self.all.iter().copied();
        others.find(|other| other.len() > 1 && other.get("@id") == Some(id))
    }

    /// The text that the value is, or the name of the thing that it is.
    fn name(&self, value: &'t Value) -> Option<&'t str> {
        let named = || self.resolve(value)?.get("name")?.as_str();
        value.as_str().or_else(named)
    }

    /// A property that is text, without markup: many systems write entities here.
    pub fn text(&self, property: &str) -> Option<String> {
        let text = one_or_many(self.thing.get(property)).find_map(Value::as_str)?;
        Some(html::plain(text)).filter(|text| !text.is_empty())
    }

    /// A property that is a URL, an image, or a list of them: the first.
    pub fn url(&self, property: &str) -> Option<String> {
        one_or_many(self.thing.get(property)).find_map(|value| {
            let named = || {
                let thing = self.resolve(value)?;
                let url = thing.get("url").or_else(|| thing.get("contentUrl"));
                one_or_many(url).find_map(Value::as_str)
            };
            Some(value.as_str().or_else(named)?.to_owned())
        })
    }

    /// A property that lists persons or organisations: their names.
    pub fn names(&self, property: &str) -> Vec<String> {
        one_or_many(self.thing.get(property))
            .filter_map(|value| self.name(value))
            .map(html::plain)
            .collect()
    }

    /// A property that lists words, in an array or between commas.
    pub fn words(&self, property: &str) -> Vec<String> {
        one_or_many(self.thing.get(property))
            .filter_map(|value| self.name(value))
            .flat_map(|words| words.split(','))
            .map(html::plain)
            .collect()
    }
}
