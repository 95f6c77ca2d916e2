//! Text: XML characters, HTML cleaning and plain text, slugs, languages, templates. Pure.

pub mod html;
pub mod locale;
pub mod slug;
pub mod tags;
pub mod template;
pub mod xml;
