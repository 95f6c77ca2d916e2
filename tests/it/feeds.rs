//! Feeds as readers get them: golden files, and a folder for the judges in `tests/peers/feeds.py`.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use wici::domain::publication::Enclosure;
use wici::domain::{
    Archived, BodyHash, FeedKey, Language, Publication, PublicationId, Sequence, TagId, TagName,
    Translation,
};
use wici::feed::{
    self, Category, Deleted, Entry, Feed, Format, History, OPML_MEDIA_TYPE, OpmlFeed,
};
use wici::publish::{Publisher, Version};

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn every_format_reads_as_recorded() -> Outcome {
    let feed = feed(FeedKey::ALL, publications()?)?;
    for format in Format::ALL {
        let text = String::from_utf8(feed::render(&feed, format)?)?;
        insta::assert_snapshot!(format!("all.{format}"), text);
    }
    Ok(())
}

#[test]
fn a_feed_of_summaries_reads_as_recorded() -> Outcome {
    let mut feed = feed(FeedKey::ALL, publications()?)?;
    feed.entries.retain(|e| e.publication.archived.is_some());
    feed.entries.iter_mut().for_each(|e| e.body = None);
    for format in Format::ALL {
        let text = String::from_utf8(feed::render(&feed, format)?)?;
        insta::assert_snapshot!(format!("summaries.{format}"), text);
    }
    Ok(())
}

/// Writes what `tests/peers/feeds.py` judges: full and empty feeds, in one language and in many.
#[test]
fn a_folder_of_feeds_is_published_for_the_judges() -> Outcome {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("feeds");
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    let publisher = Publisher::open(dir.clone())?;
    let everything = publications()?;
    let mut keys: Vec<FeedKey> = everything.iter().flat_map(FeedKey::of).collect();
    keys.push(FeedKey {
        language: None,
        tag: Some(TagId::new("nothing-yet")?),
    });
    keys.sort();
    keys.dedup();
    let mut list = Vec::new();
    for key in keys {
        let mut members = everything.clone();
        members.retain(|publication| FeedKey::of(publication).contains(&key));
        let mut feed = feed(key, members)?;
        if feed.stem.starts_with("pl/") {
            feed.entries.iter_mut().for_each(|e| e.body = None);
        }
        for format in Format::ALL {
            publisher.put(
                &format!("{}.{format}", feed.stem),
                version(
                    format.media_type(),
                    feed::render(&feed, format)?,
                    feed.updated,
                ),
            )?;
        }
        if feed.language.is_none() {
            for page in 1..=3 {
                let page = archive_page(&feed, page);
                publisher.put(
                    &format!("{}.atom", page.stem),
                    version(
                        Format::Atom.media_type(),
                        feed::render(&page, Format::Atom)?,
                        page.updated,
                    ),
                )?;
            }
        }
        list.push(OpmlFeed {
            xml_url: format!("{}{}.atom", feed.base, feed.stem),
            title: feed.title,
            html_url: feed.home,
            language: feed.language,
        });
    }
    let opml = feed::opml("Przykładowy portal", &list)?;
    insta::assert_snapshot!("index.opml", String::from_utf8(opml.clone())?);
    let now = "2026-11-02T10:00:00Z".parse()?;
    publisher.put("index.opml", version(OPML_MEDIA_TYPE, opml, now))?;
    publisher.commit()?;
    assert!(dir.join("uk/tag/spivpratsia.atom").is_file());
    assert!(dir.join("tag/nothing-yet.rss").is_file());
    Ok(())
}

/// The first of three pages of a feed's archive, the one in the middle, or the last.
fn archive_page(feed: &Feed, number: u64) -> Feed {
    let stem = |number| match feed.stem.as_str() {
        "all" => format!("archive/{number}"),
        tagged => format!("{tagged}/archive/{number}"),
    };
    let gone = |name: &str| Deleted {
        id: format!("tag:portal.example,2026:pages/{name}"),
        when: feed.updated,
    };
    Feed {
        stem: stem(number),
        hub: None,
        history: History {
            archive_of: Some(feed.stem.clone()),
            previous: (number > 1).then(|| stem(number - 1)),
            next: (number < 3).then(|| stem(number + 1)),
            deleted: vec![gone("a&b"), gone("c")],
        },
        ..feed.clone()
    }
}

