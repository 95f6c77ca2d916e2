//! What comes from the daemon: answers over HTTP, and mails.

use std::collections::BTreeMap;

use mail_parser::{Message, MessageParser};

/// An answer over HTTP.
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A mail as another program reads it.
pub fn parse(mail: &[u8]) -> Message<'static> {
    MessageParser::default()
        .parse(mail)
        .expect("a mail")
        .into_owned()
}

/// The path of the unsubscribe link in a mail's header.
pub fn unsubscribe_path(mail: &Message) -> String {
    let raw = mail
        .header_raw("List-Unsubscribe")
        .expect("a List-Unsubscribe header");
    let link = raw.trim().trim_start_matches('<').trim_end_matches('>');
    let (_, path) = link
        .split_once("/unsubscribe/")
        .expect("an unsubscribe link");
    format!("/unsubscribe/{path}")
}
