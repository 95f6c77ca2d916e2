//! From a feed to bytes: RSS 2.0, Atom (RFC 4287), JSON Feed 1.1. Pure.

/// The three formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// RSS 2.0
    Rss,
    /// Atom, RFC 4287
    Atom,
    /// JSON Feed 1.1
    Json,
}
