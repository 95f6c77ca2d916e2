#!/usr/bin/env python3
"""Chromium and axe-core judge every page of a running daemon: `pages.py WICI AXE SHOTS`, WICI being
the binary, AXE axe-core's script, SHOTS a folder for pictures. In each language, light and dark, on a
phone and on a desk; and feeds as a browser shows them. Looking at a page must change nothing."""

import email
import email.policy
import json
import pathlib
import re
import sys
import urllib.parse
import urllib.request

from chromium import Tab, tab
from harness import Site, sample_site, wait

# Each with what its first page is headed, its question before unsubscribing, and its answer.
WORDS = {
    "pl": ("Co nowego", "Rezygnacja z powiadomień", "Rezygnacja przyjęta"),
    "uk": ("Що нового", "Відмова від сповіщень", "Підписку скасовано"),
    "en": ("What is new", "Unsubscribe", "You are unsubscribed"),
}
# A phone's is the width that WCAG 2.2, 1.4.10 has in mind.
SIZES = {"phone": (320, 720), "desk": (1280, 900)}

# The whole of WCAG 2.2 AA that a program can judge, and what axe-core calls best practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]

LONG = "https://portal.example/" + "bardzo-dlugi-adres-" * 8
FULL = f"""---
title: "Zażółć gęślą jaźń: wszystko, co może być na stronie, Hottentottenstottertrottelmutterbeutelrattenlattengitter"
date: 2026-11-20
lastmod: 2026-11-22
tags: [Współpraca, Pomoc, "Bardzo długa nazwa tematu, który mało kto wybiera, a jednak jest"]
authors: [Anna Wilk, Taras Kowalenko]
change_note: Poprawiliśmy datę naboru.
enclosure: {{ url: "https://portal.example/{"nagranie_" * 9}.mp3", type: audio/mpeg, length: 12345678 }}
---

#### Nagłówek za nisko

Tekst z [odnośnikiem]({LONG}) i `kodem`.

| Miasto | Liczba | Uwagi |
| --- | --- | --- |
| Lublin | 12 | {"słowo " * 20} |
| Чернівці | 7 | {LONG} |

```
let bardzo_dluga_linia = "{"x" * 120}";
```

> Cytat
"""
ARCHIVED = f"""Obecna strona jest wersją archiwalną. Aktualna wersja dostępna jest pod adresem: {LONG}

Raport o współpracy przygranicznej

Dodane dnia 18.12.2013

Treść raportu sprzed lat.

Tagi: raporty
"""


def main(wici: pathlib.Path, axe: pathlib.Path, shots: pathlib.Path) -> None:
    shots.mkdir(parents=True, exist_ok=True)
    script = axe.read_text()
    wrong, looked = [], 0
    with sample_site(wici) as site, site.daemon() as address:
        for language in WORDS:
            site.subscribe(f"{language}@portal.example", "--language", language)
        site.save("wszystko.md", FULL)
        site.save("raport-dawny.txt", ARCHIVED)
        site.save("wycofana.md", "---\ntitle: Wycofana\n---\nx\n")
        for title in ("Zażółć", "Raport o współpracy", "Wycofana"):
            wait(title, lambda: any(item["title"].startswith(title) for item in site.feed()))
        (site.content / "wycofana.md").unlink()
        wait("its withdrawal", lambda: all(item["title"] != "Wycofana" for item in site.feed()))
        pages = {
            "index": "",
            "tag": "tag/wspolpraca",
            "entry": entry("wszystko.md"),
            "archived": entry("raport-dawny.txt"),
            "translated": entry("dohovir-krok-za-krokom", source=False),
            "gone": entry("wycofana.md"),
            "nowhere": "nowhere",
            "older": next_page(address),
        }
        with tab() as browser:

            def look(name: str, path: str, language: str) -> None:
                nonlocal looked
                for size, (width, height) in SIZES.items():
                    for dark in (False, True):
                        browser.show_as(width, height, dark, language)
                        browser.open(address + path)
                        looked += 1
                        mode = "-dark" if dark else ""
                        shot = f"{name}-{language}-{size}{mode}"
                        wrong.extend(f"{shot}: {fault}" for fault in faults(browser, script, language))
                        browser.picture(shots / f"{shot}.png")

            for language, (title, question, answer) in WORDS.items():
                for name, path in pages.items():
                    look(name, path, language)
                browser.open(address)
                assert heading(browser) == title, heading(browser)
                reader = f"{language}@portal.example"
                way_out = unsubscribe_path(site, reader)
                look("unsubscribe", way_out, language)
                assert heading(browser) == question, heading(browser)
                assert status(site, reader) == "active", "a look at the page changed something"
                browser.press("button")
                assert heading(browser) == answer, heading(browser)
                assert "unsubscribed" in status(site, reader), status(site, reader)
                look("unsubscribed", way_out, language)
            wrong += printed(browser, address + pages["entry"])
            wrong += feeds(browser, address, shots)
    assert not wrong, "\n".join(wrong)
    print(f"pages.py: {looked} views of pages without a fault; pictures are in {shots}")


