//! Front matter as a tree of texts, whichever language it is written in. Numbers, dates and truth
//! values are what their author wrote: `1.10` is a version, and `No` a title.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use toml::de::{DeTable, DeValue};

/// A value, and the byte of the front matter where it begins.
#[derive(Debug)]
pub struct Node {
    pub value: Value,
    pub at: usize,
}

#[derive(Debug)]
pub enum Value {
    Nothing,
    Text(String),
    List(Vec<Node>),
    Table(Table),
}

/// Keys and what they say. As for Hugo, case is no difference between keys.
#[derive(Debug, Default)]
pub struct Table(BTreeMap<String, Node>);

impl Table {
    /// What is said under a key in lower case; `extra.author` leads into a table.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Some((table, key)) = key.split_once('.') else {
            return self.0.get(key);
        };
        match &self.0.get(table)?.value {
            Value::Table(table) => table.get(key),
            _ => None,
        }
    }

    /// The text under the first of these keys that has one.
    pub fn text(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.get(key)?.text())
    }

    fn of(entries: impl Iterator<Item = (String, Node)>) -> Table {
        let mut table = BTreeMap::new();
        for (key, node) in entries {
            table.entry(key.to_ascii_lowercase()).or_insert(node);
        }
        Table(table)
    }
}

impl Node {
    /// Its text, trimmed, if it is one and says anything.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }
}

/// A tree as serde-saphyr reads it. It takes `1.10` for a number, and knows where it stands: so its
/// text can be had from there.
pub enum Yaml {
    Nothing,
    Text(String),
    AsWritten,
    List(Vec<Spanned<Yaml>>),
    Table(Vec<(String, Spanned<Yaml>)>),
}

/// The tree of a block of YAML.
pub fn from_yaml(yaml: Spanned<Yaml>, block: &str) -> Node {
    let span = yaml.defined.span();
    let bytes = span.byte_offset().zip(span.byte_len());
    let [at, length] = bytes.map_or([0, 0], |(at, length)| {
        [at, length].map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    });
    let value = match yaml.value {
        Yaml::Nothing => Value::Nothing,
        Yaml::Text(text) => Value::Text(text),
        Yaml::AsWritten => Value::Text(written(block, at, at.saturating_add(length))),
        Yaml::List(list) => Value::List(
            list.into_iter()
                .map(|element| from_yaml(element, block))
                .collect(),
        ),
        Yaml::Table(entries) => Value::Table(Table::of(
            entries
                .into_iter()
                .map(|(key, value)| (key, from_yaml(value, block))),
        )),
    };
    Node { value, at }
}

/// The tree of a block of TOML.
pub fn from_toml(table: &DeTable<'_>, block: &str) -> Table {
    Table::of(
        table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), toml_node(value, block))),
    )
}

fn toml_node(node: &toml::Spanned<DeValue<'_>>, block: &str) -> Node {
    let span = node.span();
    let value = match node.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Array(list) => {
            Value::List(list.iter().map(|node| toml_node(node, block)).collect())
        }
        DeValue::Table(table) => Value::Table(from_toml(table, block)),
        _ => Value::Text(written(block, span.start, span.end)),
    };
    Node {
        value,
        at: span.start,
    }
}

fn written(block: &str, start: usize, end: usize) -> String {
    block.get(start..end).unwrap_or_default().trim().to_owned()
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Yaml, D::Error> {
        deserializer.deserialize_any(YamlVisitor)
    }
}

struct YamlVisitor;

impl<'de> Visitor<'de> for YamlVisitor {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Yaml, E> {
        Ok(Yaml::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Yaml, E> {
        Ok(Yaml::AsWritten)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Yaml, E> {
        Ok(Yaml::AsWritten)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Yaml, E> {
        Ok(Yaml::AsWritten)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Yaml, E> {
        Ok(Yaml::AsWritten)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Yaml, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Yaml::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Yaml, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Yaml::Table(entries))
    }
}
