//! Where publications come from: files are noticed ([`watch`]), compared with what was read before
//! ([`directory`]), and understood ([`parse`]); on request they are given ids ([`ids`]). Other sites'
//! feeds are understood too ([`upstream`]).

pub mod coalesce;
pub mod directory;
pub mod ids;
pub mod parse;
pub mod upstream;
mod walk;
pub mod watch;

pub use coalesce::Coalescer;
pub use directory::{Directory, Look, Read, Reading, Seen, Unread, Unreadable};
pub use ids::Naming;
pub use walk::relative;
pub use watch::{Hint, WatchError, Watcher};

#[cfg(test)]
pub(crate) mod tests;
