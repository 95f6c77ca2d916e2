//! wici tells people what is new on a website: it watches a content store, writes RSS, Atom and
//! JSON feeds, and mails subscribers what they asked for.
//!
//! `docs/ARCHITECTURE.md` tells what each room is for, what must hold, and what shows it. Begin
//! reading at [`domain`], which has the words, then [`store`], which has the verbs, then
//! [`daemon`], whose loops carry one to the other.
//!
//! The code map. Imports run strictly down this list, and siblings in braces never import each
//! other; `tests/it/architecture.rs` fails on any other path:
//!
//! ```text
//! main ▶ cli ▶ daemon ▶ web ▶ control ▶ render ▶ { content, store, mail, publish } ▶ net ▶ config ▶ { feed, compose } ▶ { text, token } ▶ domain
//! ```
//!
//! `domain`, `text`, `token`, `feed` and `compose` are pure: no clock, no file, no socket.
#![forbid(unsafe_code)]

pub mod cli;
pub mod compose;
pub mod config;
pub mod content;
pub mod control;
pub mod daemon;
pub mod domain;
pub mod feed;
pub mod mail;
pub mod net;
pub mod publish;
pub mod render;
pub mod store;
pub mod text;
pub mod token;
pub mod web;
