//! What is known of a source, and table `A`: where its publications were last seen.

use super::Key;

pub(in crate::store) fn source(name: &str) -> Key {
    Key::table(b'S').text(name)
}

pub(in crate::store) fn upstream(source: &str) -> Key {
    Key::table(b'u').text(source)
}

pub(in crate::store) fn lost_bodies(source: &str) -> Key {
    Key::table(b'q').text(source)
}

pub(in crate::store) fn all_paths() -> Key {
    Key::table(b'A')
}

/// The source in a key of table `A`.
pub(in crate::store) fn source_in(key: &[u8]) -> String {
    let source = key.get(1..).unwrap_or_default();
    let source = source.split(|byte| *byte == 0).next();
    String::from_utf8_lossy(source.unwrap_or_default()).into_owned()
}

pub(in crate::store) fn paths(source: &str) -> Key {
    all_paths().text(source)
}

/// The paths below a folder, which is not the empty one.
pub(in crate::store) fn paths_below(source: &str, folder: &str) -> Key {
    let mut key = path(source, folder);
    key.0.splice(key.0.len() - 1.., *b"/");
    key
}

pub(in crate::store) fn path(source: &str, path: &str) -> Key {
    paths(source).text(path)
}

pub(in crate::store) fn files(source: &str) -> Key {
    Key::table(b'f').text(source)
}

pub(in crate::store) fn file(source: &str, path: &str) -> Key {
    files(source).text(path)
}

/// The path in a key of table `A`, or `f`.
pub(in crate::store) fn path_in<'k>(key: &'k [u8], source: &str) -> &'k [u8] {
    let start = paths(source).0.len();
    key.get(start..key.len().saturating_sub(1))
        .unwrap_or_default()
}
