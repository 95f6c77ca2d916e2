//! The integration tests, one binary; one module a subject. `harness` runs the real program.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic, and stands outside the daemon: it has a clock and threads of its own"
)]

mod answers;
mod architecture;
mod commands;
mod delta;
mod disk;
mod dump;
mod feeds;
mod fixtures;
mod forms;
mod fuzz;
mod harness;
mod holds;
mod hostile;
mod http_server;
mod identity;
mod kill;
mod letters;
mod listening;
mod mail;
mod media;
mod net;
mod pages;
mod people;
mod polls;
mod preferences;
mod query;
mod reload;
mod schedules;
mod sending;
mod served;
mod smtp;
mod smtp_server;
mod templates;
mod translations;
mod trust;
mod upstream;
mod watching;
mod way;
mod websub;
