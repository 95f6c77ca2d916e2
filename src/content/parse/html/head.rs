//! What a page's head says: JSON-LD before `article:`, Dublin Core and the other metas.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use url::Url;

use super::super::date;
use super::json_ld::{Article, Things};
use crate::domain::{Language, Problem};
use crate::text::html::{Meta, Outline};

/// Before the site's name in a title, without doubt.
const CLEAR: [&str; 5] = [" | ", " :: ", " « ", " » ", " · "];
/// Also within titles.
const UNCLEAR: [&str; 3] = [" - ", " – ", " — "];

/// By what published dates are known, in JSON-LD and in metas.
pub const PUBLISHED: Dated = Dated {
    property: "datePublished",
    metas: &[
        "article:published_time",
        "datepublished",
        "dcterms.issued",
        "dcterms.created",
        "dcterms.date",
        "dc.date.issued",
        "dc.date.created",
        "dc.date",
        "date",
        "pubdate",
        "publish-date",
    ],
};
/// The same for changes.
pub const UPDATED: Dated = Dated {
    property: "dateModified",
    metas: &[
        "article:modified_time",
        "datemodified",
        "og:updated_time",
        "dcterms.modified",
        "dc.date.modified",
        "last-modified",
    ],
};

/// Where a date is said.
pub struct Dated {
    property: &'static str,
    metas: &'static [&'static str],
}

/// A page's head.
pub struct Head<'o> {
    outline: &'o Outline,
    things: Things,
}

impl<'o> Head<'o> {
    /// Of the page.
    pub fn of(outline: &'o Outline) -> Head<'o> {
        Head {
            outline,
            things: Things::of(&outline.json_ld),
        }
    }

    fn article(&self) -> Option<Article<'_>> {
        self.things.article()
    }

    fn metas<'n>(&'n self, names: &'n [&str]) -> impl Iterator<Item = &'n Meta> {
        let all = &self.outline.metas;
        names
            .iter()
            .flat_map(move |name| all.iter().filter(move |meta| is_named(meta, name)))
    }

    fn meta(&self, names: &[&str]) -> Option<String> {
        let meta = self.metas(names).next()?;
        Some(meta.content.clone())
    }

    /// The title that the page gives itself for other sites. `headings` tell where it ends and the
    /// site's name begins.
    pub fn title(&self, headings: &[String]) -> Option<String> {
        let headline = self.article().and_then(|article| article.text("headline"));
        let metas = ["og:title", "twitter:title", "dcterms.title", "dc.title"];
        let title = headline.or_else(|| self.meta(&metas))?;
        let own = self.own_part(&title, headings).unwrap_or(&title);
        Some(own.to_owned())
    }

    /// The heading that `<title>` names.
    pub fn heading(&self, headings: &[String]) -> Option<String> {
        let named = self.own_part(self.outline.title.trim(), headings)?;
        Some(named.to_owned())
    }

    /// `<title>` without what is most likely the site's name.
    pub fn window_title(&self) -> String {
        let title = self.outline.title.trim();
        let mut separators = CLEAR.iter().chain(UNCLEAR.first());
        let own = separators.find_map(|separator| title.rsplit_once(separator));
        own.map_or(title, |(own, _)| own.trim()).to_owned()
    }

    /// What of the title is the page's own, if a heading or the site's declared name shows it.
    fn own_part<'t>(&self, title: &'t str, headings: &'t [String]) -> Option<&'t str> {
        let mut separators = CLEAR.iter().chain(&UNCLEAR);
        let begins = |heading: &&String| {
            let mut separators = separators.clone();
            let rest = title.strip_prefix(heading.as_str());
            rest.is_some_and(|rest| separators.any(|separator| rest.starts_with(separator)))
        };
        if let Some(heading) = headings.iter().find(begins) {
            return Some(heading);
        }
        let is_heading = |part: &&str| headings.iter().any(|heading| heading == part);
        let part = separators.find_map(|separator| title.split(*separator).find(is_heading));
        part.or_else(|| {
            self.site_names().iter().find_map(|name| {
                let rest = title.strip_suffix(name.trim())?;
                let mut separators = CLEAR.iter().chain(&UNCLEAR);
                separators.find_map(|separator| rest.strip_suffix(separator))
            })
        })
    }

    fn site_names(&self) -> Vec<String> {
        let names = self.metas(&["og:site_name", "application-name"]);
        names.map(|meta| meta.content.clone()).collect()
    }

