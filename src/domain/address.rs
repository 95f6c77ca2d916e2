//! Mail addresses: one spelling for each mailbox, and how they are kept out of logs.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A mail address that SMTP can carry: the domain in A-labels and lower case, the local part as
/// written, in NFC. `Debug` and `Display` mask it (`j…@example.org`), so that no log or error shows
/// it; [`Address::as_str`] gives the whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Address {
    whole: String,
    at: usize,
}

/// The text is not an address that mail can go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a mail address: {0}")]
pub struct NotAnAddress(Cow<'static, str>);

impl From<&'static str> for NotAnAddress {
    fn from(why: &'static str) -> NotAnAddress {
        NotAnAddress(Cow::Borrowed(why))
    }
}

impl Address {
    /// The longest part before `@`, and the longest address, in octets (RFC 5321, 4.5.3.1).
    const LOCAL_MOST: usize = 64;
    const MOST: usize = 254;

    /// Parses `local@domain`. Blanks and invisible characters around it are let go, and so is the
    /// dot after a domain. The domain may be international (RFC 5891) and must have a dot. The part
    /// before `@` may have letters, digits and accents of any script (RFC 6531), and may be quoted;
    /// quotation marks that it does not need are left out (RFC 5321, 4.1.2).
    ///
    /// # Errors
    /// What RFC 5321 4.1.2 and 4.5.3.1 refuse; comments, domain literals, and domains without a
    /// dot, which no public mail goes to; characters that can't be seen.
    pub fn parse(text: &str) -> Result<Address, NotAnAddress> {
        let text = text.trim_matches(is_blank);
        let (local, domain) = text.rsplit_once('@').ok_or("there is no `@` in it")?;
        if domain.ends_with('>') {
            return Err("write it without a name, and without `<` and `>`".into());
        }
        let local = self::local(&local.nfc().collect::<String>())?;
        if local.len() > Address::LOCAL_MOST {
            return Err("the part before `@` is longer than 64 bytes".into());
        }
        let domain = self::domain(domain)?;
        if local.len() + 1 + domain.len() > Address::MOST {
            return Err("it is longer than 254 bytes".into());
        }
        Ok(Address {
            whole: format!("{local}@{domain}"),
            at: local.len(),
        })
    }

    /// Parses what people paste: `Ada <ada@example.org>` and `mailto:ada@example.org` too. The name
    /// is let go.
    ///
    /// # Errors
    /// Those of [`Address::parse`].
    pub fn parse_pasted(text: &str) -> Result<Address, NotAnAddress> {
        let text = text.trim_matches(is_blank);
        let bare = match text
            .strip_suffix('>')
            .and_then(|text| text.rsplit_once('<'))
        {
            Some((_, inside)) => inside,
            None => text.strip_prefix("mailto:").unwrap_or(text),
        };
        Address::parse(bare)
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.whole
    }

    /// What is after the `@`.
    pub fn domain(&self) -> &str {
        &self.whole[self.at + 1..]
    }

    /// Does only a server with SMTPUTF8 (RFC 6531) take mail for it?
    pub fn needs_smtputf8(&self) -> bool {
        !self.whole.is_ascii()
    }

    /// What makes two addresses one mailbox here: lower case throughout. (RFC 5321 lets a host
    /// tell `A@` from `a@`; none that matters does, and people type either.)
    pub fn key(&self) -> String {
        let lower = self.whole.to_lowercase();
        if lower.is_ascii() {
            lower
        } else {
            lower.nfc().collect()
        }
    }
}

/// The part before `@` in its one spelling.
fn local(text: &str) -> Result<String, NotAnAddress> {
    let Some(quoted) = text.strip_prefix('"') else {
        dot_atom(text)?;
        return Ok(text.to_owned());
    };
    let content = unquoted(quoted)?;
    if dot_atom(&content).is_ok() {
        return Ok(content);
    }
    let escaped = content.replace('\\', "\\\\").replace('"', "\\\"");
    Ok(format!("\"{escaped}\""))
}

/// RFC 5321 4.1.2 `Dot-string`, RFC 6531 3.3.
fn dot_atom(text: &str) -> Result<(), NotAnAddress> {
    if text.is_empty() {
        return Err("there is nothing before `@`".into());
    }
    if text.split('.').any(str::is_empty) {
        return Err("before `@`, a dot must stand between two other characters".into());
    }
    match text.chars().find(|c| !is_atom(*c) && *c != '.') {
        None => Ok(()),
        Some('(' | ')') => Err("comments in brackets are not supported".into()),
        Some('"') => Err("quotation marks must stand around all that is before `@`".into()),
        Some(' ') => Err("there is a space before `@`".into()),
        Some('@') => Err("there is more than one `@` in it".into()),
        Some(c) => Err(not_allowed(c)),
    }
}

/// What is inside a `Quoted-string`; `text` is what follows the first quotation mark.
fn unquoted(text: &str) -> Result<String, NotAnAddress> {
    let open = || NotAnAddress::from("the quotation mark before `@` is not closed");
    let mut content = String::with_capacity(text.len());
    let mut rest = text.chars();
    loop {
        let c = match rest.next().ok_or_else(open)? {
            '"' => break,
            '\\' => rest.next().ok_or_else(open)?,
            c => c,
        };
        if !(is_atom(c) || matches!(c, ' '..='~')) {
            return Err(not_allowed(c));
        }
        content.push(c);
    }
    if content.is_empty() {
        return Err("there is nothing between the quotation marks".into());
    }
    if rest.next().is_some() {
        return Err("quotation marks must stand around all that is before `@`".into());
    }
    Ok(content)
}

/// RFC 5322 3.2.3 `atext`; beyond ASCII letters, digits and accents, as RFC 8264 advises.
fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(c)
        || (!c.is_ascii() && (c.is_alphanumeric() || is_combining_mark(c)))
}

fn not_allowed(c: char) -> NotAnAddress {
    let code = u32::from(c);
    NotAnAddress(Cow::Owned(if c.is_control() || is_blank(c) {
        format!("a character in it can't be seen (U+{code:04X})")
    } else {
        format!("`{c}` (U+{code:04X}) is not allowed before `@`")
    }))
}

/// The domain in A-labels and lower case.
fn domain(text: &str) -> Result<String, NotAnAddress> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.starts_with('[') {
        return Err("mail can't go to a bare network address".into());
    }
    let domain = idna::domain_to_ascii_strict(text)
        .map_err(|_| NotAnAddress::from("the part after `@` is not a domain name"))?;
    let last = match domain.rsplit_once('.') {
        Some((_, last)) => last,
        None => return Err("the domain must have a dot, as in `example.org`".into()),
    };
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("mail can't go to a bare network address".into());
    }
    Ok(domain)
}

/// Blanks, and what takes no room where it is pasted: byte order marks, joiners, marks of direction.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
        )
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.whole.trim_start_matches('"').chars().next();
        write!(f, "{}…@{}", first.unwrap_or('…'), self.domain())
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
mod tests;
