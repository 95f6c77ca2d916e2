//! When the first scan is complete: what is found later is news.

use crate::domain::publication::Pass;

/// Scans in a row that may find files being written before they count as complete all the same:
/// some program may write to one without end.
const TRIES: u8 = 10;

/// A file that is being written during the first scan was there before it, so that scan is taken
/// for complete only once such files are read too.
#[derive(Debug, Default)]
pub(super) struct Baseline {
    tried: u8,
    /// Is another scan wanted soon?
    pub(super) waits: bool,
}

impl Baseline {
    /// How a look ends that left files `unsettled` or not.
    pub(super) fn end(&mut self, is_scan: bool, unsettled: bool) -> Pass {
        if !is_scan {
            return Pass::End;
        }
        self.waits = unsettled && self.tried < TRIES;
        if self.waits {
            self.tried += 1;
            Pass::End
        } else {
            self.tried = TRIES;
            Pass::EndOfScan
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_scan_is_complete_once_every_file_was_read() {
        let mut baseline = Baseline::default();
        assert_eq!(baseline.end(true, true), Pass::End);
        assert!(baseline.waits);
        assert_eq!(
            baseline.end(false, false),
            Pass::End,
            "some files are not all"
        );
        assert_eq!(baseline.end(true, false), Pass::EndOfScan);
        assert!(!baseline.waits);
        assert_eq!(
            baseline.end(true, true),
            Pass::EndOfScan,
            "it is not the first"
        );
    }

    #[test]
    fn a_file_that_is_written_without_end_is_not_waited_for_without_end() {
        let mut baseline = Baseline::default();
        let ends = (0..).take_while(|_| baseline.end(true, true) == Pass::End);
        assert_eq!(ends.count(), usize::from(TRIES));
    }
}
