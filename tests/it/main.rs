//! The integration tests, one binary.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic, and stands outside the daemon: it has a clock and threads of its own"
)]

mod architecture;
mod feeds;
