//! Where publications come from: files are noticed ([`watch`]), compared with what was read before
//! ([`directory`]), and understood ([`parse`]).

pub mod coalesce;
pub mod directory;
pub mod parse;
mod walk;
pub mod watch;

pub use coalesce::Coalescer;
pub use directory::{Directory, Look, Reading, Seen, Unreadable};
pub use watch::{Hint, WatchError, Watcher};

#[cfg(test)]
pub(crate) mod tests;
