//! From a delivery to a MIME message (RFC 5322, 2045): the dear part once for all subscribers who
//! get the same, the cheap part for each. Pure.

mod body;
mod header;
mod view;

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::domain::delivery::ClaimContent;
use crate::domain::{Address, Cadence, Claim, Language, SubscriberKey};
use crate::text::locale::{Locale, NoMessage};
use crate::text::template::{RenderError, Templates};
use crate::token::{Keys, Purpose};

/// What all letters of a site have in common.
#[derive(Debug, Clone)]
pub struct Letterhead {
    /// What readers know the site as.
    pub site_title: String,
    /// Public base of the content's links.
    pub site_url: String,
    /// The display name of the sender, if any.
    pub from_name: Option<String>,
    /// The sender.
    pub from: Address,
    /// Public base of the subscription pages, ending in `/`.
    pub web_url: String,
    /// What is after the `@` in a Message-ID: a domain name.
    pub message_id_domain: String,
    /// Names the list (RFC 2919): `updates.portal.example`.
    pub list_id: String,
    /// Dates in words are those of this zone.
    pub zone: TimeZone,
}

/// Makes letters.
#[derive(Debug, Clone)]
pub struct Composer {
    templates: Arc<Templates>,
    letterhead: Letterhead,
    keys: Arc<Keys>,
}

/// A letter but for what differs between subscribers: headers and encoded parts, cut where the
/// subscriber's token belongs.
#[derive(Debug, Clone)]
pub struct Shared {
    pieces: Vec<Vec<u8>>,
    size: usize,
}

/// A letter could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A template failed.
    #[error(transparent)]
    Template(#[from] RenderError),
    /// A message of the subject line is missing.
    #[error(transparent)]
    Message(#[from] NoMessage),
}

/// Room for the headers that [`Composer::letter`] writes.
const PERSONAL: usize = 768;

impl Composer {
    /// A composer for one site.
    pub fn new(templates: Arc<Templates>, letterhead: Letterhead, keys: Arc<Keys>) -> Composer {
        Composer {
            templates,
            letterhead,
            keys,
        }
    }

    /// The dear part, once for all claims with this content, language and cadence: renders the
    /// templates and encodes the result.
    ///
    /// # Errors
    /// A template that the site has changed asks for something that is not there.
    pub fn shared(
        &self,
        content: &ClaimContent,
        language: &Language,
        cadence: &Cadence,
    ) -> Result<Shared, ComposeError> {
        let reader = Locale::new(language, self.letterhead.zone.clone());
        let mark = self.mark();
        let subject = view::subject(content, &reader)?;
        let context = view::context(
            content,
            cadence,
            &self.letterhead,
            &subject,
            &self.unsubscribe_url(&mark),
        );
        let text = self
            .templates
            .render("mail.txt", &reader, context.clone())?;
        let html = self.templates.render("mail.html", &reader, context)?;

        let mut encoder = body::Spliced::new(&mark);
        encoder.line(&self.shared_headers(&subject, &reader));
        encoder.alternatives(&text, &html);
        let pieces = encoder.finish();
        let size = pieces.iter().map(|piece| piece.len() + mark.len()).sum();
        Ok(Shared { pieces, size })
    }

    /// The cheap part: a whole message with CRLF line ends, made by copying. The same claim makes
    /// the same bytes.
    pub fn letter(&self, shared: &Shared, claim: &Claim) -> Vec<u8> {
        let token = self.keys.sign(Purpose::Unsubscribe, claim.key.subscriber);
        let date = claim.date.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let mut letter = Vec::with_capacity(shared.size + PERSONAL);
        for part in [
            "Date: ",
            &date.to_string(),
            "\r\nTo: ",
            claim.address.as_str(),
            "\r\nMessage-ID: <",
            &self.keys.message_id_tag(claim.key),
            "@",
            &self.letterhead.message_id_domain,
            ">\r\nList-Unsubscribe: <",
            &self.unsubscribe_url(&token),
            ">\r\n",
        ] {
            letter.extend_from_slice(part.as_bytes());
        }
        for (index, piece) in shared.pieces.iter().enumerate() {
            if index > 0 {
                letter.extend_from_slice(token.as_bytes());
            }
            letter.extend_from_slice(piece);
        }
        letter
    }

    fn shared_headers(&self, subject: &str, reader: &Locale) -> String {
        let letterhead = &self.letterhead;
        let mut headers = header::mailbox(
            "From",
            letterhead.from_name.as_deref(),
            letterhead.from.as_str(),
        );
        headers.push_str(&header::text("Subject", subject));
        headers.push_str(&header::mailbox(
            "List-Id",
            Some(&letterhead.site_title),
            &letterhead.list_id,
        ));
        // RFC 8058 allows the one-click POST to https alone.
        if letterhead.web_url.starts_with("https://") {
            headers.push_str("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
        }
        headers.push_str("Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\n");
        headers.push_str(&format!("Content-Language: {}\r\n", reader.language()));
        headers
    }

    fn unsubscribe_url(&self, token: &str) -> String {
        format!("{}unsubscribe/{token}", self.letterhead.web_url)
    }

    /// Stands in for a token while templates are rendered: a token of nobody. It is signed, so no
    /// author can write it into a title, and as long as every other, so lines wrap as they will.
    fn mark(&self) -> String {
        self.keys
            .sign(Purpose::Unsubscribe, SubscriberKey(u64::MAX))
    }
}

#[cfg(test)]
mod tests;
