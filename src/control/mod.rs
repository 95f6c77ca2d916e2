//! What an administrator may ask, and the answers: one path, whether the question comes over the
//! control socket of a running daemon or from a command that opened the store itself.

pub mod board;
pub mod client;
pub mod dump;
pub mod execute;
mod holds;
pub mod people;
mod preferences;
pub mod preview;
pub mod prospects;
pub mod publications;
pub mod readers;
pub mod report;
pub mod request;
pub mod roll;
pub mod runs;
pub mod samples;
pub mod schedules;
pub mod send;
pub mod server;
pub mod subscribers;
pub mod tags;
pub mod trial;

use std::sync::Arc;

use jiff::Timestamp;

use crate::compose::Composer;
use crate::config::Config;
use crate::store::Store;

pub use board::Board;
pub use execute::execute;
pub use readers::Readers;
pub use request::{Refusal, Request, Response};

/// Tells the time: the edge's clock, handed down.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Tells the loops that there is something to look at; without a daemon, nobody.
pub type Bell = Arc<dyn Fn() + Send + Sync>;

/// Makes the composer of the site's letters: templates and keys are read where they are not at hand.
pub type Composing = Arc<dyn Fn() -> Result<Composer, Refusal> + Send + Sync>;

/// What a request is carried out with.
#[derive(Clone)]
pub struct Desk {
    /// Where everything is written down.
    pub store: Store,
    /// The running configuration.
    pub config: Arc<Config>,
    /// What is wrong at the moment.
    pub board: Arc<Board>,
    /// How readers poll; without a daemon nobody counts.
    pub readers: Option<Arc<Readers>>,
    /// Rung when something was decided.
    pub bell: Bell,
    /// For letters that are shown, or sent to try things out.
    pub composing: Composing,
}
