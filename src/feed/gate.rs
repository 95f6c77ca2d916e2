//! A second parser looks at what was written, before readers' parsers do. It knows nothing of the
//! writers, and refuses what XML 1.0 and RFC 8259 refuse: `roxmltree` is strict, and takes no DTD.

use memchr::memmem;
use roxmltree::Document;

use super::Format;

/// What a parser would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(String);

/// What stands around an entry: the names of its namespaces are those of the feed.
pub(super) const RSS: (&str, &str) = (
    "<rss xmlns:atom=\"http://www.w3.org/2005/Atom\" \
     xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
     xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
     xmlns:media=\"http://search.yahoo.com/mrss/\">",
    "</rss>",
);
pub(super) const ATOM: (&str, &str) = (
    "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:media=\"http://search.yahoo.com/mrss/\">",
    "</feed>",
);

/// Can an entry, as it was written for a feed, be in one?
///
/// # Errors
/// What is wrong with it, in the parser's words.
pub fn judge_entry(entry: &[u8], format: Format) -> Result<(), Unfit> {
    let (open, close) = match format {
        Format::Rss => RSS,
        Format::Atom => ATOM,
        Format::Json => return json(entry),
    };
    let text = utf8(entry)?;
    let whole = [open, text, close].concat();
    let document = parse(&whole)?;
    let root = document.root_element();
    if root.first_element_child().is_some()
        && root.children().filter(|n| n.is_element()).count() == 1
    {
        Ok(())
    } else {
        Err(Unfit("it is not one element".to_owned()))
    }
}

/// Can this be a feed, with its entries or without?
///
/// # Errors
/// As [`judge_entry`].
pub fn judge_feed(feed: &[u8], format: Format) -> Result<(), Unfit> {
    match format {
        Format::Rss | Format::Atom => parse(utf8(feed)?).map(drop),
        Format::Json => json(feed),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Unfit> {
    std::str::from_utf8(bytes).map_err(|error| Unfit(error.to_string()))
}

fn parse(text: &str) -> Result<Document<'_>, Unfit> {
    no_broken_references(text)?;
    Document::parse(text).map_err(|error| Unfit(error.to_string()))
}

/// `roxmltree` takes `&#xD800;` for U+FFFD, as HTML parsers do; XML 1.0 (4.1, Legal Character) does
/// not. In CDATA it would be HTML's, which is no better.
fn no_broken_references(text: &str) -> Result<(), Unfit> {
    for at in memmem::find_iter(text.as_bytes(), "&#") {
        let rest = text.get(at + 2..).unwrap_or_default();
        let number: String = rest.chars().take(12).take_while(|c| *c != ';').collect();
        let parsed = match number.strip_prefix('x') {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
            None => number.parse(),
        };
        if parsed.is_ok_and(|number| char::from_u32(number).is_none()) {
            return Err(Unfit(format!("`&#{number};` is no character")));
        }
    }
    Ok(())
}

/// Into a value: what is passed over is not looked at closely.
fn json(bytes: &[u8]) -> Result<(), Unfit> {
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(value) if value.is_object() => Ok(()),
        Ok(_) => Err(Unfit("it is not one object".to_owned())),
        Err(error) => Err(Unfit(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(inside: &str) -> [(Vec<u8>, Format); 2] {
        [
            (
                format!("\n    <item>{inside}</item>").into_bytes(),
                Format::Rss,
            ),
            (
                format!("\n  <entry>{inside}</entry>").into_bytes(),
                Format::Atom,
            ),
        ]
    }

    #[test]
    fn what_xml_refuses_is_refused() {
        for bad in [
            "a\u{0}b",
            "a\u{1}b",
            "a\u{B}b",
            "a\u{FFFE}b",
            "a\u{FFFF}b",
            "&#0;",
            "&#1;",
            "&#xB;",
            "&#xD800;",
            "&#xDFFF;",
            "&#xFFFE;",
            "&#x110000;",
            "&#;",
            "&nbsp;",
            "a & b",
            "a < b",
            "a ]]> b",
            "<![CDATA[ a ",
            "<![CDATA[ \u{1} ]]>",
            "<!-- a -- b -->",
            "<?xml version=\"1.0\"?>",
            "<title>a",
            "<title>a</Title>",
            "</title>",
            "<title a=\"1\" a=\"2\"/>",
            "<title a='<'/>",
            "<title a=b/>",
            "<x:title/>",
            "<title x:a=\"1\"/>",
            "<media:content xmlns:m=\"http://search.yahoo.com/mrss/\" m:a=\"1\" media:a=\"2\"/>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]>",
            "</item></rss><rss><item>",
        ] {
            for (bytes, format) in entry(bad) {
                assert!(judge_entry(&bytes, format).is_err(), "{format}: {bad:?}");
                let feed = [
                    b"<rss xmlns:media=\"http://search.yahoo.com/mrss/\">",
                    &bytes[..],
                    b"</rss>",
                ];
                assert!(judge_feed(&feed.concat(), Format::Rss).is_err(), "{bad:?}");
            }
        }
    }

    #[test]
    fn what_xml_takes_passes() {
        let good = "<title a=\"&lt;&#x9;&quot;\">a &amp; &#x10FFFF; ż 😀 ]] ></title>\
            <media:thumbnail url=\"a\"/><!-- a - b --><b><![CDATA[<]]]]><![CDATA[>]]></b>";
        for (bytes, format) in entry(good) {
            assert_eq!(judge_entry(&bytes, format), Ok(()), "{format}");
        }
    }

    #[test]
    fn what_is_no_utf8_or_not_one_entry_is_refused() {
        for format in [Format::Rss, Format::Atom, Format::Json] {
            assert!(judge_entry(b"<item>\xFF</item>", format).is_err());
            assert!(judge_entry(b"\"\xFF\"", format).is_err());
            assert!(judge_entry(b"", format).is_err());
            assert!(judge_entry(b"<item/><item/>", format).is_err());
            assert!(judge_entry(b"{} {}", format).is_err());
        }
    }

    #[test]
    fn what_json_refuses_is_refused() {
        for bad in [
            "{\"a\": \"\u{1}\"}",
            "{\"a\": \"\\ud800\"}",
            "{\"a\": \"\\ud800\\u0041\"}",
            "{\"a\": \"\\x\"}",
            "{\"a\": 01}",
            "{\"a\": 1,}",
            "{\"a\": 1",
            "{a: 1}",
            "[1]",
        ] {
            assert!(judge_entry(bad.as_bytes(), Format::Json).is_err(), "{bad}");
            assert!(judge_feed(bad.as_bytes(), Format::Json).is_err(), "{bad}");
        }
        assert_eq!(
            judge_entry(b"\n    {\"a\": \"\\ud83d\\ude00\"}", Format::Json),
            Ok(())
        );
    }
}
