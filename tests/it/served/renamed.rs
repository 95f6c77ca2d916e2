//! A tag that becomes another's alias: its feeds are the other's from then on.

use std::fs;
use std::path::Path;

use super::page;
use crate::harness::{Running, Site, wait_for};
use crate::http_server::{HttpServer, Reply};

const PLACE: &str = "https://wici.portal.example/feeds";
const ALIAS: &str = "[[tag]]\nid = \"prawo\"\naliases = [\"ustawy\"]\n[web]";

/// With a page of an archive, something in another language, and in a third what was withdrawn.
fn site() -> Running {
    let site = Site::new()
        .with("[websub]\nallow_private = true\n")
        .page("help.md", &page("Help", "pomoc"))
        .page(
            "uk.md",
            "---\ntitle: Закон\nlang: uk\ntags: [ustawy]\n---\nТекст.\n",
        );
    let english = "---\ntitle: Laws\nlang: en\ntags: [ustawy]\n---\nText.\n";
    let site = site.page("en.md", english);
    let site = (0..55).fold(site, |site, number| {
        let title = format!("Page {number}");
        site.page(&format!("{number}.md"), &page(&title, "ustawy"))
    });
    let site = site.start();
    answers(&site, "/feeds/tag/ustawy/archive/1.atom", 200);
    answers(&site, "/feeds/uk/tag/ustawy.json", 200);
    site.feed("en/tag/ustawy.atom", |feed| feed.contains("Laws"));
    site.remove("en.md");
    site.feed("en/tag/ustawy.atom", |feed| feed.contains("deleted-entry"));
    site
}

fn answers(site: &Running, path: &str, status: u16) {
    wait_for(&format!("{status} at {path}"), || {
        (site.get(path).status == status).then_some(())
    });
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let files = paths.flat_map(|path| match path.is_dir() {
        true => files(&path),
        false => vec![path.display().to_string()],
    });
    files.collect()
}

fn is_elsewhere(site: &Running) {
    answers(site, "/feeds/tag/ustawy.atom", 301);
    for (former, present) in [
        ("tag/ustawy.atom", "tag/prawo.atom"),
        ("tag/ustawy.rss?reader=7", "tag/prawo.rss?reader=7"),
        ("tag/ustawy.json", "tag/prawo.json"),
        ("pl/tag/ustawy.atom", "pl/tag/prawo.atom"),
        ("uk/tag/ustawy.json", "uk/tag/prawo.json"),
        // Other pages than its own: all of it is found from the feed.
        ("tag/ustawy/archive/1.atom", "tag/prawo.atom"),
    ] {
        answers(site, &format!("/feeds/{former}"), 301);
        let answer = site.get(&format!("/feeds/{former}"));
        assert_eq!(answer.headers["location"], format!("{PLACE}/{present}"));
        assert_eq!(answer.headers["cache-control"], "public, max-age=300");
        assert_eq!(site.get(&format!("/feeds/{present}")).status, 200);
    }
    // What is left of it in a language that the other has nothing in is no feed.
    answers(site, "/feeds/en/tag/ustawy.atom", 410);
    let gone = site.get("/feeds/en/tag/ustawy.atom").text();
    assert!(gone.contains(&format!("{PLACE}/tag/prawo.atom")), "{gone}");
    for (former, present) in [
        ("/tag/ustawy", "/tag/prawo"),
        (
            "/feeds/query.atom?any=pomoc,ustawy",
            "query.atom?any=pomoc,prawo",
        ),
    ] {
        let answer = site.get(former);
        assert_eq!(
            (answer.status, &*answer.headers["location"]),
            (301, present)
        );
    }
    for list in ["/feeds/index.opml", "/feeds/uk/index.opml", "/"] {
        let list = site.get(list).text();
        assert!(list.contains("prawo") && !list.contains("ustawy"), "{list}");
    }
    wait_for("the end of its files", || {
        let files = files(&site.path("feeds"));
        let former = files.iter().any(|file| file.contains("ustawy"));
        (!former).then_some(())
    });
}

#[test]
fn a_tag_that_becomes_anothers_alias_leads_there() {
    let site = site();
    site.reconfigure("[web]", ALIAS);
    site.hang_up();
    is_elsewhere(&site);
    let archived = site.get("/feeds/tag/prawo/archive/1.atom").status;
    assert_eq!(archived, 200);
    let site = site.restart();
    is_elsewhere(&site);
    // Its own again, it has its feed, and archive, again.
    site.reconfigure(ALIAS, "[web]");
    site.hang_up();
    site.feed("tag/ustawy.atom", |feed| feed.contains(">Page 54<"));
    answers(&site, "/feeds/tag/ustawy/archive/1.atom", 200);
    answers(&site, "/feeds/uk/tag/ustawy.json", 200);
}

#[test]
fn a_tag_that_became_anothers_alias_while_nobody_was_there_leads_there() {
    let stopped = site().stop();
    let file = stopped.path().join("daemon.toml");
    let text = fs::read_to_string(&file).expect("a configuration");
    fs::write(&file, text.replace("[web]", ALIAS)).expect("a file");
    is_elsewhere(&stopped.start());
}

#[test]
fn who_is_pushed_the_former_feed_is_pushed_the_present_one() {
    let site = site();
    let server = HttpServer::start();
    server.answers("GET /hook", Reply::Challenge);
    server.answers("POST /hook", Reply::status(204, ""));
    let ask = |mode| {
        let (topic, callback) = (format!("{PLACE}/tag/ustawy.atom"), server.url("/hook"));
        let fields = [
            ("hub.mode", mode),
            ("hub.topic", topic.as_str()),
            ("hub.callback", callback.as_str()),
        ];
        assert_eq!(site.post("/hub", &fields).status, 202);
    };
    let subscriptions = |number: u64| {
        wait_for(&format!("{number} subscriptions"), || {
            let status = site.json(&["status"]);
            (status["websub"]["subscriptions"] == number).then_some(())
        });
    };
    let pushed = |text: &str| {
        wait_for(&format!("a push of {text}"), || {
            let pushes = server.asked_by("POST", "/hook").into_iter();
            let mut pushes = pushes.filter(|push| {
                push.headers["link"].contains("/tag/prawo.atom>; rel=\"self\"")
                    && String::from_utf8_lossy(&push.body).contains(text)
            });
            pushes.next().map(drop)
        });
    };
    ask("subscribe");
    subscriptions(1);
    site.reconfigure("[web]", ALIAS);
    site.hang_up();
    // At once, for there may be more in it.
    pushed("Text of Page 54.");
    site.save("new.md", &page("New", "prawo"));
    pushed("Text of New.");
    subscriptions(1);
    // It knows no other address yet.
    ask("unsubscribe");
    subscriptions(0);
}
