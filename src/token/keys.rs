//! The secrets behind tokens, and the text that keeps them in a file.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The secrets that tokens are signed with, newest first: the newest signs, all verify.
#[derive(Clone)]
pub struct Keys {
    newest: Key,
    older: Vec<Key>,
}

/// One secret, and the states of HMAC-SHA256 that start from it: keying costs as much as signing.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: u16,
    secret: [u8; 32],
    pub(super) links: Hmac<Sha256>,
    pub(super) message_ids: Hmac<Sha256>,
}

impl Key {
    fn new(id: u16, secret: [u8; 32]) -> Key {
        // HMAC fills a key up to its block with zeros (RFC 2104, section 2).
        let mut block = [0; 64];
        for (to, from) in block.iter_mut().zip(secret) {
            *to = from;
        }
        // The label keeps what one use signs from ever being valid in the other.
        let state = |label: &[u8]| Hmac::<Sha256>::new(&block.into()).chain_update(label);
        Key {
            id,
            secret,
            links: state(b"wici link\0"),
            message_ids: state(b"wici message-id\0"),
        }
    }
}

/// The text is not one that [`Keys::encode`] wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key file is damaged at line {line}: {what}; put back a copy of it, because with new keys \
     the links in all mails sent so far stop working"
)]
pub struct DamagedKeys {
    line: usize,
    what: &'static str,
}

const HEADING: &str = "wici keys 1";

impl Keys {
    /// A first key, from 32 random bytes.
    pub fn generate(random: [u8; 32]) -> Keys {
        Keys {
            newest: Key::new(1, random),
            older: Vec::new(),
        }
    }

    /// The text to keep in a file that nobody else may read: a heading, then a line for each key,
    /// newest first, out of its number, its secret in base64url and a checksum.
    pub fn encode(&self) -> String {
        let mut text = format!("{HEADING}\n");
        for key in self.all() {
            let line = format!("{} {}", key.id, URL_SAFE_NO_PAD.encode(key.secret));
            let checksum = crc32fast::hash(line.as_bytes());
            text.push_str(&format!("{line} {checksum:08x}\n"));
        }
        text
    }

    /// Reads what [`Keys::encode`] wrote.
    ///
    /// # Errors
    /// Anything else, down to a single changed character: a wrong secret would silently
    /// invalidate every link.
    pub fn decode(text: &str) -> Result<Keys, DamagedKeys> {
        let mut lines = text.lines();
        if lines.next() != Some(HEADING) {
            return Err(DamagedKeys {
                line: 1,
                what: "it must read `wici keys 1`",
            });
        }
        let mut keys: Vec<Key> = Vec::new();
        for (index, line) in lines.enumerate() {
            let damaged = |what| DamagedKeys {
                line: index + 2,
                what,
            };
            let key = parse_key(line).map_err(damaged)?;
            if keys.iter().any(|other| other.id == key.id) {
                return Err(damaged("its number is taken by a line above"));
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let newest = keys.next().ok_or(DamagedKeys {
            line: 2,
            what: "there is no key",
        })?;
        Ok(Keys {
            newest,
            older: keys.collect(),
        })
    }

    pub(super) fn newest(&self) -> &Key {
        &self.newest
    }

    pub(super) fn oldest(&self) -> &Key {
        self.older.last().unwrap_or(&self.newest)
    }

    pub(super) fn find(&self, id: u16) -> Option<&Key> {
        self.all().find(|key| key.id == id)
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

fn parse_key(line: &str) -> Result<Key, &'static str> {
    let (body, checksum) = line
        .rsplit_once(' ')
        .ok_or("it must have a number, a secret and a checksum")?;
    if format!("{:08x}", crc32fast::hash(body.as_bytes())) != checksum {
        return Err("its checksum does not match");
    }
    let (id, secret) = body.split_once(' ').ok_or("there is no secret")?;
    let id = id.parse().map_err(|_| "its number is not one")?;
    let secret = URL_SAFE_NO_PAD
        .decode(secret)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .ok_or("its secret does not have 32 bytes")?;
    Ok(Key::new(id, secret))
}

impl fmt::Debug for Keys {
    /// Numbers only: a secret has no place in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.all().map(|key| key.id))
            .finish()
    }
}
