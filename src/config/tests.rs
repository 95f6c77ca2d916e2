use std::fs;
use std::path::PathBuf;

use super::*;
use crate::domain::delivery::InDoubt;
use crate::domain::problem;
use crate::feed::Format;

type Tested = Result<(), Box<dyn std::error::Error>>;

/// A site of one folder, to which tests may add further tables.
pub(crate) const SITE: &str = r#"
[site]
title = "Portal"
url = "https://portal.example/"
authority = "portal.example,2026"
[[source]]
name = "pages"
path = "content"
[mail]
from = "wici@portal.example"
"#;

const LEAST: &str = r#"
[site]
title = "Portal"
url = "https://portal.example/news"
authority = "portal.example,2026"
[[source]]
name = "pages"
path = "content"
[mail]
from = "wici@portal.example"
"#;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(text: &str) -> Result<Config, String> {
    parse(text, Path::new("daemon.toml"), Path::new("/srv/portal"))
        .map_err(|problems| shown(&problems))
}

fn shown(problems: &[problem::Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("{problem}\n"))
        .collect()
}

/// The least configuration with another `[mail] transport`.
fn transport(url: &str, secrets: &Secrets<'_>) -> Result<Transport, String> {
    let text = format!("{LEAST}transport = {url:?}\npassword_file = \"secret\"");
    let text = match secrets.environment {
        Some(_) => text.replace("password_file", "# password_file"),
        None => text,
    };
    check::config(&text, Path::new("d.toml"), Path::new("/etc/wici"), secrets)
        .map(|config| config.mail.transport)
        .map_err(|problems| shown(&problems))
}

#[test]
fn every_bad_configuration_gets_its_message() -> Tested {
    let folder = root().join("src/config/corpus");
    let mut cases = 0;
    let mut differences = String::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        cases += 1;
        let expected = path.with_extension("expected");
        let expected = fs::read_to_string(&expected)
            .map_err(|error| format!("{}: {error}", expected.display()))?;
        let found = match read(&fs::read_to_string(&path)?) {
            Ok(_) => "no problem at all\n".to_owned(),
            Err(problems) => problems,
        };
        if found != expected {
            differences += &format!("--- {}\n{}", path.display(), diff(&expected, &found));
        }
    }
    assert!(
        cases >= 80,
        "only {cases} cases: the corpus is not where it should be"
    );
    assert!(differences.is_empty(), "\n{differences}");
    Ok(())
}

/// Each line, with `-` where only the expectation has it and `+` where only the result has it.
fn diff(expected: &str, found: &str) -> String {
    let lines = |sign: &'static str, text: &str, other: &str| -> String {
        text.lines()
            .map(|line| match other.lines().any(|kept| kept == line) {
                true => format!("  {line}\n"),
                false => format!("{sign} {line}\n"),
            })
            .collect()
    };
    lines("-", expected, found) + "  ~~~\n" + &lines("+", found, expected)
}

#[test]
fn the_sample_configuration_loads() -> Tested {
    let config = load(&root().join("daemon.toml")).map_err(|problems| shown(&problems))?;
    assert_eq!(config.state, root().join("state"));
    assert_eq!(config.templates, root().join("templates"));
    let names: Vec<&str> = config.schedules.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["daily", "weekly"]);
    assert_eq!(config.tags.len(), 5);
    assert!(config.tags.iter().all(|tag| tag.labels.len() == 3));
    Ok(())
}

