//! A feed's bytes as text.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

/// The text. What a byte order mark says comes first; what is UTF-8 is UTF-8, whatever servers
/// say; then counts `charset` of the media type, then the XML declaration.
///
/// # Errors
/// None of them fits. The line (from 1) where it is no UTF-8, when it should have been.
pub fn decode<'b>(bytes: &'b [u8], media_type: Option<&str>) -> Result<Cow<'b, str>, Option<u32>> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let text = bytes.get(mark..).unwrap_or_default();
        return decode_as(encoding, text).ok_or(None);
    }
    let wrong = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(error) => error.valid_up_to(),
    };
    let declared = [media_type.and_then(charset), in_xml(bytes)];
    declared
        .into_iter()
        .flatten()
        .filter_map(|label| Encoding::for_label(label.as_bytes()))
        .filter(|encoding| *encoding != UTF_8)
        .find_map(|encoding| decode_as(encoding, bytes))
        .ok_or_else(|| {
            let good = bytes.get(..wrong).unwrap_or_default();
            let line = 1 + good.iter().filter(|b| **b == b'\n').count();
            u32::try_from(line).ok()
        })
}

fn decode_as<'b>(encoding: &'static Encoding, bytes: &'b [u8]) -> Option<Cow<'b, str>> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes)
}

fn charset(media_type: &str) -> Option<String> {
    let parameters = media_type.split(';').skip(1);
    parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

/// `encoding` of the XML declaration, which is ASCII in all encodings that get here.
fn in_xml(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(1_000))?;
    let head: String = head.iter().map(|byte| char::from(*byte)).collect();
    let (_, declaration) = head.split_once("<?xml")?;
    let (declaration, _) = declaration.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.split(quote).nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{ISO_8859_2, UTF_16LE, WINDOWS_1250};

    #[test]
    fn the_encoding_is_where_it_was_said_or_seen() {
        let text = "<?xml version='1.0' encoding = 'windows-1250'?><rss>Śląsk – żółć</rss>";
        let (windows, _, _) = WINDOWS_1250.encode(text);
        let utf16: Vec<u8> = "\u{FEFF}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(Encoding::for_bom(&utf16), Some((UTF_16LE, 2)));
        let cases: [(&[u8], Option<&str>); 5] = [
            (&windows, None),
            (&windows, Some("text/xml; charset=\"WINDOWS-1250\"")),
            // What a server says of everything is wrong of this.
            (text.as_bytes(), Some("text/xml;charset=iso-8859-1")),
            (&windows, Some("text/xml; charset=utf-8")),
            (&utf16, None),
        ];
        for (bytes, media_type) in cases {
            assert_eq!(
                decode(bytes, media_type).as_deref(),
                Ok(text),
                "{media_type:?}"
            );
        }
        let plain = "<rss>Śląsk żółć</rss>";
        let (latin2, _, _) = ISO_8859_2.encode(plain);
        let media_type = Some("application/rss+xml; Charset=ISO-8859-2");
        assert_eq!(decode(&latin2, media_type).as_deref(), Ok(plain));
    }

    #[test]
    fn what_fits_nothing_is_told_with_its_line() {
        assert_eq!(decode(b"<rss>\n\xB6\n</rss>", None), Err(Some(2)));
        assert_eq!(
            decode(b"<rss>\n\n\xB6", Some("text/xml; charset=unheard-of")),
            Err(Some(3))
        );
    }
}
