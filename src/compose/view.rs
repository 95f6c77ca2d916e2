//! What templates see of a letter. What each name means stands at the head of templates/mail.txt.

use minijinja::{Value, context};
use url::Url;

use super::header::{one_line, shorten};
use super::sections::{Section, sections};
use super::subject::{self, Subject};
use super::{ComposeError, Letterhead};
use crate::domain::delivery::ClaimItem;
use crate::domain::{Archived, Claim, Language, TagId};
use crate::text::locale::{Locale, NoMessage};

/// What a mail program may show of a letter beside its subject, in characters.
const LONGEST_PREHEADER: usize = 140;

/// A letter as its templates see it, but for how much of each summary.
pub(super) struct View<'c> {
    claim: &'c Claim,
    letterhead: &'c Letterhead,
    reader: &'c Locale,
    topics: Vec<TagId>,
    sections: Vec<Section>,
    pub(super) subject: Subject,
}

impl<'c> View<'c> {
    pub(super) fn new(
        claim: &'c Claim,
        letterhead: &'c Letterhead,
        reader: &'c Locale,
    ) -> Result<View<'c>, NoMessage> {
        let topics = super::alike::topics(claim);
        let sections = sections(&claim.content.items, &topics);
        let places = sections.iter().flat_map(|section| &section.items);
        let items = places.filter_map(|place| claim.content.items.get(*place));
        let subject = subject::of(&claim.content, items, reader)?;
        Ok(View {
            claim,
            letterhead,
            reader,
            topics,
            sections,
            subject,
        })
    }

    /// The context of `mail.txt` and `mail.html`, with at most so many characters of each summary.
    pub(super) fn context(
        &self,
        summary: usize,
        unsubscribe_url: &str,
    ) -> Result<Value, ComposeError> {
        let content = &self.claim.content;
        let mut sections = Vec::with_capacity(self.sections.len());
        for section in &self.sections {
            let items = section.items.iter();
            let items = items.filter_map(|place| content.items.get(*place));
            let items: Vec<Value> = items.map(|item| self.item(item, summary)).collect();
            sections.push(context! { label => self.heading(section)?, items });
        }
        Ok(context! {
            site => context! {
                title => one_line(&self.letterhead.site_title),
                url => self.letterhead.site_url.as_str(),
            },
            subject => self.subject.text.as_str(),
            preheader => self.preheader(),
            schedule => self.claim.cadence.schedule.as_str(),
            single => subject::single(content).is_some(),
            count => subject::count(content),
            news => subject::news(content),
            sections,
            more => content.more,
            why => self.why()?,
            unsubscribe_url,
        })
    }

    fn item(&self, item: &ClaimItem, summary: usize) -> Value {
        let publication = &item.publication;
        let note = publication.change_note.as_deref().map(one_line);
        context! {
            title => one_line(&publication.title),
            link => web_link(&publication.link),
            published => publication.published.to_string(),
            summary => match summary {
                0 => String::new(),
                most => shorten(&one_line(&publication.summary), most),
            },
            language => publication.language.as_str(),
            foreign => self.is_foreign(&publication.language).then(|| publication.language.primary()),
            correction => item.correction,
            note => note.filter(|note| item.correction && !note.is_empty()),
            archived => publication.archived.as_ref().map(archived),
        }
    }

    /// Neither the reader's language nor that of the words around?
    fn is_foreign(&self, language: &Language) -> bool {
        let language = language.primary();
        language != self.claim.language.primary() && language != self.reader.language()
    }

    fn heading(&self, section: &Section) -> Result<Option<String>, NoMessage> {
        match &section.tag {
            Some(tag) => Ok(Some(self.label(tag))),
            None if self.sections.len() > 1 => {
                self.reader.message("mail-other-topics", []).map(Some)
            }
            None => Ok(None),
        }
    }

    /// The configuration's word for a tag, or else an author's.
    fn label(&self, tag: &TagId) -> String {
        let letterhead = self.letterhead;
        let defined = letterhead.tags.iter().find(|defined| defined.id == *tag);
        let language = &self.claim.language;
        let label = defined.and_then(|defined| defined.label(language, &letterhead.language));
        let items = self.claim.content.items.iter();
        let mut authors = items.flat_map(|item| &item.publication.tags);
        let label = label.or_else(|| Some(authors.find(|other| other.id == *tag)?.label.as_str()));
        one_line(label.unwrap_or(tag.as_str()))
    }

    /// For a digest the titles that found no place in the subject, else what the first is about.
    fn preheader(&self) -> String {
        let content = &self.claim.content;
        let rest = self.subject.rest.join("; ");
        if !rest.is_empty() {
            return shorten(&rest, LONGEST_PREHEADER);
        }
        let first = self
            .sections
            .first()
            .and_then(|section| section.items.first());
        let first = first.and_then(|place| content.items.get(*place));
        let summary = first.map_or("", |item| &item.publication.summary);
        shorten(&one_line(summary), LONGEST_PREHEADER)
    }

    /// The subscription in words: of its tags, those that are in this letter.
    fn why(&self) -> Result<String, NoMessage> {
        let site = one_line(&self.letterhead.site_title);
        let schedule = self.claim.cadence.schedule.clone();
        if self.topics.is_empty() {
            let arguments = [("site", site.into()), ("schedule", schedule.into())];
            return self.reader.message("mail-why", arguments);
        }
        let labels: Vec<String> = self.topics.iter().map(|tag| self.label(tag)).collect();
        let arguments = [
            ("site", site.into()),
            ("schedule", schedule.into()),
            ("topics", labels.join(", ").into()),
        ];
        self.reader.message("mail-why-topics", arguments)
    }
}

/// A notice that ends in the address of the current page leads up to it instead.
fn archived(archived: &Archived) -> Value {
    let latest = archived.latest.as_deref().and_then(web_link);
    let notice = one_line(&archived.notice);
    let leading = latest.as_deref().and_then(|latest| {
        let (before, address) = notice.rsplit_once(' ')?;
        (bare(address) == bare(latest)).then(|| before.to_owned())
    });
    context! {
        leads => leading.is_some(),
        notice => leading.unwrap_or(notice),
        latest,
    }
}

/// An address but for what people leave out or put after it.
fn bare(address: &str) -> &str {
    let address = address.trim_start_matches("https://");
    address
        .trim_start_matches("http://")
        .trim_end_matches(['/', '.', ',', ')'])
}

/// A link that is safe to print and to click: http or https, in ASCII, without white space.
fn web_link(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}
