//! Signed links, and tags for Message-IDs that tell outsiders nothing. Pure: keys come in as
//! arguments, and so does the randomness that they are made from.

mod keys;
mod push;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;

pub use keys::{DamagedKeys, Keys};
pub use push::push_signature;

use crate::domain::{DeliveryKey, SubscriberKey};

/// What a link lets its holder do. The number is inside the token and must never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// End the subscriber's mail.
    Unsubscribe = 1,
}

/// The token was not made by these keys for this purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not have the form of a token: cut off, or changed on its way.
    #[error("the link is incomplete or damaged")]
    Malformed,
    /// It has the form, but the signature is not ours, or not for this purpose.
    #[error("the link was not made here, or for something else")]
    Forged,
}

/// purpose (1), key id (2), subscriber (8)
const CLAIM: usize = 11;
/// HMAC-SHA256 truncated to 128 bits (RFC 2104, section 5).
const MAC: usize = 16;

impl Keys {
    /// Every token has this many characters, of `A-Z a-z 0-9 - _`.
    pub const TOKEN_LENGTH: usize = (CLAIM + MAC) * 4 / 3;

    /// A token that names a subscriber and says what its holder may do, signed with the newest key.
    pub fn sign(&self, purpose: Purpose, subscriber: SubscriberKey) -> String {
        let key = self.newest();
        let mut token = [0; CLAIM + MAC];
        let (claim, mac) = token.split_at_mut(CLAIM);
        let (head, number) = claim.split_at_mut(3);
        let [high, low] = key.id.to_be_bytes();
        head.copy_from_slice(&[purpose as u8, high, low]);
        number.copy_from_slice(&subscriber.0.to_be_bytes());
        let signature = key.links.clone().chain_update(&*claim).finalize();
        for (to, from) in mac.iter_mut().zip(signature.into_bytes()) {
            *to = from;
        }
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The subscriber whom a token names, if one of these keys signed it for this purpose.
    ///
    /// # Errors
    /// Anything else; signatures are compared in constant time.
    pub fn verify(&self, token: &str, purpose: Purpose) -> Result<SubscriberKey, TokenError> {
        let mut bytes = [0; CLAIM + MAC];
        if token.len() != Keys::TOKEN_LENGTH
            || URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).is_err()
        {
            return Err(TokenError::Malformed);
        }
        let [purpose_given, high, low, number @ ..] = bytes;
        let (number, mac) = number
            .split_first_chunk::<8>()
            .ok_or(TokenError::Malformed)?;
        let key = self
            .find(u16::from_be_bytes([high, low]))
            .ok_or(TokenError::Forged)?;
        key.links
            .clone()
            .chain_update([purpose_given, high, low])
            .chain_update(number)
            .verify_truncated_left(mac)
            .map_err(|_| TokenError::Forged)?;
        if purpose_given != purpose as u8 {
            return Err(TokenError::Forged);
        }
        Ok(SubscriberKey(u64::from_be_bytes(*number)))
    }

    /// 32 hexadecimal digits for the Message-ID of a delivery: the same whenever it is sent again,
    /// and mute about subscriber and run. The oldest key makes it, so that a new key does not
    /// change the Message-ID of a letter that is sent again.
    pub fn message_id_tag(&self, delivery: DeliveryKey) -> String {
        let mac = self
            .oldest()
            .message_ids
            .clone()
            .chain_update(delivery.run.0.to_be_bytes())
            .chain_update(delivery.subscriber.0.to_be_bytes())
            .finalize()
            .into_bytes();
        let tag = mac
            .iter()
            .take(MAC)
            .fold(0_u128, |tag, byte| tag << 8 | u128::from(*byte));
        format!("{tag:032x}")
    }
}

#[cfg(test)]
mod tests;
