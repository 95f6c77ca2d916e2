//! From a delivery to a MIME message (RFC 5322, 2045): the dear part once for all subscribers who
//! get the same, the cheap part for each. Pure.

mod alike;
mod body;
mod header;
mod proof;
mod samples;
mod sections;
mod subject;
mod view;

use std::sync::Arc;

use jiff::tz::TimeZone;
use minijinja::Value;

pub use alike::Alike;
pub use proof::proof;
pub use samples::samples;

use crate::domain::{Address, Claim, Language, SubscriberKey, TagDefinition};
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
    /// Where answers go instead: display name and address.
    pub reply_to: Option<(Option<String>, Address)>,
    /// Public base of the subscription pages, ending in `/`.
    pub web_url: String,
    /// What is after the `@` in a Message-ID: a domain name.
    pub message_id_domain: String,
    /// Names the list (RFC 2919): `updates.portal.example`.
    pub list_id: String,
    /// Dates in words are those of this zone.
    pub zone: TimeZone,
    /// The site's language.
    pub language: Language,
    /// What readers see of tags.
    pub tags: Vec<TagDefinition>,
}

/// Makes letters.
#[derive(Debug, Clone)]
pub struct Composer {
    templates: Arc<Templates>,
    letterhead: Letterhead,
    keys: Arc<Keys>,
    /// What each subject begins with.
    subject_mark: &'static str,
}

/// A letter but for what differs between subscribers: headers and encoded parts, cut where the
/// subscriber's token belongs.
#[derive(Debug, Clone)]
pub struct Shared {
    pieces: Vec<String>,
    size: usize,
}

/// A letter before it is encoded.
#[derive(Debug, Default)]
struct Rendered {
    subject: String,
    text: String,
    html: String,
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
    /// What came out of a template is no letter any more.
    #[error("more than {} kB come out of templates/{_0}", LARGEST_PART / 1_000)]
    TooLarge(&'static str),
}

/// Room for the headers that [`Composer::letter`] writes.
const PERSONAL: usize = 768;
/// Gmail cuts off what is over 102 kB of HTML, and with it the way out.
const LARGEST_HTML: usize = 100_000;
/// Of a template's output, in bytes: servers refuse what is a few times as large.
const LARGEST_PART: usize = 1_000_000;
/// Characters of each summary at the most; the next one where the letter gets too large.
const SUMMARIES: [usize; 3] = [600, 200, 0];

impl Composer {
    /// A composer for one site.
    pub fn new(templates: Arc<Templates>, letterhead: Letterhead, keys: Arc<Keys>) -> Composer {
        Composer {
            templates,
            letterhead,
            keys,
            subject_mark: "",
        }
    }

    /// The same for letters that are sent to try things out: each subject begins with a mark.
    pub fn marking(self, subject_mark: &'static str) -> Composer {
        Composer {
            subject_mark,
            ..self
        }
    }

    /// The dear part, once for all claims that are [`Alike`]: renders the templates and encodes the
    /// result.
    ///
    /// # Errors
    /// A template that the site has changed asks for something that is not there.
    pub fn shared(&self, claim: &Claim) -> Result<Shared, ComposeError> {
        let reader = Locale::new(&claim.language, self.letterhead.zone.clone());
        let mark = self.mark();
        let rendered = self.render(claim, &reader, &mark)?;
        let mut encoder = body::Spliced::new(&mark);
        let subject = format!("{}{}", self.subject_mark, rendered.subject);
        encoder.line(&self.shared_headers(&subject, &reader));
        encoder.alternatives(&rendered.text, &rendered.html);
        let pieces = encoder.finish();
        let size = pieces.iter().map(|piece| piece.len() + mark.len()).sum();
        Ok(Shared { pieces, size })
    }

    /// Subject, text and HTML of a letter with this token in its link. Summaries give way where
    /// the HTML gets larger than mail programs show.
    fn render(
        &self,
        claim: &Claim,
        reader: &Locale,
        token: &str,
    ) -> Result<Rendered, ComposeError> {
        let view = view::View::new(claim, &self.letterhead, reader)?;
        let url = self.unsubscribe_url(token);
        let mut rendered = Rendered::default();
        for summary in SUMMARIES {
            let context = view.context(summary, &url)?;
            rendered.html = self.part("mail.html", reader, context.clone())?;
            if rendered.html.len() <= LARGEST_HTML || summary == 0 {
                rendered.text = self.part("mail.txt", reader, context)?;
                break;
            }
        }
        rendered.subject = view.subject.text;
        Ok(rendered)
    }

    fn part(
        &self,
        name: &'static str,
        reader: &Locale,
        context: Value,
    ) -> Result<String, ComposeError> {
        let part = self.templates.render(name, reader, context)?;
        if part.len() > LARGEST_PART {
            return Err(ComposeError::TooLarge(name));
        }
        Ok(part)
    }

    /// The cheap part: a whole message with CRLF line ends, made by copying. The same claim makes
    /// the same text.
    pub fn letter(&self, shared: &Shared, claim: &Claim) -> String {
        let token = self.keys.sign(Purpose::Unsubscribe, claim.key.subscriber);
        let date = claim.date.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let mut letter = String::with_capacity(shared.size + PERSONAL);
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
            letter.push_str(part);
        }
        for (index, piece) in shared.pieces.iter().enumerate() {
            if index > 0 {
                letter.push_str(&token);
            }
            letter.push_str(piece);
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
        if let Some((name, address)) = &letterhead.reply_to {
            let name = name.as_deref();
            headers.push_str(&header::mailbox("Reply-To", name, address.as_str()));
            // RFC 2369 3.5: somebody to write to about the list.
            headers.push_str(&format!("List-Owner: <{}>\r\n", mailto(address)));
        }
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
        // RFC 2369: the page that explains the list, what was on it, and that nobody can post.
        headers.push_str(&format!("List-Help: <{}>\r\n", letterhead.web_url));
        headers.push_str(&format!("List-Archive: <{}>\r\n", letterhead.site_url));
        headers.push_str("List-Post: NO\r\n");
        // RFC 3834 says it; responders from before it look for `Precedence`.
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

/// An address as a link (RFC 6068).
fn mailto(address: &Address) -> String {
    let (local, domain) = address.as_str().rsplit_once('@').unwrap_or_default();
    let local: String = url::form_urlencoded::byte_serialize(local.as_bytes()).collect();
    format!("mailto:{}@{domain}", local.replace('+', "%20"))
}

#[cfg(test)]
mod tests;