def heading(browser: Tab) -> str:
    """However its words are kept together."""
    return " ".join(browser.run("document.querySelector('h1').innerText").split())


def status(site: Site, reader: str) -> str | dict:
    return json.loads(site.command("subscribers", "show", reader, "--json"))["status"]


def unsubscribe_path(site: Site, reader: str) -> str:
    """Of the link in a mail to the reader."""

    def mail():
        for path in (site.folder / "outbox").glob("*.eml"):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if reader in mail["To"]:
                return mail
        return None

    link = wait(f"a mail to {reader}", mail)["List-Unsubscribe"].strip("<>")
    return "unsubscribe/" + link.partition("/unsubscribe/")[2]


def entry(name: str, source: bool = True) -> str:
    iri = f"tag:portal.example,2026:{'pages/' if source else ''}{name}"
    return "entry/" + urllib.parse.quote(iri, safe=":,")


def next_page(address: str) -> str:
    """Where the first page's link to older publications leads."""
    with urllib.request.urlopen(address) as page:
        link = re.search(r'href="/([^"]*)" rel="next"', page.read().decode())
    assert link, "the first page leads to no older publications"
    return link[1].replace("&amp;", "&")


def faults(browser: Tab, axe: str, language: str) -> list[str]:
    found = []
    if browser.run("document.documentElement.lang") != language:
        found.append("it is in another language")
    browser.run("document.querySelectorAll('details').forEach(details => details.open = true)")
    if browser.run("document.documentElement.scrollWidth > window.innerWidth"):
        found.append("it is wider than the window")
    # Of what the page's policy forbids: nothing is even tried. An error's page is reported as such.
    tried = [text for text in browser.complaints if "status of 4" not in text]
    found += [f"the browser says: {text}" for text in tried]
    browser.run(axe)
    rules = ", ".join(f"'{rule}'" for rule in RULES)
    ran = browser.run(f"axe.run({{ runOnly: [{rules}] }})")
    for violation in ran["violations"]:
        nodes = "; ".join(" ".join(map(str, node["target"])) for node in violation["nodes"])
        found.append(f"{violation['id']}: {violation['help']}: {nodes}")
    # Should axe-core ever look at nothing, it would find nothing.
    assert len(ran["passes"]) > 10, f"axe-core passed {len(ran['passes'])} rules alone"
    return found


def printed(browser: Tab, url: str) -> list[str]:
    """On paper a link is no use: its address stands there too, above all the publication's own."""
    browser.open(url)
    browser.call("Emulation.setEmulatedMedia", media="print")
    shown = browser.run("getComputedStyle(document.querySelector('.origin a'), '::after').content")
    browser.call("Emulation.setEmulatedMedia", media="")
    return [] if "attr(href)" in shown or "https://portal.example/wszystko/" in shown else [f"printed: {shown}"]


def feeds(browser: Tab, address: str, shots: pathlib.Path) -> list[str]:
    """The XML formats show their entries as text, with a word on what a feed is for."""
    wrong = []
    for size, (width, height) in SIZES.items():
        for dark in (False, True):
            browser.show_as(width, height, dark, "pl")
            mode = "-dark" if dark else ""
            for path, words in [("all.rss", "To jest kanał"), ("tag/prawo.atom", "To jest kanał"), ("uk/all.atom", "Це стрічка")]:
                browser.open(f"{address}feeds/{path}")
                browser.picture(shots / f"feed-{path.replace('/', '-')}-{size}{mode}.png")
                shown = browser.run(SHOWN)
                if words not in shown["note"] or not shown["entries"] or shown["ids"]:
                    wrong.append(f"{path}: {shown}")
                if shown["addresses"] != shown["entries"]:
                    wrong.append(f"{path}: {shown['addresses']} addresses of {shown['entries']} entries")
                if (letters := shown["letters"] * width) < 15:
                    wrong.append(f"{path}-{size}: letters are {letters:.1f} pixels high")
    return wrong


# What there is to be seen of a feed; letters as a part of the window's width, into
# which a phone fits what does not say that it fits.
SHOWN = """(() => {
    const all = selector => [...document.querySelectorAll(selector)];
    const seen = selector => all(selector).filter(e => e.getClientRects().length).length;
    return {
        note: getComputedStyle(document.querySelector('title'), '::after').content,
        entries: all('item, entry').length,
        ids: seen('guid, id'),
        addresses: seen('item > link, entry > link'),
        letters: parseFloat(getComputedStyle(document.querySelector('item > description, entry > summary')).fontSize)
            / window.innerWidth,
    };
})()"""


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: pages.py WICI AXE SHOTS")
    main(*(pathlib.Path(path).resolve() for path in sys.argv[1:]))
