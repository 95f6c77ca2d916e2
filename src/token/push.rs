//! What shows a subscriber that a push is the hub's (WebSub, section 7.1).

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use crate::domain::websub::Signature;

/// The value of `X-Hub-Signature`: `sha256=` and the HMAC of the body in hexadecimal digits.
pub fn push_signature(method: Signature, secret: &str, body: &[u8]) -> String {
    match method {
        Signature::Sha256 => signed::<Hmac<Sha256>>("sha256", secret, body),
        Signature::Sha384 => signed::<Hmac<Sha384>>("sha384", secret, body),
        Signature::Sha512 => signed::<Hmac<Sha512>>("sha512", secret, body),
    }
}

fn signed<M: Mac + KeyInit>(method: &str, secret: &str, body: &[u8]) -> String {
    let mut text = format!("{method}=");
    // HMAC takes keys of any length (RFC 2104, section 2).
    if let Ok(mac) = <M as KeyInit>::new_from_slice(secret.as_bytes()) {
        for byte in mac.chain_update(body).finalize().into_bytes() {
            // A String takes everything.
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn a_push_is_signed_as_the_rfc_says() {
        let signed = |method| push_signature(method, "Jefe", b"what do ya want for nothing?");
        assert_eq!(
            signed(Signature::Sha256),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert!(signed(Signature::Sha384).starts_with("sha384=af45d2e376484031617f78d2b58a6b1b"));
        assert!(signed(Signature::Sha512).starts_with("sha512=164b7a7bfcf819e2e395fbe73b56e0a3"));
    }
}