#[test]
fn what_the_sample_shows_as_default_is_the_default() -> Tested {
    let sample = fs::read_to_string(root().join("daemon.toml"))?;
    let is_setting = |line: &str| {
        let (key, value) = line.split_once(" = ").unwrap_or_default();
        let word = |c: char| c.is_ascii_lowercase() || c == '_';
        key.chars().all(word)
            && (value.starts_with(['"', '[']) || value == "false" || value.parse::<u32>().is_ok())
    };
    let mut uncommented = 0;
    let explicit: String = sample
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(setting)
                if is_setting(setting)
                    && !["aliases", "ca_file", "password_file", "reply_to"]
                        .iter()
                        .any(|key| setting.starts_with(key)) =>
            {
                uncommented += 1;
                format!("{setting}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(uncommented >= 24, "{uncommented}");
    assert_eq!(
        format!("{:?}", read(&explicit)?),
        format!("{:?}", read(&sample)?)
    );
    Ok(())
}

#[test]
fn the_feed_that_the_sample_shows_has_the_defaults() -> Tested {
    let sample = fs::read_to_string(root().join("daemon.toml"))?;
    let shown = sample.lines().filter_map(|line| line.strip_prefix("#   "));
    let shown: Vec<&str> = shown.collect();
    let upstream = |lines: &[&str]| -> Result<String, String> {
        let config = read(&format!("{LEAST}\n{}\n", lines.join("\n")))?;
        assert_eq!(config.source_names, ["pages", "elsewhere"]);
        Ok(format!("{:?}", config.upstreams))
    };
    assert_eq!(upstream(&shown)?, upstream(&shown[..4])?);
    Ok(())
}

#[test]
fn what_is_left_out_has_a_default() -> Tested {
    let config = read(LEAST)?;
    assert_eq!(config.state, Path::new("/srv/portal/state"));
    assert_eq!(config.site.url.as_str(), "https://portal.example/news/");
    assert_eq!(config.site.timezone, "Europe/Warsaw");
    let languages: Vec<&str> = config.site.languages.iter().map(Language::as_str).collect();
    assert_eq!(
        (config.site.language.as_str(), languages),
        ("pl", vec!["pl", "uk", "en"])
    );
    let source = &config.sources[0];
    assert_eq!(source.path, Path::new("/srv/portal/content"));
    assert_eq!(
        (source.link.as_str(), source.watch),
        ("{site}{path}/", Watch::Auto)
    );
    assert!(source.files.admits_file("a/b.md") && !source.files.admits_file("_index.md"));
    assert_eq!(source.settle, SignedDuration::from_millis(500));
    assert_eq!(source.rescan, SignedDuration::from_mins(5));
    assert_eq!(
        config.feeds.formats,
        [Format::Rss, Format::Atom, Format::Json]
    );
    assert_eq!((config.feeds.items, config.feeds.full), (50, true));
    assert_eq!(config.web.url.as_str(), "http://127.0.0.1:8080/");
    assert_eq!(config.mail.from_name, None);
    assert!(
        matches!(&config.mail.transport, Transport::Outbox(path) if path == Path::new("/srv/portal/outbox"))
    );
    assert_eq!(config.mail.connections, 10);
    assert_eq!(config.mail.retry.retry_for, SignedDuration::from_hours(72));
    assert_eq!(config.mail.retry.in_doubt, InDoubt::Resend);
    assert_eq!(config.guards.max_age, SignedDuration::from_hours(168));
    assert_eq!(config.guards.hold_over, 25);
    assert_eq!(config.free_space, 200_000_000);
    assert!(config.schedules.is_empty() && config.tags.is_empty() && config.labels.is_empty());
    assert_eq!(config.immediate.delay, SignedDuration::from_mins(2));
    Ok(())
}

#[test]
fn a_schedule_without_a_zone_takes_the_sites() -> Tested {
    let text = LEAST.replace("[site]", "[site]\ntimezone = \"europe/kyiv\"")
        + "[[schedule]]\nname = \"daily\"\ncron = \"@daily\"\n";
    assert_eq!(read(&text)?.schedules[0].timezone, "Europe/Kyiv");
    Ok(())
}

#[test]
fn the_public_base_follows_the_listener() -> Tested {
    let text = format!("{LEAST}[web]\nlisten = \"[::1]:0\"\n");
    assert_eq!(read(&text)?.web.url.as_str(), "http://[::1]:0/");
    Ok(())
}

#[test]
fn a_sender_may_have_a_name() -> Tested {
    for (from, name) in [
        ("Portal <wici@portal.example>", Some("Portal")),
        (
            "\\\"Gmina, Łódź\\\" <wici@portal.example>",
            Some("Gmina, Łódź"),
        ),
        ("<wici@portal.example>", None),
    ] {
        let text = LEAST.replace("\"wici@portal.example\"", &format!("\"{from}\""));
        let text = format!("{text}reply_to = \"{from}\"");
        let mail = read(&text)?.mail;
        assert_eq!(mail.from_name.as_deref(), name, "{from}");
        assert_eq!(mail.reply_to, Some((mail.from_name, mail.from)));
    }
    Ok(())
}

#[test]
fn servers_are_read_with_their_usual_ports() -> Tested {
    let none = Secrets {
        environment: Some("unused".to_owned()),
        read: &|_| Err(io::ErrorKind::NotFound.into()),
    };
    for (url, host, port, security) in [
        (
            "smtp://mx.example.org",
            "mx.example.org",
            587,
            Security::StartTls,
        ),
        (
            "smtps://mx.example.org",
            "mx.example.org",
            465,
            Security::Tls,
        ),
        ("smtp+plain://localhost", "localhost", 25, Security::None),
        (
            "smtp+plain://127.0.0.1:2525/",
            "127.0.0.1",
            2525,
            Security::None,
        ),
        ("smtp://[::1]:25", "::1", 25, Security::StartTls),
        (
            "smtp://MX.żółw.pl",
            "mx.xn--w-uga1v8h.pl",
            587,
            Security::StartTls,
        ),
    ] {
        let Transport::Server(server) = transport(url, &none)? else {
            return Err(format!("{url} is no server").into());
        };
        let host = host.to_owned();
        assert_eq!(server.place, Place::Tcp { host, port }, "{url}");
        assert_eq!(server.security, security);
        assert_eq!(server.credentials, None, "{url}");
    }
    Ok(())
}

#[test]
fn a_password_comes_from_the_environment_or_else_from_its_file() -> Tested {
    let credentials = |secrets: &Secrets<'_>| match transport(
        "smtp://jan%40portal.example@mx.example.org",
        secrets,
    ) {
        Ok(Transport::Server(server)) => Ok(server.credentials),
        Ok(other) => Err(format!("{other:?}")),
        Err(problems) => Err(problems),
    };
    let environment = Secrets {
        environment: Some("from outside".to_owned()),
        read: &|_| Err(io::ErrorKind::NotFound.into()),
    };
    let user = "jan@portal.example".to_owned();
    assert_eq!(
        credentials(&environment)?,
        Some((user.clone(), "from outside".to_owned()))
    );
    let file = Secrets {
        environment: None,
        read: &|path| match path.to_str() {
            Some("/etc/wici/secret") => Ok("from the file\r\n".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        },
    };
    assert_eq!(
        credentials(&file)?,
        Some((user, "from the file".to_owned()))
    );
    let empty = Secrets {
        environment: None,
        read: &|_| Ok("\n".to_owned()),
    };
    let message = credentials(&empty).err().unwrap_or_default();
    assert!(
        message.contains("/etc/wici/secret must hold one line"),
        "{message}"
    );
    Ok(())
}

#[test]
fn no_message_shows_a_password() {
    for url in [
        "smtp://jan:hunter2@mx.example.org",
        "smtp+plain://jan:hunter2@mx.example.org",
        "smtps://jan:hunter2@mx.example.org:99999",
        "postgres://jan:hunter2@db.example.org/wici",
        "hunter2",
        "lmtp://jan:hunter2@x",
    ] {
        let text = format!("{LEAST}transport = {url:?}\n[store]\nurl = {url:?}\n");
        let problems = read(&text.replace("\n[store]\nurl = \"hunter2\"", "")).err();
        let problems = problems.unwrap_or_default();
        assert!(!problems.is_empty(), "{url}");
        assert!(!problems.contains("hunter2"), "{problems}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_one_problem() -> Tested {
    let folder = tempfile::tempdir()?;
    let missing = folder.path().join("daemon.toml");
    let problems = load(&missing).err().ok_or("a missing file was read")?;
    assert!(
        shown(&problems).contains("cannot be read"),
        "{}",
        shown(&problems)
    );
    fs::write(&missing, b"state = \"x\"\n# \xff\n")?;
    let problems = load(&missing).err().ok_or("latin-1 was read")?;
    assert_eq!((problems.len(), problems[0].line), (1, Some(2)));
    Ok(())
}

proptest::proptest! {
    #[test]
    fn no_text_makes_checking_panic_or_fail_in_silence(
        lines in proptest::collection::vec(
            "\\PC{0,30}|\\[\\[?[a-z]{3,8}\\]?\\]|[a-z]{3,8} = [-0-9a-z\"\\[\\]{}=,]{0,12}",
            0..8,
        ),
    ) {
        if let Err(problems) = parse(&lines.join("\n"), Path::new("d.toml"), Path::new("")) {
            proptest::prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn no_value_makes_its_reader_panic(
        text in "\\PC{0,30}|[a-z+]{0,6}:[-/@:.\\[\\]%a-z0-9]{0,20}|[-0-9,a-z.@]{0,20}",
    ) {
        let none = Secrets {
            environment: None,
            read: &|_| Err(io::ErrorKind::NotFound.into()),
        };
        let _ = transport::transport(&text, Path::new(""))
            .map(|found| found.unlock(None, &[], &none).is_ok());
        let _ = value::authority(&text);
        let _ = value::base_url(&text);
        let _ = value::sender(&text);
        let _ = value::link(&text);
        let _ = value::zone(&text);
        let _ = value::duration("0s", "1d")(&text);
    }
}