#[test]
fn a_page_of_an_archive_reads_as_recorded() -> Outcome {
    let mut feed = feed(FeedKey::ALL, publications()?)?;
    feed.entries.truncate(1);
    let page = feed::render(&archive_page(&feed, 2), Format::Atom)?;
    insta::assert_snapshot!("archive.atom", String::from_utf8(page)?);
    feed.history.previous = Some("archive/3".to_owned());
    feed.entries.clear();
    let rss = feed::render(&feed, Format::Rss)?;
    insta::assert_snapshot!("archived.rss", String::from_utf8(rss)?);
    Ok(())
}

fn version(media_type: &'static str, bytes: Vec<u8>, modified: Timestamp) -> Version {
    Version {
        media_type,
        bytes,
        sequence: Sequence(7),
        modified,
        recipe: String::new(),
        parts: Vec::new(),
        fresh: None,
    }
}

fn feed(key: FeedKey, members: Vec<Publication>) -> Result<Feed, Box<dyn Error>> {
    let entries = members.into_iter().map(|publication| Entry {
        categories: publication
            .tags
            .iter()
            .map(|tag| Category {
                term: tag.id.to_string(),
                label: tag.label.clone(),
            })
            .collect(),
        body: Some(body_of(&publication).to_owned()),
        translations: translations_of(&publication),
        publication: Arc::new(publication),
    });
    Ok(Feed {
        id: format!("tag:portal.example,2026:feed/{}", key.stem()),
        title: format!("Przykładowy portal: {}", key.stem()),
        description: "Co nowego & ważnego".to_owned(),
        home: "https://portal.example/".to_owned(),
        base: "https://portal.example/feeds/".to_owned(),
        stem: key.stem(),
        hub: Some("https://portal.example/hub".to_owned()),
        query: String::new(),
        language: key.language,
        site_language: Language::parse("pl")?,
        updated: "2026-11-02T09:59:59.75Z".parse()?,
        ttl: 5,
        author: "Przykładowy portal".to_owned(),
        scheme: "https://portal.example/tag/".to_owned(),
        history: History::default(),
        entries: entries.collect(),
    })
}

fn body_of(publication: &Publication) -> &'static str {
    match publication.id.0.as_str() {
        "tag:portal.example,2026:pages/nasty" => {
            "<pre>a[b[0]]>c ]]> \u{0}\u{FFFE}😀</pre>\r\n<p>&lt;script&gt; stays text</p>"
        }
        "tag:portal.example,2026:pages/nabor" => {
            "<p>Nabór trwa do <strong>30 listopada</strong>.</p>\n<p>„Zażółć gęślą jaźń” – w\u{A0}domu.</p>"
        }
        "tag:portal.example,2026:pages/hromada" => {
            "<p>Новини для громади: <a href=\"https://portal.example/uk/\">читати</a></p>"
        }
        _ => "<p>Strona jest dostępna pod nowym adresem.</p>",
    }
}

fn translations_of(publication: &Publication) -> Vec<Translation> {
    let translation = |language, title: &str, name| {
        Some(Translation {
            id: PublicationId(format!("tag:portal.example,2026:pages/{name}")),
            language: Language::parse(language).ok()?,
            link: format!("https://portal.example/{name}/"),
            title: title.to_owned(),
        })
    };
    let translations = match publication.id.0.as_str() {
        "tag:portal.example,2026:pages/nabor" => [
            translation("en", "A call for \"Youth & Forest\"", "en/call"),
            translation("uk", "Прийом заявок «Молодь і ліс»", "uk/прийом"),
        ],
        _ => [None, None],
    };
    translations.into_iter().flatten().collect()
}

