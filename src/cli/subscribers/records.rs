//! A table (CSV, RFC 4180) record by record, within bounds: a quotation mark that is never closed
//! costs one line, and not the rest of the file.

use std::io::{self, Read};

use super::text::Text;

/// The longest record. Nobody's row has so much to say.
const MOST: usize = 64 << 10;

/// A record, and the line that it begins in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) values: Result<Vec<String>, Broken>,
}

/// A line that is no record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) why: &'static str,
    /// The line, as far as it is worth showing.
    pub(super) text: String,
}

/// Splits a table.
pub(super) struct Records<R> {
    text: Text<R>,
    separator: u8,
    buffer: Vec<u8>,
    /// What of the buffer is done with.
    done: usize,
    has_all: bool,
    line: u64,
}

impl<R: Read> Records<R> {
    pub(super) fn new(text: Text<R>) -> Records<R> {
        Records {
            text,
            separator: b',',
            buffer: Vec::new(),
            done: 0,
            has_all: false,
            line: 1,
        }
    }

    /// How much of the source is read.
    pub(super) fn taken(&self) -> u64 {
        self.text.taken
    }

    pub(super) fn separate_by(&mut self, separator: u8) {
        self.separator = separator;
    }

    /// The next record, which stays the next.
    pub(super) fn peek(&mut self) -> io::Result<Option<Vec<String>>> {
        Ok(match self.step()? {
            Step::Record(values, _) => Some(values),
            _ => None,
        })
    }

    /// The next record; `None`: there is none.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        let step = self.step()?;
        let line = self.line;
        let values = match step {
            Step::Record(values, length) => {
                self.pass(length);
                Ok(values)
            }
            Step::End => return Ok(None),
            Step::Unclosed => Err(self.broken("a quotation mark in it is not closed")?),
            Step::More => Err(self.broken("it is longer than 64 KiB")?),
        };
        Ok(Some(Record { line, values }))
    }

    /// What is there, after blank lines.
    fn step(&mut self) -> io::Result<Step> {
        loop {
            let rest = self.buffer.get(self.done..).unwrap_or_default();
            let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
            let blank = blank.count();
            // Else the last may be half an end.
            if blank < rest.len() || self.has_all || blank > MOST {
                self.pass(blank);
            }
            let record = self.buffer.get(self.done..).unwrap_or_default();
            match parse(record, self.separator, self.has_all) {
                Step::More if record.len() < MOST => {
                    self.buffer.drain(..self.done);
                    self.done = 0;
                    self.has_all = self.text.more(&mut self.buffer)?;
                }
                Step::Record(_, length) if length > MOST => return Ok(Step::More),
                step => return Ok(step),
            }
        }
    }

    fn pass(&mut self, length: usize) {
        let passed = self.buffer.get(self.done..self.done + length);
        self.line += line_ends(passed.unwrap_or_default());
        self.done += length;
    }

    /// Passes one line, however long.
    fn broken(&mut self, why: &'static str) -> io::Result<Broken> {
        let mut text = Vec::new();
        loop {
            let rest = self.buffer.get(self.done..).unwrap_or_default();
            let end = rest.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(rest.len(), |end| end + 1);
            let shown = rest.get(..length.min(400)).unwrap_or_default();
            if text.is_empty() {
                text.extend_from_slice(shown);
            }
            self.pass(length);
            if end.is_some() || self.has_all {
                let text = String::from_utf8_lossy(&text).trim().to_owned();
                return Ok(Broken { why, text });
            }
            self.buffer.clear();
            self.done = 0;
            self.has_all = self.text.more(&mut self.buffer)?;
        }
    }
}

/// Ends of lines: `\n`, `\r\n` or `\r`.
fn line_ends(bytes: &[u8]) -> u64 {
    let mut ends = 0;
    let mut after = 0;
    for byte in bytes {
        ends += u64::from(*byte == b'\r' || (*byte == b'\n' && after != b'\r'));
        after = *byte;
    }
    ends
}

/// What is at the beginning of some bytes.
#[derive(Debug)]
enum Step {
    /// A record of so many bytes.
    Record(Vec<String>, usize),
    /// Not all of it is there.
    More,
    /// All is there, and a quotation mark is not closed.
    Unclosed,
    /// Nothing.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Nothing of the value was read.
    Start,
    Plain,
    Quotes,
    /// A quotation mark was read, which is the last, or one of two.
    AfterQuote,
}

