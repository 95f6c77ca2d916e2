//! From the bytes of a file to its text, whatever encoding they are in: never letters that the
//! author did not write.
//!
//! A byte order mark decides; else what is valid UTF-8 is UTF-8; else what an HTML page declares,
//! if the text then looks like text; else the one of the encodings once usual for Polish and
//! Ukrainian in which it does. Where none fits, or two do, the file is reported.

mod declared;
mod plausible;

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_8859_2, KOI8_U, UTF_8, WINDOWS_1250, WINDOWS_1251};

use super::{Form, MAX_BYTES, line_number};
use crate::domain::Problem;
use plausible::Reading;

/// What a file without declaration may be in.
const CANDIDATES: [&Encoding; 4] = [WINDOWS_1250, ISO_8859_2, WINDOWS_1251, KOI8_U];

/// Letters beyond ASCII from which two readings that both look like text can be told apart.
const EVIDENCE: usize = 8;

/// The text without a byte order mark, lines ended by `\n` alone.
///
/// # Errors
/// The file is too large, or in no encoding that is known here; with the line of the first byte
/// that can't be read.
pub fn decode(path: &str, bytes: &[u8], form: Form) -> Result<String, Problem> {
    if bytes.len() > MAX_BYTES {
        return Err(super::too_large(path));
    }
    let text = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => {
            let bytes = bytes.get(length..).unwrap_or_default();
            by_mark(bytes, encoding).map_err(|line| {
                Problem::of_file(
                    path,
                    format!(
                        "the file begins as {0}, but is not {0} here",
                        encoding.name()
                    ),
                    "save it as UTF-8",
                )
                .at_line(line)
            })?
        }
        None => without_mark(bytes, form).map_err(|line| {
            Problem::of_file(
                path,
                "the text is not UTF-8 here, and in no other encoding that can be told from it",
                match form {
                    Form::Html => "save the file as UTF-8, or correct its `<meta charset>`",
                    Form::Markdown | Form::Text => "save the file as UTF-8",
                },
            )
            .at_line(line)
        })?,
    };
    Ok(if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text.into_owned()
    })
}

/// What some text without mark or declaration, which is not UTF-8, may well be in.
pub fn likely_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    best(bytes, readings(bytes)).map(|(encoding, _)| encoding)
}

/// What follows a byte order mark; else the line that can't be read.
fn by_mark<'b>(bytes: &'b [u8], encoding: &'static Encoding) -> Result<Cow<'b, str>, u32> {
    if encoding == UTF_8 {
        return utf8(bytes);
    }
    let (text, is_bad) = encoding.decode_without_bom_handling(bytes);
    // Zeros are what UTF-32 has between its letters.
    let bad = if is_bad { '\u{FFFD}' } else { '\0' };
    match text.split_once(bad) {
        None => Ok(text),
        Some((good, _)) => Err(line_number(1 + good.matches('\n').count())),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, u32> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            line_number(1 + good.iter().filter(|b| **b == b'\n').count())
        })
}

fn without_mark(bytes: &[u8], form: Form) -> Result<Cow<'_, str>, u32> {
    let declared = (form == Form::Html)
        .then(|| declared::encoding(bytes))
        .flatten();
    // Where bytes below 0x80 are not ASCII, any text is valid UTF-8.
    let never_ascii = declared.filter(|encoding| !encoding.is_ascii_compatible());
    if let Some(encoding) = never_ascii
        && let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes)
    {
        return Ok(text);
    }
    let line = match utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(line) => line,
    };
    let declared = declared
        .filter(|encoding| *encoding != UTF_8)
        .and_then(|encoding| {
            let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
            plausible::oddities(&text).map(|_| (encoding, text))
        });
    let readings = readings(bytes);
    match declared {
        Some((encoding, text)) if is_credible(encoding, bytes, &readings) => Ok(text),
        declared => best(bytes, readings)
            .map(|(_, text)| text)
            .or(declared.map(|(_, text)| text))
            .ok_or(line),
    }
}

/// How the bytes read in each encoding in which they look like text, the best first.
fn readings(bytes: &[u8]) -> Vec<(&'static Encoding, Reading<'_>)> {
    let mut readings: Vec<_> = CANDIDATES
        .into_iter()
        .filter_map(|encoding| {
            let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
            Some((encoding, Reading::of(text)?))
        })
        .collect();
    readings.sort_by_key(|(_, reading)| reading.odd);
    readings
}

/// Is the declaration to be believed? Tools declare what nobody asked them for, Western European
/// above all, in which hardly any byte is impossible.
fn is_credible(
    declared: &'static Encoding,
    bytes: &[u8],
    readings: &[(&'static Encoding, Reading<'_>)],
) -> bool {
    let Some((_, best)) = readings.first() else {
        return true;
    };
    if CANDIDATES.contains(&declared) {
        readings
            .iter()
            .any(|(encoding, reading)| *encoding == declared && reading.odd == best.odd)
    } else {
        !CANDIDATES.contains(&guess(bytes))
    }
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// The only reading that looks like text, or the clearly best of several.
fn best<'b>(
    bytes: &[u8],
    mut readings: Vec<(&'static Encoding, Reading<'b>)>,
) -> Option<(&'static Encoding, Cow<'b, str>)> {
    let (_, first) = readings.first()?;
    let has_rival = readings
        .iter()
        .any(|(_, other)| other.odd == first.odd && other.text != first.text);
    let mut chosen = 0;
    if has_rival {
        let guess = guess(bytes);
        chosen = readings
            .iter()
            .position(|(encoding, _)| *encoding == guess)?;
        let (_, reading) = readings.get(chosen)?;
        let is_clear = reading.letters >= EVIDENCE
            && readings
                .iter()
                .all(|(_, other)| other.text == reading.text || other.common < reading.common);
        if !is_clear {
            return None;
        }
    }
    let (encoding, reading) = readings.swap_remove(chosen);
    Some((encoding, reading.text))
}

#[cfg(test)]
mod tests;
