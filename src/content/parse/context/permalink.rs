//! Permalinks with placeholders, as Jekyll documents them (jekyllrb.com/docs/permalinks).

use jiff::civil::DateTime;
use percent_encoding::utf8_percent_encode;

use super::SEGMENT;

/// Patterns that have a name.
const STYLES: [(&str, &str); 5] = [
    ("date", "/:categories/:year/:month/:day/:title.html"),
    ("none", "/:categories/:title.html"),
    ("ordinal", "/:categories/:year/:y_day/:title.html"),
    ("pretty", "/:categories/:year/:month/:day/:title/"),
    (
        "weekdate",
        "/:categories/:year/W:week/:short_day/:title.html",
    ),
];

/// Placeholders, and what they are to strftime(3).
const DATES: [(&str, &str); 18] = [
    ("day", "%d"),
    ("hour", "%H"),
    ("i_day", "%-d"),
    ("i_month", "%-m"),
    ("long_day", "%A"),
    ("long_month", "%B"),
    ("minute", "%M"),
    ("month", "%m"),
    ("second", "%S"),
    ("short_day", "%a"),
    ("short_month", "%b"),
    ("short_year", "%y"),
    ("w_day", "%u"),
    ("w_year", "%G"),
    ("week", "%V"),
    ("y_day", "%j"),
    ("year", "%Y"),
    // Of a file that is written as HTML.
    ("output_ext", ".html"),
];

/// What stands for the placeholders that are no date.
pub(super) struct Parts<'p> {
    pub(super) title: &'p str,
    pub(super) categories: &'p [String],
    /// In the site's zone.
    pub(super) published: Option<DateTime>,
}

/// Why a permalink leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// This placeholder is not known.
    Unknown(String),
    /// This one needs a date.
    Undated(String),
}

/// Is it a pattern, rather than an address?
pub(in crate::content::parse) fn is_pattern(permalink: &str) -> bool {
    let is_style = STYLES.iter().any(|(style, _)| *style == permalink);
    is_style || permalink.starts_with(':') || permalink.contains("/:")
}

/// The address, below that of the site.
pub(super) fn expand(permalink: &str, parts: &Parts<'_>) -> Result<String, Fault> {
    let style = STYLES.iter().find(|(style, _)| *style == permalink);
    let pattern = style.map_or(permalink, |(_, pattern)| pattern);
    let mut pieces = pattern.split(':');
    let mut address = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_of_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let end = piece.find(|c| !is_of_name(c)).unwrap_or(piece.len());
        let (name, rest) = piece.split_at(end);
        address += &value(name, parts)?;
        address += rest;
    }
    // Where nothing stands for a placeholder, there is no segment.
    while address.contains("//") {
        address = address.replace("//", "/");
    }
    Ok(address)
}

fn value(name: &str, parts: &Parts<'_>) -> Result<String, Fault> {
    let encoded = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
    let of_date = DATES.iter().find(|(known, _)| *known == name);
    match (name, of_date) {
        ("title" | "slug" | "name" | "basename", _) => Ok(encoded(parts.title)),
        ("categories" | "slugified_categories", _) => {
            let each = parts.categories.iter();
            let each = each.map(|category| encoded(&category.trim().to_lowercase()));
            Ok(each.collect::<Vec<_>>().join("/"))
        }
        (_, Some((_, format))) if !format.contains('%') => Ok((*format).to_owned()),
        (_, Some((_, format))) => {
            let published = parts.published.as_ref();
            let written = published.map(|published| published.strftime(*format).to_string());
            written.ok_or_else(|| Fault::Undated(name.to_owned()))
        }
        _ => Err(Fault::Unknown(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_jekyll_documents_leads_where_it_does_with_jekyll() {
        let published: DateTime = "2026-03-07T09:05:02".parse().expect("a time");
        let categories = ["Prawo".to_owned(), "Pomoc prawna".to_owned()];
        let parts = |categories| Parts {
            title: "nowy-nabór",
            categories,
            published: Some(published),
        };
        let both = parts(&categories[..]);
        for (pattern, address) in [
            (
                "pretty",
                "/prawo/pomoc%20prawna/2026/03/07/nowy-nab%C3%B3r/",
            ),
            (
                "date",
                "/prawo/pomoc%20prawna/2026/03/07/nowy-nab%C3%B3r.html",
            ),
            (
                "ordinal",
                "/prawo/pomoc%20prawna/2026/066/nowy-nab%C3%B3r.html",
            ),
            ("/:year/:title:output_ext", "/2026/nowy-nab%C3%B3r.html"),
            (
                ":short_year/:i_month/:i_day/:slug",
                "26/3/7/nowy-nab%C3%B3r",
            ),
            (
                "/W:week/:short_day/:hour:minute:second/",
                "/W10/Sat/090502/",
            ),
        ] {
            assert!(is_pattern(pattern), "{pattern}");
            assert_eq!(expand(pattern, &both).as_deref(), Ok(address), "{pattern}");
        }
        assert_eq!(
            expand("none", &parts(&[])).as_deref(),
            Ok("/nowy-nab%C3%B3r.html")
        );
        assert_eq!(
            expand("/:autor/", &both),
            Err(Fault::Unknown("autor".into()))
        );
        let undated = Parts {
            published: None,
            ..both
        };
        assert_eq!(
            expand("pretty", &undated),
            Err(Fault::Undated("year".into()))
        );
        assert!(!is_pattern("https://portal.example/a/") && !is_pattern("/a/index.html"));
    }
}
