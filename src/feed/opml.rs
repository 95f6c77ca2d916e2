//! OPML 2.0 (<https://opml.org/spec2.opml>): the list of feeds, for readers to import at once.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::write::{line, url};
use crate::domain::Language;

/// The value of Content-Type.
pub const MEDIA_TYPE: &str = "text/x-opml; charset=utf-8";

/// One feed in the list.
#[derive(Debug, Clone)]
pub struct OpmlFeed {
    /// The feed's title.
    pub title: String,
    /// Where the feed is.
    pub xml_url: String,
    /// Where the feed's page is.
    pub html_url: String,
    /// The language of its entries, if it is one.
    pub language: Option<Language>,
}

/// The list's bytes.
///
/// # Errors
/// None in practice: the writer writes to memory.
pub fn opml(title: &str, feeds: &[OpmlFeed]) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    let document = writer.create_element("opml");
    document
        .with_attribute(("version", "2.0"))
        .write_inner_content(|writer| {
            writer
                .create_element("head")
                .write_inner_content(|writer| {
                    let title = line(title);
                    let element = writer.create_element("title");
                    element.write_text_content(BytesText::new(&title))?;
                    Ok(())
                })?;
            writer
                .create_element("body")
                .write_inner_content(|writer| {
                    feeds.iter().try_for_each(|feed| outline(writer, feed))
                })?;
            Ok(())
        })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn outline(writer: &mut Writer<Vec<u8>>, feed: &OpmlFeed) -> std::io::Result<()> {
    // Feeds of one title are told apart by their languages.
    let title = match &feed.language {
        Some(language) => format!("{} ({language})", feed.title),
        None => feed.title.clone(),
    };
    let (title, xml, html) = (line(&title), url(&feed.xml_url), url(&feed.html_url));
    // The type is `rss` whatever the feed's format.
    let mut element = writer.create_element("outline").with_attributes([
        ("type", "rss"),
        ("text", title.as_str()),
        ("title", title.as_str()),
        ("xmlUrl", xml.as_str()),
        ("htmlUrl", html.as_str()),
    ]);
    if let Some(language) = &feed.language {
        element = element.with_attribute(("language", language.as_str()));
    }
    element.write_empty()?;
    Ok(())
}
