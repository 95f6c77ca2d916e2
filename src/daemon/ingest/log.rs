//! What the log says of changes.

use crate::domain::Change;

/// Changes of one transaction that are logged each by itself.
const LOGGED: usize = 10;

/// Each change by itself, unless there are many at once, as at the first scan.
pub(in crate::daemon) fn log(source: &str, changes: &[Change]) {
    if changes.len() > LOGGED {
        let news = changes.iter().filter(|change| change.news).count();
        tracing::info!(source, "{} changes, {news} of them news", changes.len());
    } else {
        for change in changes {
            tracing::info!(kind = %change.kind, news = change.news, number = change.sequence.0, "{}", change.title);
        }
    }
}