fn publications() -> Result<Vec<Publication>, Box<dyn Error>> {
    let mut call = publication(
        "nabor",
        "pl",
        "Nabór wniosków „Młodzi i\u{A0}las”",
        "2026-11-02T08:00:00Z",
    )?;
    call.updated = "2026-11-02T09:30:00.123456789Z".parse()?;
    call.summary = "Wnioski przyjmujemy do 30 listopada.\nSzczegóły w\u{A0}regulaminie.".to_owned();
    call.tags = vec![tag("dotacje", "Dotacje")?, tag("wspolpraca", "Współpraca")?];
    call.authors = vec!["Zofia Wrzos".to_owned(), "Łukasz Żak".to_owned()];

    let mut news = publication(
        "hromada",
        "uk",
        "Співпраця прикордонних громад",
        "2026-10-30T06:15:00Z",
    )?;
    news.link = "https://portal.example/uk/громада/".to_owned();
    news.summary = "Об’єднання шести ґмін починає спільний проєкт.".to_owned();
    news.tags = vec![tag("spivpratsia", "Співпраця")?];
    news.image = Some("https://portal.example/uk/громада/міст.jpg".to_owned());
    news.enclosures = vec![
        Enclosure {
            url: "https://portal.example/uk/громада/розмова.mp3".to_owned(),
            media_type: "audio/mpeg".to_owned(),
            length: Some(4_194_304),
            title: Some("Розмова про \"міст\" & річку".to_owned()),
        },
        Enclosure {
            url: "https://portal.example/uk/громада/міст.webm".to_owned(),
            media_type: "video/webm".to_owned(),
            length: Some(7),
            title: None,
        },
        Enclosure {
            url: "https://portal.example/uk/громада/угода.pdf?a=1&b=2".to_owned(),
            media_type: "application/pdf".to_owned(),
            length: None,
            title: Some("Угода <проєкт>".to_owned()),
        },
    ];

    let mut nasty = publication(
        "nasty",
        "en",
        "Nasty\r\n  ]]> \u{0}\u{FFFE}😀 &lt;script&gt; & <b>\"bold\"</b>",
        "2026-10-01T12:00:00Z",
    )?;
    nasty.summary = "1 < 2 && 3 > 2\r\n]]> \u{B}end".to_owned();
    nasty.tags = vec![tag("c-plus-plus", "C++ & \"co\"\r\n<x>")?];
    nasty.authors = vec!["O'Neill\u{7} & Sons".to_owned(), "\u{1}".to_owned()];
    nasty.link = "https://portal.example/nasty?a=1&b=%5B2%5D".to_owned();

    let mut archived = publication(
        "projekt",
        "pl",
        "Projekt zakończony",
        "2013-12-18T00:00:00Z",
    )?;
    archived.summary = "Projekt został zakończony w terminie.".to_owned();
    archived.archived = Some(Archived {
        notice: "To wersja archiwalna.".to_owned(),
        latest: Some("https://www.portal.example/nowy/projekt?wersja=2&jezyk=pl".to_owned()),
    });
    Ok(vec![call, news, nasty, archived])
}

fn publication(
    name: &str,
    language: &str,
    title: &str,
    published: &str,
) -> Result<Publication, Box<dyn Error>> {
    let published: Timestamp = published.parse()?;
    Ok(Publication {
        id: PublicationId(format!("tag:portal.example,2026:pages/{name}")),
        title: title.to_owned(),
        link: format!("https://portal.example/{name}/"),
        language: Language::parse(language)?,
        published,
        updated: published,
        tags: Vec::new(),
        summary: String::new(),
        body: BodyHash([0; 32]),
        authors: Vec::new(),
        archived: None,
        change_note: None,
        translation_of: None,
        image: None,
        enclosures: Vec::new(),
        expires: None,
    })
}

fn tag(id: &str, label: &str) -> Result<TagName, Box<dyn Error>> {
    Ok(TagName {
        id: TagId::new(id)?,
        label: label.to_owned(),
    })
}
