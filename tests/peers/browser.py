#!/usr/bin/env python3
"""Chromium shows the pages of a running daemon: `browser.py WICI SHOTS`, WICI being the binary,
SHOTS a folder for screenshots. Looking at a page must change nothing."""

import email
import email.policy
import html
import json
import pathlib
import subprocess
import sys
import tempfile

from harness import DEADLINE, Site, sample_site, wait

READER = "reader@portal.example"
TITLE = "Żółta łódź płynie do Чернівців"
PAGE = f"---\ntitle: {TITLE}\n---\n\nPierwszy rejs odbędzie się w sobotę.\n"

FLAGS = [
    "--headless",
    "--no-sandbox",  # which root may not use
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--window-size=900,1400",
    "--dump-dom",
]


def main(wici: pathlib.Path, shots: pathlib.Path) -> None:
    shots.mkdir(parents=True, exist_ok=True)
    with sample_site(wici) as site, site.daemon() as address:
        site.subscribe(READER)
        site.save("rejs.md", PAGE)
        way_out = unsubscribe_url(site, address)
        for language, title in [("pl", "Co nowego"), ("uk", "Що нового"), ("en", "What is new")]:
            page = show(address, language, shots / f"index-{language}.png")
            holds(page, f'<html lang="{language}">', f"<h1>{title}</h1>", TITLE)
        # The reader's language is the subscriber's own, whatever the browser's.
        page = show(way_out, "en", shots / "unsubscribe.png")
        holds(page, '<html lang="pl">', "<h1>Rezygnacja z powiadomień</h1>", "r…@portal.example", "<button")
        reader = json.loads(site.command("subscribers", "show", READER, "--json"))
        assert reader["status"] == "active", f"a look at the page made the reader {reader['status']}"
    print(f"browser.py: Chromium shows the pages; screenshots are in {shots}")


def unsubscribe_url(site: Site, address: str) -> str:
    """The link in the mail, at the address where the daemon listens for this test."""
    mails = wait("a mail", lambda: list((site.folder / "outbox").glob("*.eml")))
    mail = email.message_from_bytes(mails[0].read_bytes(), policy=email.policy.default)
    path = mail["List-Unsubscribe"].strip("<>").partition("/unsubscribe/")[2]
    return f"{address}unsubscribe/{path}"


def show(url: str, language: str, shot: pathlib.Path) -> str:
    """Takes a picture of a page, and returns its document as the browser understood it."""
    shot.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="wici-chromium-") as profile:
        own = [f"--user-data-dir={profile}", f"--accept-lang={language}", f"--screenshot={shot}"]
        done = subprocess.run(
            ["chromium", *FLAGS, *own, url],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
    assert done.returncode == 0 and shot.exists(), done.stderr
    return done.stdout


def holds(page: str, *texts: str) -> None:
    """However its words are kept together: no-break spaces, word joiners."""
    words = " ".join(html.unescape(page).replace("\N{WORD JOINER}", "").split())
    for text in texts:
        assert text in words, f"no {text} in\n{page}"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: browser.py WICI SHOTS")
    main(pathlib.Path(sys.argv[1]).resolve(strict=True), pathlib.Path(sys.argv[2]).resolve())
