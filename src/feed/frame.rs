//! A feed is written as a frame and the entries in it, so that an entry that is in many feeds is
//! written once. The bytes are those that the format's writer gives for the whole.

use std::ops::Range;

use memchr::memmem;

use super::{Feed, FeedError, style};

/// A feed without its entries: what stands before and behind them.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) open: Vec<u8>,
    /// Between two entries.
    pub(super) separator: &'static [u8],
    pub(super) close: Vec<u8>,
}

impl Frame {
    /// Parts a feed that was written without entries at `mark`, where they would be.
    pub(super) fn parted(mut bytes: Vec<u8>, mark: &'static str) -> Result<Frame, FeedError> {
        let at = memmem::rfind(&bytes, mark.as_bytes()).ok_or(FeedError::Frame(mark))?;
        let close = bytes.split_off(at);
        Ok(Frame {
            open: bytes,
            separator: b"",
            close,
        })
    }

    /// The same with what makes it readable in a browser, behind the XML declaration.
    pub(super) fn styled(mut self, feed: &Feed) -> Frame {
        if let Some(end) = memmem::find(&self.open, b"?>") {
            let instruction = style::instruction(feed).into_bytes();
            self.open.splice(end + 2..end + 2, instruction);
        }
        self
    }

    /// The whole feed, and where in it each entry is.
    pub(super) fn around(self, entries: &[&[u8]]) -> (Vec<u8>, Vec<Range<usize>>) {
        let length: usize = entries
            .iter()
            .map(|entry| entry.len() + self.separator.len())
            .sum();
        let mut feed = self.open;
        feed.reserve_exact(length + self.close.len() + 1);
        let mut places = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            if index > 0 {
                feed.extend_from_slice(self.separator);
            }
            places.push(feed.len()..feed.len() + entry.len());
            feed.extend_from_slice(entry);
        }
        feed.extend_from_slice(&self.close);
        feed.push(b'\n');
        (feed, places)
    }
}

/// What is from `start` up to the last `end`.
pub(super) fn cut(
    mut bytes: Vec<u8>,
    start: &'static str,
    end: &'static str,
) -> Result<Vec<u8>, FeedError> {
    let end_at = memmem::rfind(&bytes, end.as_bytes()).ok_or(FeedError::Frame(end))?;
    let start_at = memmem::find(&bytes, start.as_bytes()).ok_or(FeedError::Frame(start))?;
    bytes.truncate(end_at);
    bytes.drain(..start_at.min(end_at));
    Ok(bytes)
}
