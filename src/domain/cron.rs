//! Cron lines.

/// A cron line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronLine;
