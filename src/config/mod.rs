//! From `daemon.toml` to a [`Config`], or to every problem in it.
//!
//! `raw` walks the text key by key, `report` notes what is wrong where; `value` and `transport` read single
//! values, `tables` and `mail` one table each; `check` is the top of the file and what must agree
//! across tables.

mod check;
mod files;
mod mail;
mod raw;
mod report;
mod retention;
mod source;
mod tables;
#[cfg(test)]
pub(crate) mod tests;
mod transport;
mod value;
mod web;
mod websub;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use url::Url;

use crate::domain::{
    Cadence, CronLine, Guards, Language, Names, Problem, Retention, TagDefinition,
};
use crate::feed::Format;
use crate::text::tags::TagNames;
pub use files::Files;
pub use mail::Mail;
pub use transport::{MailServer, Place, Protocol, Security, Transport};
pub use web::{Listen, Polls, Proxies, Web};
pub use websub::{Hub, WebSub};

/// Reads and checks a configuration file. Relative paths in it start at its folder. The password
/// of an SMTP user is taken from the environment variable `WICI_SMTP_PASSWORD`, else from
/// `[mail] password_file`.
///
/// # Errors
/// Every problem in it, in the order of the text.
pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
    let text = std::fs::read(path).map_err(|error| {
        vec![Problem::of_file(
            path,
            format!("cannot be read: {error}"),
            "name another file with -c, or let `wici init DIR` write one",
        )]
    })?;
    let text = String::from_utf8(text).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(good);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        let problem = Problem::of_file(path, "not UTF-8", "save the file in UTF-8");
        vec![problem.at_line(u32::try_from(line).unwrap_or(u32::MAX))]
    })?;
    let base = path.parent().unwrap_or(Path::new(""));
    let secrets = Secrets {
        environment: std::env::var("WICI_SMTP_PASSWORD")
            .ok()
            .filter(|password| !password.is_empty()),
        read: &|file| std::fs::read_to_string(file),
    };
    check::config(&text, path, base, &secrets)
}

/// Checks the text of a configuration. `file` names it in problems, relative paths start at `base`.
/// Reads neither files nor the environment, so that an SMTP user has no password here.
///
/// # Errors
/// Every problem in it, in the order of the text.
pub fn parse(text: &str, file: &Path, base: &Path) -> Result<Config, Vec<Problem>> {
    let secrets = Secrets {
        environment: None,
        read: &|_| Err(io::ErrorKind::Unsupported.into()),
    };
    check::config(text, file, base, &secrets)
}

/// Where a password may come from.
struct Secrets<'s> {
    /// `WICI_SMTP_PASSWORD`
    environment: Option<String>,
    /// Reads `[mail] password_file`.
    read: &'s dyn Fn(&Path) -> io::Result<String>,
}

/// A checked configuration. Paths are absolute, or relative to the working directory, never to
/// the file.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file that this was read from.
    pub file: PathBuf,
    /// Store, keys, control socket, lock, bodies.
    pub state: PathBuf,
    /// `[site]`
    pub site: Site,
    /// `[[source]]` of kind `directory`.
    pub sources: Vec<Source>,
    /// `[[source]]` of kind `feed`. There is at least one source of either kind.
    pub upstreams: Vec<Upstream>,
    /// The names of all sources, in the order of the file.
    pub source_names: Vec<String>,
    /// From each of these names, and each former one, to the present one.
    pub called: BTreeMap<String, String>,
    /// `[[tag]]`
    pub tags: Vec<TagDefinition>,
    /// `[[labels]]`
    pub labels: Vec<Labels>,
    /// `[feeds]`
    pub feeds: Feeds,
    /// `[web]`
    pub web: Web,
    /// `[websub]`
    pub websub: WebSub,
    /// `[mail]`
    pub mail: Mail,
    /// `[guards]`
    pub guards: Guards,
    /// `[retention]`
    pub retention: Retention,
    /// `[guards] free_space`, in bytes: with less than that nothing is sent or read.
    pub free_space: u64,
    /// `[[schedule]]`; the first is the default one.
    pub schedules: Vec<Schedule>,
    /// `[immediate]`
    pub immediate: Immediate,
    /// Where templates may be overridden: `templates/` beside the file.
    pub templates: PathBuf,
}

impl Config {
    /// The schedule with that name, or with that former name.
    pub fn schedule(&self, name: &str) -> Option<&Schedule> {
        let mut schedules = self.schedules.iter();
        schedules.find(|schedule| {
            schedule.name == name || schedule.aliases.iter().any(|alias| alias == name)
        })
    }

    /// The address of the hub that pushes the feeds, if there is one.
    pub fn hub(&self) -> Option<String> {
        match &self.websub.hub {
            Hub::Own => Some(format!("{}hub", self.web.url)),
            Hub::Other(url) => Some(url.to_string()),
            Hub::None => None,
        }
    }

    /// What it calls schedules, tags and sources.
    pub fn names(&self) -> Names {
        let mut names = Names::default();
        for schedule in &self.schedules {
            let called = [&schedule.name].into_iter().chain(&schedule.aliases);
            let called = called.map(|name| (name.clone(), schedule.name.clone()));
            names.schedules.extend(called);
            if schedule.zoned {
                names.zoned.insert(schedule.name.clone());
            }
        }
        (names.labels, names.tags) = TagNames::of(&self.tags).into_parts();
        names.sources.clone_from(&self.called);
        names
    }
}

