//! The keys of front matter, as Hugo, Zola, Jekyll and Eleventy write them. Keys that are not
//! here are nobody's error.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// All keys that mean something here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    pub title: Option<Word>,
    pub date: Option<Moment>,
    pub updated: Option<Moment>,
    pub lastmod: Option<Moment>,
    pub tags: Option<Words>,
    pub categories: Option<Words>,
    pub taxonomies: Option<Taxonomies>,
    pub description: Option<Word>,
    pub summary: Option<Word>,
    pub draft: Option<Switch>,
    pub url: Option<Word>,
    pub permalink: Option<Word>,
    pub slug: Option<Word>,
    pub path: Option<Word>,
    pub id: Option<Word>,
    pub language: Option<Word>,
    pub lang: Option<Word>,
    pub translation_of: Option<Word>,
    pub author: Option<Words>,
    pub authors: Option<Words>,
    pub change_note: Option<Word>,
}

/// Zola's table.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Taxonomies {
    pub tags: Option<Words>,
    pub categories: Option<Words>,
}

/// True or false, in the words of YAML 1.1 too.
#[derive(Debug, Clone, Copy)]
pub struct Switch(pub bool);

/// One value as text: a string, number or truth value, or the `name` of a table.
#[derive(Debug)]
pub struct Word(pub String);

/// A date as text, whether TOML knows it for one or not.
#[derive(Debug)]
pub struct Moment(pub String);

/// A list of values, or one.
#[derive(Debug)]
pub enum Words {
    /// `tags: a`
    One(String),
    /// `tags: [a, b]`
    List(Vec<String>),
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Switch, D::Error> {
        let Word(text) = Word::deserialize(deserializer)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Ok(Switch(true)),
            "false" | "no" | "off" | "n" | "" => Ok(Switch(false)),
            _ => Err(Error::custom("expected true or false")),
        }
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
        deserializer.deserialize_any(WordVisitor::<false>).map(Word)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        deserializer
            .deserialize_any(WordVisitor::<true>)
            .map(Moment)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

/// The only tables that are read: TOML's dates, which come as one, and people with a `name`.
struct WordVisitor<const DATE: bool>;

impl<'de, const DATE: bool> Visitor<'de> for WordVisitor<DATE> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<String, A::Error> {
        let map = MapAccessDeserializer::new(map);
        if DATE {
            toml::value::Datetime::deserialize(map).map(|date| date.to_string())
        } else {
            Named::deserialize(map).map(|named| named.name)
        }
    }
}

/// A table that stands for somebody.
#[derive(Deserialize)]
struct Named {
    name: String,
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Words, E> {
        Ok(Words::One(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Words, E> {
        Ok(Words::One(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Words, E> {
        Ok(Words::One(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Words, E> {
        Ok(Words::One(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Words, E> {
        Ok(Words::One(value.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Words, E> {
        Ok(Words::List(Vec::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
        let mut words = Vec::new();
        while let Some(Word(word)) = list.next_element()? {
            words.push(word);
        }
        Ok(Words::List(words))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Words, A::Error> {
        WordVisitor::<false>.visit_map(map).map(Words::One)
    }
}
