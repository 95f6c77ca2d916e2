//! The bytes of a table as UTF-8, whatever encoding they are in.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use encoding_rs::{Decoder, Encoding, UTF_8};

use crate::content::parse::likely_encoding;

/// Read at a time.
const PIECE: usize = 64 << 10;
/// What is looked at to tell an encoding.
const SAMPLE: usize = 256 << 10;

/// Gives UTF-8; what can't be read becomes U+FFFD, and what was UTF-8 already stays as it is.
pub(super) struct Text<R> {
    source: R,
    /// `None`: it is UTF-8.
    decoder: Option<Decoder>,
    piece: Vec<u8>,
    /// Bytes taken from the source.
    pub(super) taken: u64,
}

impl<R: Read> Text<R> {
    pub(super) fn new(source: R, encoding: &'static Encoding) -> Text<R> {
        Text {
            source,
            decoder: (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling()),
            piece: vec![0; PIECE],
            taken: 0,
        }
    }

    /// Appends some more. Says whether that was all.
    pub(super) fn more(&mut self, into: &mut Vec<u8>) -> io::Result<bool> {
        let number = self.source.read(&mut self.piece)?;
        self.taken += number as u64;
        let read = self.piece.get(..number).unwrap_or_default();
        let Some(decoder) = &mut self.decoder else {
            into.extend_from_slice(read);
            return Ok(number == 0);
        };
        let most = decoder.max_utf8_buffer_length(number).unwrap_or(PIECE * 4);
        let mut text = String::with_capacity(most);
        let _ = decoder.decode_to_string(read, &mut text, number == 0);
        into.extend_from_slice(text.as_bytes());
        Ok(number == 0)
    }
}

/// The encoding that a file is in, as far as can be told, and the file at the first letter. A file
/// of which nearly all lines are UTF-8 is UTF-8, and a few of its lines are damaged.
pub(super) fn encoding(file: &mut File) -> io::Result<Option<&'static Encoding>> {
    let mut mark = Vec::new();
    Read::by_ref(file).take(3).read_to_end(&mut mark)?;
    if let Some((encoding, length)) = Encoding::for_bom(&mark) {
        file.seek(SeekFrom::Start(length as u64))?;
        return Ok(Some(encoding));
    }
    file.rewind()?;
    let (mut good, mut bad, mut sample) = (0_u64, 0_u64, Vec::new());
    let mut text = Text::new(&*file, UTF_8);
    let mut buffer = Vec::new();
    loop {
        let is_all = text.more(&mut buffer)?;
        let whole = buffer.iter().rposition(|byte| *byte == b'\n');
        let whole = match whole {
            Some(end) if !is_all => end + 1,
            // A line without end is looked at in pieces.
            None if !is_all && buffer.len() < SAMPLE => continue,
            _ => buffer.len(),
        };
        for line in buffer
            .drain(..whole)
            .as_slice()
            .split(|byte| *byte == b'\n')
        {
            if line.is_ascii() {
                continue;
            }
            if std::str::from_utf8(line).is_ok() {
                good += 1;
            } else {
                bad += 1;
                if sample.len() < SAMPLE {
                    sample.extend_from_slice(line);
                    sample.push(b'\n');
                }
            }
        }
        if is_all {
            break;
        }
    }
    file.rewind()?;
    if bad * 10 <= good {
        return Ok(Some(UTF_8));
    }
    Ok(likely_encoding(&sample))
}
