//! Mail addresses, and how they are kept out of logs.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// A mail address that SMTP can carry: the domain in A-labels and lower case, the local part as
/// written. `Debug` and `Display` mask it (`j…@example.org`), so that no log or error shows it;
/// [`Address::as_str`] gives the whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Address {
    whole: String,
    at: usize,
}

/// The text is not an address that mail can go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a mail address: {0}")]
pub struct NotAnAddress(&'static str);

impl Address {
    /// Parses `local@domain`. The domain may be international (RFC 5891) and must have a dot.
    ///
    /// # Errors
    /// What RFC 5321 4.1.2 and 4.5.3.1 refuse, quoted local parts, domain literals, and domains
    /// without a dot, which no public mail goes to.
    pub fn parse(text: &str) -> Result<Address, NotAnAddress> {
        let text = text.trim();
        let (local, domain) = text
            .rsplit_once('@')
            .ok_or(NotAnAddress("there is no `@` in it"))?;
        if local.is_empty() || local.len() > 64 {
            return Err(NotAnAddress("the part before `@` must have 1 to 64 bytes"));
        }
        let domain = idna::domain_to_ascii_strict(domain)
            .map_err(|_| NotAnAddress("the part after `@` is not a domain name"))?;
        if !domain.contains('.') {
            return Err(NotAnAddress(
                "the domain must have a dot, as in `example.org`",
            ));
        }
        if local.len() + 1 + domain.len() > 254 {
            return Err(NotAnAddress("it is longer than 254 bytes"));
        }
        lettre::Address::new(local, &domain)
            .map_err(|_| NotAnAddress("a character in it is not allowed"))?;
        if !local.is_ascii() {
            return Err(NotAnAddress(
                "a letter before `@` needs SMTPUTF8, which few servers take",
            ));
        }
        if local.contains('"') {
            return Err(NotAnAddress("quoted local parts are not supported"));
        }
        Ok(Address {
            whole: format!("{local}@{domain}"),
            at: local.len(),
        })
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.whole
    }

    /// What is after the `@`.
    pub fn domain(&self) -> &str {
        &self.whole[self.at + 1..]
    }

    /// What makes two addresses one mailbox here: lower case throughout. (RFC 5321 lets a host
    /// tell `A@` from `a@`; none that matters does, and people type either.)
    pub fn key(&self) -> String {
        self.whole.to_lowercase()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.whole.chars().next().unwrap_or('…');
        write!(f, "{first}…@{}", self.domain())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for Address {
    /// What people or their programs wrote (JSON) is parsed; what we wrote ourselves, in binary
    /// and under a checksum, was parsed before, and is read once for every mail.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        let is_ours = !deserializer.is_human_readable();
        let whole = String::deserialize(deserializer)?;
        match whole.rfind('@') {
            Some(at) if is_ours => Ok(Address { whole, at }),
            _ => Address::parse(&whole).map_err(serde::de::Error::custom),
        }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, NotAnAddress> {
        Address::parse(text).map(String::from)
    }

    #[test]
    fn domains_become_a_labels_and_the_local_part_stays() {
        assert_eq!(
            parse(" Jan.Kowalski+wici@Example.ORG "),
            Ok("Jan.Kowalski+wici@example.org".into())
        );
        assert_eq!(parse("a@żółw.pl"), parse("a@xn--w-uga1v8h.pl"));
    }

    #[test]
    fn what_smtp_cannot_carry_is_refused() {
        let long = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "a",
            "@example.org",
            "a@",
            "a@localhost",
            "a@b@",
            "a b@example.org",
            "a\r\nRCPT TO:<x@y.z>@example.org",
            "a@exa mple.org",
            "\"a b\"@example.org",
            "a@[127.0.0.1]",
            "a@example..org",
            "a>@example.org",
            "żółw@example.org",
            "a@-example.org",
            &long,
        ] {
            assert!(parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn nothing_that_prints_shows_the_address() -> Result<(), NotAnAddress> {
        let address = Address::parse("jan.kowalski@example.org")?;
        assert_eq!(
            format!("{address} {address:?}"),
            "j…@example.org j…@example.org"
        );
        Ok(())
    }
}
