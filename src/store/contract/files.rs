//! Files as content reads them.

use super::*;

/// A file as content reads it: dated now unless told otherwise, its body telling it apart.
pub(super) fn file(path: &str, bench: &Bench) -> Found {
    Found {
        path: path.to_owned(),
        declared_id: None,
        minted_id: PublicationId(id_of(path)),
        title: path.trim_end_matches(".md").to_owned(),
        link: format!("https://portal.example/{path}"),
        language: language("pl"),
        published: Some(bench.now),
        updated: None,
        tags: Vec::new(),
        summary: "W skrócie".to_owned(),
        body: format!("<p>{path}</p>").into(),
        authors: Vec::new(),
        archived: None,
        change_note: None,
        translation_of: None,
        tie: None,
        image: None,
        enclosures: Vec::new(),
        expires: None,
        flaws: Vec::new(),
    }
}

pub(super) fn id_of(path: &str) -> String {
    format!("tag:portal.example,2026:pages/{path}")
}

pub(super) trait FoundExt {
    fn tagged(self, names: &str) -> Found;
    fn moved_to(self, path: &str) -> Found;
    fn corrected(self, note: &str, bench: &Bench) -> Found;
}

impl FoundExt for Found {
    fn tagged(self, names: &str) -> Found {
        let name = |id: TagId| TagMention {
            defined: false,
            label: id.to_string(),
            id,
        };
        Found {
            tags: tags(names).into_iter().map(name).collect(),
            ..self
        }
    }

    fn moved_to(self, path: &str) -> Found {
        Found {
            path: path.to_owned(),
            minted_id: PublicationId(id_of(path)),
            ..self
        }
    }

    fn corrected(self, note: &str, bench: &Bench) -> Found {
        Found {
            updated: Some(bench.now),
            change_note: Some(note.to_owned()),
            ..self
        }
    }
}
