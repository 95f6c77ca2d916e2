//! The page of a publication.

use super::{bridge, entry, holds, in_language, site};
use crate::harness::{Running, Site, wait_for};

#[test]
fn a_publication_has_a_page_with_all_that_belongs_to_it() {
    let site = site();
    let answer = site.get(&bridge());
    assert_eq!(answer.status, 200);
    assert!(answer.headers["content-security-policy"].starts_with("default-src 'none'; style-src"));
    let page = answer.text();
    holds(
        &page,
        &[
            "<h1 lang=\"pl\" dir=\"auto\">Most &lt;otwarty&gt;",
            "20 listopada 2026",
            "zaktualizowano <time datetime=\"2026-11-2",
            "22 listopada 2026",
            "Autorstwo: Anna Wilk",
            "Nowa data otwarcia.",
            "<h2>Przejazd</h2>",
            "<h3>Dojazd</h3>",
            "src=\"https://portal.example/most/plan.png\"",
            "href=\"https://portal.example/most%20plan.pdf\"",
            "most plan.pdf</a>",
            "2 MB",
            "href=\"/tag/wspolpraca\" rel=\"tag\">Współpraca</a>",
            "href=\"https://portal.example/most/\"",
            "mailto:?subject=Most%20%3Cotwarty%3E%20%26%20%22gotowy%22&amp;body=",
            "readonly value=\"https://portal.example/most/\"",
            "feeds/tag/drogi.rss",
        ],
    );
    assert!(
        !page.contains("<script") && !page.contains("alert("),
        "{page}"
    );
    // A proxy may have decoded the slashes.
    let raw = site.get("/entry/https:%2F/portal.example/ids%3Fn%3D1%23most");
    assert_eq!(raw.status, 200);
    let translation = entry("tag:portal.example,2026:pages/uk/mist.md");
    let page = in_language(&site, &translation, "en").text();
    holds(
        &page,
        &[
            "<h1 lang=\"uk\"",
            "in Ukrainian",
            "hreflang=\"pl\">Most",
            "Also in Polish:",
        ],
    );
}

/// A page, once it is there.
fn shown(site: &Running, path: &str) -> String {
    wait_for("the page", || {
        let answer = site.get(path);
        (answer.status == 200).then(|| answer.text())
    })
}

#[test]
fn an_archived_publication_names_the_current_page() {
    let text = "Obecna strona jest wersją archiwalną. Aktualna wersja dostępna jest pod adresem: \
                https://portal.example/nowa\n\nRaport\n\nDodane dnia 18.12.2013\n\nTreść raportu.\n\n\
                Tagi: raporty\n";
    let site = Site::new().page("raport.txt", text).start();
    let path = entry("tag:portal.example,2026:pages/raport.txt");
    let page = shown(&site, &path);
    holds(
        &page,
        &[
            "Wersja archiwalna",
            "href=\"https://portal.example/nowa\" rel=\"latest-version\"",
        ],
    );
    // The address is there once, to be followed.
    assert_eq!(page.matches("portal.example/nowa").count(), 2, "{page}");
    holds(&site.get("/").text(), &["Wersja archiwalna"]);
}

#[test]
fn an_address_that_a_notice_writes_short_is_not_repeated() {
    let text = "Obecna strona jest wersją archiwalną. Aktualna wersja dostępna jest pod adresem: \
                www.portal.example/nowa\n\nRaport\n\nDodane dnia 18.12.2013\n\nTreść.\n\nTagi: raporty\n";
    let site = Site::new().page("raport.txt", text).start();
    let path = entry("tag:portal.example,2026:pages/raport.txt");
    let page = shown(&site, &path);
    holds(
        &page,
        &["pod adresem:</p>", ">https://www.portal.example/nowa</a>"],
    );
}

/// Whoever does not read the language learns of the others before the text, not after it.
#[test]
fn translations_come_before_the_text() {
    let site = site();
    let page = site.get(&bridge()).text();
    let (before, _) = page.split_once("class=\"body\"").expect("a body");
    holds(before, &["Także po ukraińsku:", "hreflang=\"uk\">Міст"]);
}

#[test]
fn a_table_scrolls_by_itself() {
    let text = "---\ntitle: Tabela\n---\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n";
    let site = Site::new().page("tabela.md", text).start();
    let path = entry("tag:portal.example,2026:pages/tabela.md");
    let page = shown(&site, &path);
    holds(
        &page,
        &[
            "<div class=\"wide\" tabindex=\"0\"><table>",
            "</table></div>",
        ],
    );
}

#[test]
fn what_was_withdrawn_is_gone_and_what_is_to_come_is_not_told() {
    let future = "---\ntitle: Tajne\ndate: 2999-01-01\n---\nx\n";
    let site = Site::new()
        .page("future.md", future)
        .start()
        .after_first_scan();
    let path = |name: &str| entry(&format!("tag:portal.example,2026:pages/{name}"));
    assert_eq!(site.get(&path("old.md")).status, 200);
    for name in ["future.md", "never.md", ""] {
        assert_eq!(site.get(&path(name)).status, 404, "{name}");
    }
    site.remove("old.md");
    let gone = wait_for("its end", || {
        let answer = site.get(&path("old.md"));
        (answer.status == 410).then_some(answer)
    });
    holds(&gone.text(), &["To, co tu było, zostało wycofane."]);
}
