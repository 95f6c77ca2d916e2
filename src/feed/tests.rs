//! The law: whatever the texts hold, every format is well-formed, and an independent parser reads
//! back what went in, but for the characters that XML cannot carry.

mod checks;

use proptest::collection::vec;
use proptest::prelude::*;
use quick_xml::escape::partial_escape;
use roxmltree::{Document, Node};

use super::write::{MEDIA, line, lines, url};
use super::*;
use crate::domain::publication::Enclosure;
use crate::domain::{Archived, BodyHash, PublicationId, TagId, TagName};

const ATOM: &str = "http://www.w3.org/2005/Atom";
const DUBLIN_CORE: &str = "http://purl.org/dc/elements/1.1/";
const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Any characters, with those that hurt well represented.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "]]>",
            "<",
            ">",
            "&",
            "&lt;",
            "\"",
            "'",
            "\0",
            "\u{FFFE}",
            "\u{FFFF}",
            "\r\n",
            "\r",
            "\n",
            "\t",
            " ",
            "\u{A0}",
            "\u{85}",
            "\u{2028}",
            "😀",
            "<![CDATA[",
            "ż",
            "ї",
            "https://żółw.example/a b?c='&d",
        ])
        .prop_map(str::to_owned),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn date() -> impl Strategy<Value = Timestamp> {
    // The years 1 to 9999.
    (-62_135_596_800_i64..253_402_207_200, 0..1_000_000_000_i32)
        .prop_filter_map("in range", |(s, ns)| Timestamp::new(s, ns).ok())
        .prop_filter("year 1", |date| write::date_in_range("", *date).is_ok())
}

fn language() -> impl Strategy<Value = Language> {
    prop::sample::select(vec!["pl", "uk", "en-GB"])
        .prop_filter_map("a tag", |tag| Language::parse(tag).ok())
}

fn enclosure() -> impl Strategy<Value = Enclosure> {
    let media_type = prop_oneof![
        text(),
        Just("audio/mpeg".to_owned()),
        Just("image/svg+xml".to_owned())
    ];
    let title = prop::option::of(text());
    (text(), media_type, any::<Option<u64>>(), title).prop_map(
        |(url, media_type, length, title)| Enclosure {
            url,
            media_type,
            length,
            title,
        },
    )
}

