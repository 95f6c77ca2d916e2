//! From the text of one value to what it means, or to what is wrong with it. Pure.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use unicode_normalization::UnicodeNormalization;
use url::Url;

use super::files;
use super::report::{Fault, quoted, suggestion};
use crate::domain::{Address, CronLine, IMMEDIATE, Language, Rate};

/// Text that is shown to people.
pub(super) fn title(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Fault::expected(
            "one line of text",
            text,
            "write what readers know the site as",
        ));
    }
    Ok(text.to_owned())
}

/// The name of a source or a schedule: it goes into ids, commands and tables.
pub(super) fn name(text: &str) -> Result<String, Fault> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > 80 || !text.chars().all(fits) {
        return Err(Fault::expected(
            "a name of 1 to 80 ASCII letters, digits, `-`, `_` and `.`",
            text,
            "choose a short one, as in name = \"news\"",
        ));
    }
    Ok(text.to_owned())
}

/// What `status` calls other things than sources.
const TAKEN: [&str; 3] = ["configuration", "feeds", "mail"];

/// A name that tells a source from everything else that can have problems.
pub(super) fn source_name(text: &str) -> Result<String, Fault> {
    if TAKEN.contains(&text) {
        let what = format!("`{text}` is what `wici status` calls something else");
        return Err(Fault::new(
            what,
            "choose another name, as in name = \"pages\"",
        ));
    }
    name(text)
}

/// The name of a schedule.
pub(super) fn schedule_name(text: &str) -> Result<String, Fault> {
    if text == IMMEDIATE {
        return Err(Fault::new(
            format!("`{IMMEDIATE}` is built in"),
            format!("choose another name, or set its delay under [{IMMEDIATE}]"),
        ));
    }
    name(text)
}

/// A public base: http or https, with a host, ending in `/`.
pub(super) fn base_url(text: &str) -> Result<Url, Fault> {
    let remedy = "write it in full, as in \"https://portal.example/\"";
    let wrong = |expected: &str| Fault::expected(expected, text, remedy);
    let mut url = Url::parse(text).map_err(|_| wrong("an http or https URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("an http or https URL"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("a URL without `?` and `#`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::new("expected a URL without a user", remedy));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Where an upstream feed is.
pub(super) fn feed_url(text: &str) -> Result<Url, Fault> {
    let remedy = "write it in full, as in \"https://news.example/feed.xml\"";
    let mut url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| Fault::expected("an http or https URL", text, remedy))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::new("expected a URL without a user", remedy));
    }
    url.set_fragment(None);
    Ok(url)
}

/// The authority of minted ids, `domain,year[-month[-day]]` or with an address in place of the
/// domain (RFC 4151, section 2.1).
pub(super) fn authority(text: &str) -> Result<String, Fault> {
    let domain = |name: &str| {
        name.split('.').all(|label| {
            let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            !label.is_empty()
                && label.bytes().all(fits)
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
    };
    let local = |name: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        !name.is_empty() && name.bytes().all(fits)
    };
    let fits = text.rsplit_once(',').is_some_and(|(owner, day)| {
        let named = match owner.split_once('@') {
            Some((name, host)) => local(name) && domain(host),
            None => domain(owner),
        };
        named && is_date(day)
    });
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Fault::expected(
            "a domain in lower case, a comma and a year",
            text,
            "write a domain of yours and a year in which it was yours, as in \
             \"portal.example,2026\"; ids are made of it, so never change it later",
        ))
    }
}

/// A year, a month of one, or a day.
fn is_date(text: &str) -> bool {
    let day = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    day.len() == 10 && day.parse::<jiff::civil::Date>().is_ok()
}

/// Countries whose codes are taken for those of their languages, and are no language's.
const COUNTRIES: [(&str, &str); 6] = [
    ("by", "be"),
    ("cz", "cs"),
    ("dk", "da"),
    ("gb", "en"),
    ("ua", "uk"),
    ("us", "en"),
];

/// A BCP 47 tag.
pub(super) fn language(text: &str) -> Result<Language, Fault> {
    let lower = text.to_ascii_lowercase();
    if let Some((_, language)) = COUNTRIES.iter().find(|(country, _)| *country == lower) {
        return Err(Fault::new(
            format!("{} is a country, not a language", quoted(text)),
            format!("its language is \"{language}\""),
        ));
    }
    Language::parse(text).map_err(|_| {
        Fault::expected(
            "a language tag",
            text,
            "write it as BCP 47 does, as in \"pl\", \"uk\" or \"en-GB\"",
        )
    })
}

/// Instead of a zone: each subscriber's own.
pub(super) const SUBSCRIBER: &str = "subscriber";

/// A time zone, by its IANA name.
pub(super) fn zone(text: &str) -> Result<(String, TimeZone), Fault> {
    let unknown = || {
        Fault::expected(
            "a time zone by its IANA name",
            text,
            "write it as in \"Europe/Warsaw\", \"Europe/Kyiv\" or \"UTC\"",
        )
    };
    let zone = TimeZone::get(text).map_err(|_| unknown())?;
    // The canonical spelling; a name without one is no IANA name.
    let name = zone.iana_name().ok_or_else(unknown)?.to_owned();
    Ok((name, zone))
}

/// A time zone, or (`None`) each subscriber's own.
pub(super) fn schedule_zone(text: &str) -> Result<Option<(String, TimeZone)>, Fault> {
    match text {
        SUBSCRIBER => Ok(None),
        _ => zone(text).map(Some),
    }
}

