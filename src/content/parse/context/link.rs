//! Where a page lives on the site.

use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;
use url::Url;

use super::permalink::{self, Fault, Parts};
use super::{Context, SEGMENT};
use crate::content::parse::names::Name;
use crate::content::parse::page::{Page, Place};
use crate::domain::Problem;

impl Context {
    /// Where the page lives.
    pub(super) fn link(&self, path: &str, name: &Name<'_>, page: &Page) -> Result<Url, Problem> {
        let (text, link) = match &page.place {
            Place::Url(written) => {
                // Hugo and Jekyll take `/a/` for a path below the site's URL.
                let below = written.trim().trim_start_matches('/');
                let placeholders = ["{{", "{%"].iter().any(|mark| written.contains(mark));
                let link = (!placeholders)
                    .then(|| self.site.join(below).ok())
                    .flatten();
                (written.clone(), link)
            }
            Place::Permalink {
                pattern,
                slug,
                categories,
            } => {
                let place = name.place(slug.as_deref(), true, &self.language);
                let published = page.published.or_else(|| self.midnight(name));
                let parts = Parts {
                    title: place.last().map_or("", String::as_str),
                    categories,
                    published: published.map(|at| self.zone.to_datetime(at)),
                };
                let address = permalink::expand(pattern, &parts);
                let address = address.map_err(|fault| misplaced(path, pattern, &fault))?;
                let link = self.site.join(address.trim_start_matches('/')).ok();
                (address, link)
            }
            Place::Slug(slug) => self.by_pattern(path, name, Some(slug), page)?,
            Place::Pattern => self.by_pattern(path, name, None, page)?,
        };
        link.filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| {
                Problem::of_file(
                    path,
                    format!("`{text}` is not where a page can be"),
                    "write an http or https URL, or a path on the site without placeholders",
                )
            })
    }

    fn by_pattern(
        &self,
        path: &str,
        name: &Name<'_>,
        slug: Option<&str>,
        page: &Page,
    ) -> Result<(String, Option<Url>), Problem> {
        let encoded: Vec<String> = name
            .place(slug, page.published.is_none(), &self.language)
            .iter()
            .map(|segment| utf8_percent_encode(segment, SEGMENT).to_string())
            .collect();
        let mut text = self.pattern.clone();
        if ["{year}", "{month}", "{day}"]
            .iter()
            .any(|part| text.contains(part))
        {
            let published = page.published.or_else(|| self.midnight(name));
            let day = published.ok_or_else(|| undated(path, &text))?;
            let day = self.zone.to_datetime(day).date();
            text = text
                .replace("{year}", &format!("{:04}", day.year()))
                .replace("{month}", &format!("{:02}", day.month()))
                .replace("{day}", &format!("{:02}", day.day()));
        }
        if encoded.is_empty() {
            text = text.replace("{path}/", "{path}");
        }
        let text = text
            .replace("{site}", self.site.as_str())
            .replace("{path}", &encoded.join("/"));
        let link = self.site.join(&text).ok();
        Ok((text, link))
    }

    /// The beginning of the day that the file's name says.
    pub(super) fn midnight(&self, name: &Name<'_>) -> Option<Timestamp> {
        self.zone.to_timestamp(name.day()?.into()).ok()
    }
}

fn undated(path: &str, pattern: &str) -> Problem {
    Problem::of_file(
        path,
        format!("there is no date, and `{pattern}` needs one"),
        "add `date:` to the front matter, or name the file as in 2026-03-01-name.md",
    )
}

fn misplaced(path: &str, pattern: &str, fault: &Fault) -> Problem {
    match fault {
        Fault::Undated(_) => undated(path, pattern),
        Fault::Unknown(name) => Problem::of_file(
            path,
            format!("`:{name}` in the permalink `{pattern}` is no placeholder that is known"),
            "write one of Jekyll's, such as :year, :month, :day, :title and :categories, or the \
             address itself",
        ),
    }
}