    /// A declared date.
    ///
    /// # Errors
    /// One is declared, and none is a date.
    pub fn date(
        &self,
        path: &str,
        dated: &Dated,
        zone: &TimeZone,
    ) -> Result<Option<Timestamp>, Problem> {
        let in_json = self
            .article()
            .and_then(|article| article.text(dated.property))
            .map(|text| (text, None));
        let in_metas = self
            .metas(dated.metas)
            .map(|meta| (meta.content.clone(), Some(meta.line)));
        let mut wrong = None;
        for (text, line) in in_json.into_iter().chain(in_metas) {
            match instant(&text, zone) {
                Some(instant) => return Ok(Some(instant)),
                None => wrong = wrong.or(Some((text, line))),
            }
        }
        let Some((text, line)) = wrong else {
            return Ok(None);
        };
        let text: String = text.chars().take(80).collect();
        let problem = Problem::of_file(
            path,
            format!("`{text}` is not a date"),
            "write a day of the calendar, for example 2026-03-01, 2026-03-01T08:00:00+01:00 or \
             01.03.2026",
        );
        Err(match line {
            Some(line) => problem.at_line(line),
            None => problem,
        })
    }

    /// Labels, as written.
    pub fn tags(&self) -> Vec<String> {
        let keywords = ["keywords", "news_keywords", "dcterms.subject", "dc.subject"];
        let split = self
            .metas(&keywords)
            .flat_map(|meta| meta.content.split([',', ';']));
        let whole = self
            .metas(&["article:tag", "og:article:tag"])
            .map(|meta| meta.content.as_str());
        let article = self.article();
        let in_json = article.map_or_else(Vec::new, |article| article.words("keywords"));
        in_json
            .into_iter()
            .chain(whole.chain(split).map(str::to_owned))
            .collect()
    }

    /// Names.
    pub fn authors(&self) -> Vec<String> {
        let in_json = self.article().map(|article| article.names("author"));
        if let Some(names) = in_json.filter(|names| !names.is_empty()) {
            return names;
        }
        let names = ["author", "article:author", "dcterms.creator", "dc.creator"];
        let is_address = |text: &str| text.contains("://") || text.starts_with('@');
        let mut authors: Vec<String> = Vec::new();
        for meta in self.metas(&names) {
            if !is_address(&meta.content) && !authors.contains(&meta.content) {
                authors.push(meta.content.clone());
            }
        }
        authors
    }

    /// What the page is about.
    pub fn description(&self) -> Option<String> {
        self.meta(&[
            "description",
            "og:description",
            "dcterms.abstract",
            "dcterms.description",
            "dc.description",
            "twitter:description",
        ])
        .or_else(|| self.article()?.text("description"))
    }

    /// Its picture, as written.
    pub fn image(&self) -> Option<String> {
        let in_json = self.article().and_then(|article| article.url("image"));
        in_json
            .or_else(|| self.meta(&["og:image", "og:image:url", "og:image:secure_url"]))
            .or_else(|| self.meta(&["twitter:image", "twitter:image:src"]))
            .or_else(|| self.link("image_src"))
    }

    /// Its address. The front page is no address of another page: systems that are set up
    /// badly say so of all.
    pub fn address(&self) -> Option<String> {
        let canonical = self.link("canonical");
        let written = canonical.or_else(|| self.meta(&["og:url"]))?;
        let url = Url::parse(&written).ok()?;
        let is_web = matches!(url.scheme(), "http" | "https");
        let is_front = url.path() == "/" && url.query().is_none();
        (is_web && !is_front && !url.as_str().contains("/:")).then(|| url.into())
    }

    fn link(&self, rel: &str) -> Option<String> {
        let is_such = |written: &str| written.split_whitespace().any(|word| word == rel);
        let mut links = self.outline.links.iter();
        Some(links.find(|link| is_such(&link.rel))?.href.clone())
    }

    /// Its language.
    pub fn language(&self) -> Option<Language> {
        let parsed = |text: String| Language::parse(text.split(',').next()?).ok();
        let said = self.outline.language.clone().and_then(parsed);
        let names = [
            "content-language",
            "og:locale",
            "dcterms.language",
            "dc.language",
            "language",
        ];
        said.or_else(|| names.iter().find_map(|name| parsed(self.meta(&[name])?)))
            .or_else(|| parsed(self.article()?.text("inLanguage")?))
    }
}

/// Dublin Core is written with dots and with colons.
fn is_named(meta: &Meta, name: &str) -> bool {
    meta.name == name || (name.starts_with("dc") && meta.name.replace(':', ".") == name)
}

/// As content files write it, or as mails do.
pub fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    date::parse(text, zone).or_else(|| {
        let text = Some(text.trim()).filter(|text| text.len() <= 64)?;
        rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
    })
}