fn parse(bytes: &[u8], separator: u8, has_all: bool) -> Step {
    let (mut values, mut value) = (Vec::new(), Vec::new());
    let mut within = Within::Start;
    let mut rest = bytes.iter().copied().enumerate().peekable();
    while let Some((place, byte)) = rest.next() {
        within = match (within, byte) {
            (Within::Start, b'"') => Within::Quotes,
            (Within::Quotes, b'"') => Within::AfterQuote,
            (Within::Quotes, byte) => {
                value.push(byte);
                Within::Quotes
            }
            (Within::AfterQuote, b'"') => {
                value.push(b'"');
                Within::Quotes
            }
            (_, byte) if byte == separator => {
                values.push(taken(&mut value));
                Within::Start
            }
            (_, b'\n') => {
                values.push(taken(&mut value));
                return Step::Record(values, place + 1);
            }
            (_, b'\r') => {
                let length = match rest.peek() {
                    Some((place, b'\n')) => place + 1,
                    Some((place, _)) => *place,
                    None if has_all => place + 1,
                    None => return Step::More,
                };
                values.push(taken(&mut value));
                return Step::Record(values, length);
            }
            (_, byte) => {
                value.push(byte);
                Within::Plain
            }
        };
    }
    match within {
        _ if !has_all => Step::More,
        Within::Quotes => Step::Unclosed,
        _ if bytes.is_empty() => Step::End,
        _ => {
            values.push(taken(&mut value));
            Step::Record(values, bytes.len())
        }
    }
}

fn taken(value: &mut Vec<u8>) -> String {
    let bytes = std::mem::take(value);
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::UTF_8;
    use proptest::prelude::*;

    /// Gives a few bytes at a time.
    struct Trickle<'b>(&'b [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let number = self.1.min(self.0.len()).min(into.len());
            let (now, later) = self.0.split_at(number);
            into[..number].copy_from_slice(now);
            self.0 = later;
            Ok(number)
        }
    }

    fn split(table: &[u8], separator: u8, pace: usize) -> Vec<(u64, Result<Vec<String>, String>)> {
        let mut records = Records::new(Text::new(Trickle(table, pace), UTF_8));
        records.separate_by(separator);
        let mut all = Vec::new();
        while let Some(record) = records.next().expect("memory can be read") {
            let values = record.values.map_err(|broken| broken.text);
            all.push((record.line, values));
        }
        all
    }

    fn values(values: &[&str]) -> Result<Vec<String>, String> {
        Ok(values.iter().map(|value| (*value).to_owned()).collect())
    }

    #[test]
    fn quotes_line_ends_and_blank_lines_are_read_as_meant() {
        let table = b"a,b\r\n\r\n\"x \"\"y\"\"\",\"1\r\n2\"\r\n,5\" pipe\rlast,\n";
        assert_eq!(
            split(table, b',', 3),
            [
                (1, values(&["a", "b"])),
                (3, values(&["x \"y\"", "1\r\n2"])),
                (5, values(&["", "5\" pipe"])),
                (6, values(&["last", ""])),
            ]
        );
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_costs_one_line() {
        let table = b"a,b\n\"ada,1\nbob,2\n";
        assert_eq!(
            split(table, b',', 5),
            [
                (1, values(&["a", "b"])),
                (2, Err("\"ada,1".to_owned())),
                (3, values(&["bob", "2"])),
            ]
        );
        let mut long = b"x,\"y\n".to_vec();
        for _ in 0..10_000 {
            long.extend_from_slice(b"ada,1234567890\n");
        }
        let all = split(&long, b',', 4096);
        assert_eq!(all.len(), 10_001);
        assert!(all[0].1.is_err() && all[1..].iter().all(|(_, values)| values.is_ok()));
    }

    #[test]
    fn a_line_without_end_is_passed() {
        let mut table = vec![b'x'; 3 * MOST];
        table.extend_from_slice(b"\nada,1\n");
        let all = split(&table, b',', 10_000);
        assert!(all[0].1.is_err());
        assert_eq!(all[1..], [(2, values(&["ada", "1"]))]);
    }

    proptest! {
        /// What the csv crate writes is read back, however it comes in.
        #[test]
        fn a_table_reads_back(
            table in proptest::collection::vec(
                proptest::collection::vec("[a-zó,;\"\r\n ]{0,6}", 2..4), 0..8),
            separator in prop_oneof![Just(b','), Just(b';'), Just(b'\t')],
            pace in 1_usize..40,
        ) {
            let mut writer = csv::WriterBuilder::new()
                .delimiter(separator)
                .flexible(true)
                .from_writer(Vec::new());
            for row in &table {
                writer.write_record(row)?;
            }
            let written = writer.into_inner().map_err(|error| error.into_error())?;
            let read: Vec<_> = split(&written, separator, pace)
                .into_iter()
                .map(|(_, values)| values)
                .collect();
            prop_assert_eq!(read, table.into_iter().map(Ok).collect::<Vec<_>>());
        }

        /// Any bytes are split, and every line is accounted for.
        #[test]
        fn any_bytes_are_split(
            table in proptest::collection::vec(
                prop_oneof![Just(b'"'), Just(b'\n'), Just(b','), Just(b'\r'), any::<u8>()], 0..200),
            pace in 1_usize..40,
        ) {
            let all = split(&table, b',', pace);
            let lines: Vec<u64> = all.iter().map(|(line, _)| *line).collect();
            prop_assert!(lines.is_sorted());
            prop_assert!(lines.last().is_none_or(|last| *last <= 1 + line_ends(&table)));
        }
    }
}