/// `[site]`
#[derive(Debug, Clone)]
pub struct Site {
    /// What readers know the site as.
    pub title: String,
    /// Public base of the content's links, ending in `/`.
    pub url: Url,
    /// `portal.example,2026`: of minted ids (RFC 4151).
    pub authority: String,
    /// The default language.
    pub language: Language,
    /// All languages, the default one among them.
    pub languages: Vec<Language>,
    /// IANA name of the default zone.
    pub timezone: String,
    /// The same, resolved.
    pub zone: TimeZone,
}

/// A `[[source]]` of kind `directory`.
#[derive(Debug, Clone)]
pub struct Source {
    /// Unique among sources.
    pub name: String,
    /// Former names, the first one first: what was published under them belongs here.
    pub aliases: Vec<String>,
    /// The root folder.
    pub path: PathBuf,
    /// Where a publication without its own url lives; `{site}`, `{path}`, and
    /// `{year}`, `{month}`, `{day}` of its date are replaced.
    pub link: String,
    /// Which of its files are read.
    pub files: Files,
    /// Quiet time before a changed file is read.
    pub settle: SignedDuration,
    /// Between full scans.
    pub rescan: SignedDuration,
    /// How changes are noticed between full scans.
    pub watch: Watch,
}

impl Source {
    /// What it was called first: the ids that it mints are made of that, for a new name is to change
    /// none, though no store remembers them.
    pub fn first_name(&self) -> &str {
        self.aliases.first().unwrap_or(&self.name)
    }
}

/// A `[[source]]` of kind `feed`.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Unique among sources.
    pub name: String,
    /// Former names, the first one first: what was published under them belongs here.
    pub aliases: Vec<String>,
    /// http or https, without user and fragment.
    pub url: Url,
    /// Between one look and the next.
    pub every: SignedDuration,
    /// May it be, or lead to, an address that is not public?
    pub allow_private: bool,
    /// The largest feed that is read, in bytes.
    pub most: usize,
}

impl Upstream {
    /// What it was called first: see [`Source::first_name`].
    pub fn first_name(&self) -> &str {
        self.aliases.first().unwrap_or(&self.name)
    }
}

/// How changes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// File events; where the system refuses them, polling.
    Auto,
    /// File events, or an error.
    Events,
    /// Full scans alone, every few seconds.
    Poll,
}

/// `[[labels]]`: words by which saved pages mark their parts, beside those that are known.
#[derive(Debug, Clone)]
pub struct Labels {
    /// The language of the words.
    pub language: Language,
    /// Begin the archive notice.
    pub archived: Vec<String>,
    /// Within the notice, right before the current address.
    pub current_at: Vec<String>,
    /// Before the date.
    pub added: Vec<String>,
    /// Before the tags.
    pub tags: Vec<String>,
    /// Begin the share line.
    pub share: Vec<String>,
}

/// `[feeds]`
#[derive(Debug, Clone)]
pub struct Feeds {
    /// The output folder.
    pub dir: PathBuf,
    /// At least one.
    pub formats: Vec<Format>,
    /// Entries per feed, 1 to 1,000.
    pub items: usize,
    /// Whole bodies, or summaries.
    pub full: bool,
    /// How long readers and caches may rely on what they have.
    pub max_age: SignedDuration,
    /// Is everything older than these in archives (RFC 5005), as far as there is Atom?
    pub archives: bool,
}

impl Feeds {
    /// Are there archives? Their pages are Atom alone.
    pub fn has_archives(&self) -> bool {
        self.archives && self.formats.contains(&Format::Atom)
    }
}

/// A `[[schedule]]`
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Unique; never `immediate`.
    pub name: String,
    /// Former names: their subscribers belong here.
    pub aliases: Vec<String>,
    /// When.
    pub cron: CronLine,
    /// IANA name of the zone that the line is read in, or `subscriber`.
    pub timezone: String,
    /// The same, resolved; the site's for `subscriber`.
    pub zone: TimeZone,
    /// Is the line read in each subscriber's own zone?
    pub zoned: bool,
    /// A window missed by more than this is not mailed late.
    pub catch_up: SignedDuration,
}

impl Schedule {
    /// What its windows go by, as a mark has it: one that reads otherwise is another line.
    pub fn line(&self) -> String {
        format!("{} {}", self.cron, self.timezone)
    }

    /// What a subscriber who lives in `timezone` shares the windows of.
    pub fn cadence(&self, timezone: &str) -> Cadence {
        Cadence {
            schedule: self.name.clone(),
            zone: self.zoned.then(|| timezone.to_owned()),
        }
    }

    /// The zone that the line is read in for a cadence: the site's, should its own be none that
    /// this machine knows.
    pub fn zone_of(&self, cadence: &Cadence) -> TimeZone {
        let own = cadence.zone.as_deref().map(TimeZone::get);
        match own {
            Some(Ok(own)) => own,
            Some(Err(_)) | None => self.zone.clone(),
        }
    }
}

/// `[immediate]`
#[derive(Debug, Clone)]
pub struct Immediate {
    /// Time to undo a publication before it is mailed.
    pub delay: SignedDuration,
}