fn translation() -> impl Strategy<Value = Translation> {
    (text(), text(), text()).prop_map(|(id, link, title)| Translation {
        id: PublicationId(id),
        language: Language::parse("de").expect("a language tag"),
        link,
        title,
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let texts = (text(), text(), text(), text(), vec(text(), 0..3));
    let rest = (
        language(),
        date(),
        date(),
        prop::option::of(text()),
        prop::option::of(text()),
        vec((text(), text()), 0..3),
        (prop::option::of(text()), vec(enclosure(), 0..3)),
        vec(translation(), 0..2),
    );
    (texts, rest).prop_map(
        |(
            (id, title, link, summary, authors),
            (language, published, updated, latest, body, tags, (image, enclosures), translations),
        )| {
            let publication = Publication {
                id: PublicationId(id),
                title,
                link,
                language,
                published,
                updated,
                tags: Vec::new(),
                summary,
                body: BodyHash([0; 32]),
                authors,
                archived: latest.map(|latest| Archived {
                    notice: String::new(),
                    latest: Some(latest),
                }),
                change_note: None,
                translation_of: None,
                image,
                enclosures,
                expires: None,
            };
            let category = |(term, label)| Category { term, label };
            Entry {
                publication: Arc::new(publication),
                categories: tags.into_iter().map(category).collect(),
                body,
                translations,
            }
        },
    )
}

fn feed() -> impl Strategy<Value = Feed> {
    let texts = (
        text(),
        text(),
        text(),
        text(),
        text(),
        text(),
        text(),
        text(),
    );
    let rest = (prop::option::of(language()), date(), vec(entry(), 0..4));
    (texts, rest).prop_map(
        |(
            (id, title, description, home, base, stem, author, scheme),
            (language, updated, entries),
        )| {
            Feed {
                id,
                title,
                description,
                home,
                base,
                stem,
                hub: Some("https://portal.example/hub".to_owned()),
                query: String::new(),
                language,
                site_language: Language::parse("pl").expect("a language tag"),
                updated,
                ttl: 5,
                author,
                scheme,
                history: History::default(),
                entries,
            }
        },
    )
}

fn texts<'a>(parent: Node<'a, '_>, namespace: &str, name: &str) -> Vec<String> {
    parent
        .children()
        .filter(|n| n.is_element())
        .filter(|n| n.tag_name().name() == name)
        .filter(|n| n.tag_name().namespace().unwrap_or_default() == namespace)
        .map(|n| n.children().filter_map(|c| c.text()).collect())
        .collect()
}

/// The attributes' values, of the children of that name.
fn attributes(parent: Node<'_, '_>, element: &str, name: &str) -> Vec<String> {
    parent
        .children()
        .filter(|n| n.is_element() && n.tag_name().name() == element)
        .filter_map(|n| n.attribute(name).map(str::to_owned))
        .collect()
}

fn parsed(feed: &Feed, format: Format) -> String {
    let bytes = render(feed, format).expect("every feed in range can be written");
    assert_eq!(bytes, render(feed, format).expect("it could before"));
    String::from_utf8(bytes).expect("feeds are UTF-8")
}

fn labels(entry: &Entry) -> Vec<String> {
    entry.categories.iter().map(|c| line(&c.label)).collect()
}

/// The pages in other languages, and then the own one again, for who goes by the last.
fn pages(entry: &Entry) -> impl Iterator<Item = String> {
    let others = entry.translations.iter().map(|other| url(&other.link));
    let own = (!entry.translations.is_empty()).then(|| url(&entry.publication.link));
    others.chain(own)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn rss_gives_back_what_went_in(feed in feed()) {
        let xml = parsed(&feed, Format::Rss);
        let document = Document::parse(&xml).expect("well-formed");
        let channel = document.root_element().first_element_child().expect("a channel");
        prop_assert_eq!(texts(channel, "", "title"), [line(&feed.title)]);
        prop_assert_eq!(texts(channel, "", "link"), [url(&feed.home)]);
        prop_assert_eq!(texts(channel, "", "description"), [lines(&feed.description)]);
        let items: Vec<_> = channel.children().filter(|n| n.has_tag_name("item")).collect();
        prop_assert_eq!(items.len(), feed.entries.len());
        for (item, entry) in items.into_iter().zip(&feed.entries) {
            let publication = &entry.publication;
            prop_assert_eq!(texts(item, "", "guid"), [line(&publication.id.0)]);
            prop_assert_eq!(attributes(item, "guid", "isPermaLink"), ["false"]);
            prop_assert_eq!(texts(item, "", "title"), [line(&publication.title)]);
            prop_assert_eq!(texts(item, "", "link"), [url(&publication.link)]);
            prop_assert_eq!(texts(item, "", "category"), labels(entry));
            let summary = partial_escape(lines(&publication.summary)).into_owned();
            prop_assert_eq!(texts(item, "", "description").concat(), summary);
            let body = entry.body.as_deref().map(lines);
            prop_assert_eq!(texts(item, CONTENT, "encoded").pop(), body);
            let authors: Vec<_> = entry.authors().collect();
            prop_assert_eq!(texts(item, DUBLIN_CORE, "creator"), authors);
            let enclosure = publication.enclosures.first();
            let sound: Vec<_> = enclosure.map(|e| url(&e.url)).into_iter().collect();
            prop_assert_eq!(attributes(item, "enclosure", "url"), sound);
            let rest = publication.enclosures.iter().skip(1);
            let sizes: Vec<_> = rest.clone().filter_map(|e| Some(e.length?.to_string())).collect();
            prop_assert_eq!(attributes(item, "content", "fileSize"), sizes);
            let titles = item.children().filter(|n| n.has_tag_name((MEDIA.1, "content")));
            let titles: Vec<_> = titles.flat_map(|n| texts(n, MEDIA.1, "title")).collect();
            let known = rest.filter_map(|e| Some(line(e.title.as_ref()?)));
            prop_assert_eq!(titles, known.collect::<Vec<_>>());
            let thumbnails: Vec<_> = publication.image.iter().map(|image| url(image)).collect();
            prop_assert_eq!(attributes(item, "thumbnail", "url"), thumbnails);
            let others = pages(entry).chain(entry.latest_version());
            prop_assert_eq!(attributes(item, "link", "href"), others.collect::<Vec<_>>());
        }
    }

    #[test]
    fn atom_gives_back_what_went_in(feed in feed()) {
        let xml = parsed(&feed, Format::Atom);
        let document = Document::parse(&xml).expect("well-formed");
        let root = document.root_element();
        prop_assert_eq!(texts(root, ATOM, "title"), [line(&feed.title)]);
        prop_assert_eq!(texts(root, ATOM, "id"), [line(&feed.id)]);
        prop_assert_eq!(root.attribute((XML, "lang")), Some(feed.main_language().as_str()));
        let own = [feed.url(Format::Atom), url(&feed.home)];
        let own: Vec<String> = own.into_iter().chain(feed.hub.clone()).collect();
        prop_assert_eq!(attributes(root, "link", "href"), own);
        let entries: Vec<_> = root.children().filter(|n| n.has_tag_name((ATOM, "entry"))).collect();
        prop_assert_eq!(entries.len(), feed.entries.len());
        for (node, entry) in entries.into_iter().zip(&feed.entries) {
            let publication = &entry.publication;
            prop_assert_eq!(texts(node, ATOM, "id"), [line(&publication.id.0)]);
            prop_assert_eq!(texts(node, ATOM, "title"), [line(&publication.title)]);
            prop_assert_eq!(texts(node, ATOM, "summary").concat(), lines(&publication.summary));
            prop_assert_eq!(texts(node, ATOM, "content").pop(), entry.body.as_deref().map(lines));
            prop_assert_eq!(attributes(node, "category", "label"), labels(entry));
            let files = publication.enclosures.iter().map(|file| url(&file.url));
            let links: Vec<_> = [url(&publication.link)].into_iter().chain(pages(entry))
                .chain(entry.latest_version()).chain(files).collect();
            prop_assert_eq!(attributes(node, "link", "href"), links);
            let thumbnails: Vec<_> = publication.image.iter().map(|image| url(image)).collect();
            prop_assert_eq!(attributes(node, "thumbnail", "url"), thumbnails);
            let published: Timestamp = texts(node, ATOM, "published").concat().parse().expect("RFC 3339");
            prop_assert_eq!(published.as_second(), publication.published.as_second());
        }
    }

    #[test]
    fn json_gives_back_what_went_in(feed in feed()) {
        let json = parsed(&feed, Format::Json);
        let document: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        prop_assert_eq!(&document["title"], &line(&feed.title));
        prop_assert_eq!(&document["feed_url"], &feed.url(Format::Json));
        let items = document["items"].as_array().expect("a list");
        prop_assert_eq!(items.len(), feed.entries.len());
        for (item, entry) in items.iter().zip(&feed.entries) {
            let publication = &entry.publication;
            prop_assert_eq!(&item["id"], &line(&publication.id.0));
            prop_assert_eq!(&item["title"], &line(&publication.title));
            match &entry.body {
                Some(body) => prop_assert_eq!(&item["content_html"], &lines(body)),
                None => prop_assert_eq!(&item["content_text"], &lines(&publication.summary)),
            }
            let image = publication.image.as_deref().map_or(serde_json::Value::Null, |i| url(i).into());
            prop_assert_eq!(&item["image"], &image);
            for (number, other) in entry.translations.iter().enumerate() {
                let translation = &item["_wici"]["translations"][number];
                prop_assert_eq!(&translation["language"], "de");
                prop_assert_eq!(&translation["url"], &url(&other.link));
                prop_assert_eq!(&translation["id"], &line(&other.id.0));
                prop_assert_eq!(&translation["title"], &line(&other.title));
            }
            for (number, file) in publication.enclosures.iter().enumerate() {
                let attachment = &item["attachments"][number];
                prop_assert_eq!(&attachment["url"], &url(&file.url));
                prop_assert_eq!(attachment["size_in_bytes"].as_u64(), file.length);
                let title = file.title.as_ref().map(|title| line(title));
                prop_assert_eq!(attachment["title"].as_str(), title.as_deref());
            }
        }
    }

    /// Another parser takes each entry as it is written, and has for it the names that a feed has.
    #[test]
    fn what_is_written_passes_the_gate(feed in feed()) {
        for format in Format::ALL {
            for entry in &feed.entries {
                let bytes = render_entry(&feed, entry, format).expect("every entry in range can be written");
                prop_assert_eq!(judge_entry(&bytes, format), Ok(()));
            }
            let bytes = parsed(&feed, format);
            prop_assert_eq!(judge_feed(bytes.as_bytes(), format), Ok(()));
            let (open, close) = match format {
                Format::Rss => gate::RSS,
                Format::Atom => gate::ATOM,
                Format::Json => continue,
            };
            let around = [open, close].concat();
            let around = Document::parse(&around).expect("well-formed");
            let whole = Document::parse(&bytes).expect("well-formed");
            let names = |document: &Document<'_>| -> Vec<_> {
                let names = document.root_element().namespaces().map(|n| (n.name().map(str::to_owned), n.uri().to_owned()));
                names.collect()
            };
            let known = names(&whole);
            for name in names(&around) {
                prop_assert!(known.contains(&name), "{format}: {name:?} is not in {known:?}");
            }
        }
    }

    #[test]
    fn opml_gives_back_what_went_in(title in text(), feeds in vec((text(), text(), text()), 0..4)) {
        let list: Vec<_> = feeds.iter().map(|(title, xml, html)| OpmlFeed {
            title: title.clone(),
            xml_url: xml.clone(),
            html_url: html.clone(),
            language: Language::parse("uk").ok(),
        }).collect();
        let bytes = opml(&title, &list).expect("memory takes it");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let document = Document::parse(&text).expect("well-formed");
        let outlines: Vec<_> = document.descendants().filter(|n| n.has_tag_name("outline")).collect();
        prop_assert_eq!(outlines.len(), feeds.len());
        for (outline, (title, xml, _)) in outlines.into_iter().zip(&feeds) {
            let named = line(&format!("{title} (uk)"));
            prop_assert_eq!(outline.attribute("text"), Some(named.as_str()));
            prop_assert_eq!(outline.attribute("xmlUrl").map(str::to_owned), Some(url(xml)));
        }
    }
}