/// A cron line.
pub(super) fn cron(text: &str) -> Result<CronLine, Fault> {
    CronLine::parse(text).map_err(|error| {
        Fault::new(
            format!("{}: {error}", quoted(text)),
            "write it as crontab(5) does: \"0 8 * * *\" is each day at 8:00, \
             \"0 8 * * MON\" each Monday",
        )
    })
}

const MILLISECOND: u64 = 1;
const SECOND: u64 = 1_000 * MILLISECOND;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const UNITS: [(&str, u64); 5] = [
    ("d", DAY),
    ("h", HOUR),
    ("m", MINUTE),
    ("s", SECOND),
    ("ms", MILLISECOND),
];

/// A duration from `least` to `most`, both written as the user writes one. A day is 24 hours.
pub(super) fn duration(
    least: &'static str,
    most: &'static str,
) -> impl Fn(&str) -> Result<SignedDuration, Fault> {
    move |text| {
        let wrong = |remedy: &str| {
            Fault::expected(&format!("a duration from {least} to {most}"), text, remedy)
        };
        let given = milliseconds(text).ok_or_else(|| {
            wrong("write a whole number and a unit: ms, s, m, h or d, as in \"90s\" or \"24h\"")
        })?;
        let in_bounds = milliseconds(least) <= Some(given) && Some(given) <= milliseconds(most);
        i64::try_from(given)
            .ok()
            .filter(|_| in_bounds)
            .map(SignedDuration::from_millis)
            .ok_or_else(|| wrong("choose one within these bounds"))
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*size)
}

/// Instead of a rate: none.
pub(super) const UNLIMITED: &str = "unlimited";

/// `unlimited`, or a number of things in a second, minute, hour or day, as in the examples.
pub(super) fn rate(
    things: &'static str,
    examples: &'static str,
) -> impl Fn(&str) -> Result<Option<Rate>, Fault> {
    let read = |text: &str| {
        let (number, per) = text.split_once('/')?;
        let seconds = match per.trim() {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return None,
        };
        let number = number.trim().parse().ok()?;
        (1..=1_000_000).contains(&number).then_some(Rate {
            number,
            per: Duration::from_secs(seconds),
        })
    };
    move |text| match text {
        UNLIMITED => Ok(None),
        text => read(text).map(Some).ok_or_else(|| {
            Fault::expected(
                &format!("1 to 1000000 {things} in a time"),
                text,
                format!("write it as in {examples}, or \"{UNLIMITED}\""),
            )
        }),
    }
}

/// A mailbox: `Name <address>` or the address alone. Messages do not repeat the address.
pub(super) fn sender(text: &str) -> Result<(Option<String>, Address), Fault> {
    let wrong = |what: String| Fault::new(what, "write it as in \"Portal <wici@portal.example>\"");
    let (name, address) = match text.trim().strip_suffix('>') {
        Some(rest) => rest
            .rsplit_once('<')
            .ok_or_else(|| wrong("expected `<` before the address".to_owned()))?,
        None => ("", text),
    };
    let name = name.trim();
    let name = name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(name);
    if name.contains(|c: char| c.is_control() || matches!(c, '<' | '>')) {
        return Err(wrong("expected one plain line as the name".to_owned()));
    }
    let address = Address::parse(address).map_err(|error| wrong(error.to_string()))?;
    Ok(((!name.is_empty()).then(|| name.to_owned()), address))
}

/// Where a publication without its own url lives: a template of `{site}`, `{path}` and the parts
/// of its date.
pub(super) fn link(text: &str) -> Result<String, Fault> {
    let remedy = "write it as in \"{site}{path}/\"";
    if !text.contains("{path}") {
        return Err(Fault::expected(
            "a link with {path} in it, for no two publications may share one",
            text,
            remedy,
        ));
    }
    let filled = text
        .replace("{site}", "https://portal.example/")
        .replace("{path}", "path")
        .replace("{year}", "2026")
        .replace("{month}", "03")
        .replace("{day}", "01");
    let is_web = Url::parse(&filled).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !is_web || filled.contains(['{', '}']) {
        return Err(Fault::expected(
            "an http or https link out of {site}, {path}, {year}, {month}, {day} and plain text",
            text,
            remedy,
        ));
    }
    Ok(text.to_owned())
}

/// A pattern of file names, as in gitignore(5); content paths are in NFC, and so is it.
pub(super) fn pattern(text: &str) -> Result<String, Fault> {
    let pattern: String = text.nfc().collect();
    match files::check(&pattern) {
        Ok(()) => Ok(pattern),
        Err(why) => Err(Fault::new(
            format!("{} is not a pattern: {why}", quoted(text)),
            "write it as in .gitignore: \"drafts/\", \"*.tmp.md\", \"/news/**/*.md\"",
        )),
    }
}

/// The words of a label on saved pages.
pub(super) fn page_label(text: &str) -> Result<String, Fault> {
    let text: String = text.trim().trim_end_matches(':').trim_end().nfc().collect();
    let is_words = text.contains(char::is_alphabetic) && !text.contains(char::is_control);
    if !is_words || text.chars().count() > 100 {
        return Err(Fault::expected(
            "one to a hundred characters of text",
            &text,
            "write the words that a line of the page begins with",
        ));
    }
    Ok(text)
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(
    words: &'static [(&'static str, T)],
) -> impl Fn(&str) -> Result<T, Fault> {
    move |text| {
        words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| {
                let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                Fault::expected(
                    &format!("one of {}", known.join(", ")),
                    text,
                    match suggestion(text, &known) {
                        guess if guess.starts_with("did") => guess,
                        _ => "write one of these words".to_owned(),
                    },
                )
            })
    }
}
