#!/usr/bin/env python3
"""Feed readers subscribe to a running daemon: `readers.py WICI`, WICI being the binary.

Both ask only for what has changed (RFC 9110, section 13), and get 304 until something has. What
newsboat sends and is answered is recorded on the way: 200 at first, 304 to the tag that it kept, and
after a new page the feed, or what is new in it (226, RFC 3229). It then lists one entry more."""

import contextlib
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

import feedparser
from harness import DEADLINE, Site, recorded, sample_site, wait

TITLE = "Żółta łódź płynie do Чернівців"


class Newsboat:
    """newsboat with files of its own, subscribed to one feed."""

    def __init__(self, folder: pathlib.Path, url: str):
        (folder / "urls").write_text(f"{url}\n")
        (folder / "config").write_text("")
        files = ["-u", folder / "urls", "-c", folder / "cache.db", "-C", folder / "config"]
        self.cache = folder / "cache.db"
        self.command = ["newsboat", *files, "-x", "reload", "print-unread"]
        self.environment = {"HOME": str(folder), "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}

    def titles(self) -> list[str]:
        """Reloads; what it then has, and says is unread."""
        done = subprocess.run(
            self.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        with contextlib.closing(sqlite3.connect(self.cache)) as cache:
            titles = [title for (title,) in cache.execute("SELECT title FROM rss_item WHERE unread")]
        assert f"{len(titles)} unread articles" in said, f"{len(titles)} in the cache, yet: {said}"
        return titles


def main(wici: pathlib.Path) -> None:
    with sample_site(wici) as site, site.daemon() as daemon, recorded(daemon) as (address, seen):
        for number, form in enumerate(("rss", "atom")):
            url = f"{address}feeds/all.{form}"
            title = f"{TITLE} {number + 1}"
            with tempfile.TemporaryDirectory(prefix="wici-newsboat-") as folder:
                look(site, url, Newsboat(pathlib.Path(folder), url), title, seen)
        print(f"readers.py: newsboat and feedparser read {len(site.feed())} entries as RSS and as Atom")


def look(site: Site, url: str, newsboat: Newsboat, title: str, seen: list) -> None:
    """Both read the feed, once more unchanged, and once more with one page more."""
    expected = sorted(item["title"] for item in site.feed())
    # What has just changed has no date until its second has come.
    first = wait("a feed with a date", lambda: (feed := feedparser.parse(url)).get("modified") and feed)
    assert (first.status, first.bozo) == (200, False), f"{url}: {first.status} {first.get('bozo_exception')}"
    assert sorted(entry.title for entry in first.entries) == expected, url
    for what in ({"etag": first.etag}, {"modified": first.modified}):
        again = feedparser.parse(url, **what)
        assert (again.status, again.entries) == (304, []), f"{url} with {what}: {again.status}"
    polls = []
    # It has nowhere to keep a tag before it has the feed: it sends that of the second answer.
    for _ in range(3):
        seen.clear()
        newsboat_has(newsboat, expected)
        polls += seen

    site.save(f"{url.rpartition('.')[2]}.md", f"---\ntitle: {title}\n---\n\nW sobotę.\n")
    site.wait_for_feed(title)
    # Like newsboat, it takes no more than what is new (RFC 3229).
    later = feedparser.parse(url, etag=first.etag, modified=first.modified)
    assert (later.status, later.bozo) == (226, False), f"{url}: {later.status} {later.get('bozo_exception')}"
    assert [entry.title for entry in later.entries] == [title], f"{url}: {later.entries}"
    assert feedparser.parse(url, etag=later.etag).status == 304, url
    seen.clear()
    newsboat_has(newsboat, sorted([*expected, title]))
    polls += seen
    tags = [headers.get("If-None-Match") for headers, _ in polls]
    statuses = [status for _, status in polls]
    assert statuses == [200, 200, 304, 226], f"{url}: newsboat was answered {statuses}"
    assert tags[2] and tags[2:] == [tags[2]] * 2, f"{url}: newsboat sent the tags {tags}"


def newsboat_has(newsboat: Newsboat, expected: list[str]) -> None:
    titles = sorted(newsboat.titles())
    assert titles == expected, f"newsboat has\n{titles}\nand not\n{expected}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: readers.py WICI")
    main(pathlib.Path(sys.argv[1]).resolve(strict=True))
