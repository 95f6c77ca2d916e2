#!/usr/bin/env python3
"""What a running daemon answers over HTTP, judged by curl and REDbot: `answers.py WICI`, WICI being
the binary.

curl asks for what has changed (by tag, by date), for less (compressed, HEAD), and writes down the
same bytes that lie in feeds/. REDbot (REDbot.org's own code) looks at how feeds are negotiated,
validated and cached, and finds nothing that it calls bad."""

import json
import pathlib
import subprocess
import sys
import tempfile

from harness import DEADLINE, Site, sample_site, wait

FEEDS = ("all.rss", "all.atom", "all.json", "pl/tag/prawo.atom", "index.opml")
CODINGS = ("identity", "gzip", "br")


class Curl:
    """curl with a folder of its own."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.body = folder / "body"

    def __call__(self, *arguments: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of one request; the body is written to a file, decoded."""
        self.body.unlink(missing_ok=True)
        told = '%{stderr}{"status":%{http_code},"headers":%{header_json}}'
        command = ["curl", "--silent", "--show-error", "--output", self.body, "--write-out", told, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
        assert done.returncode == 0, f"curl {arguments}: {done.stderr}"
        answer = json.loads(done.stderr)
        headers = {name: values[0] for name, values in answer["headers"].items()}
        body = self.body.read_bytes() if self.body.exists() else b""
        return answer["status"], headers, body


def main(wici: pathlib.Path) -> None:
    with sample_site(wici) as site, site.daemon() as address, tempfile.TemporaryDirectory() as folder:
        curl = Curl(pathlib.Path(folder))
        for name in FEEDS:
            url = f"{address}feeds/{name}"
            wait(f"{name} with a date", lambda: "last-modified" in curl("--head", url)[1])
            by_curl(curl, site, name, url)
            by_redbot(url)
    print(f"answers.py: curl and REDbot asked for {len(FEEDS)} feeds")


def by_curl(curl: Curl, site: Site, name: str, url: str) -> None:
    on_disk = (site.folder / "feeds" / name).read_bytes()
    for coding in CODINGS:
        accept = ("--compressed", "--header", f"Accept-Encoding: {coding}")
        status, headers, body = curl(*accept, url)
        assert (status, body == on_disk) == (200, True), f"{url} as {coding}: {status}, {len(body)} bytes"
        assert headers.get("content-encoding", "identity") == coding, f"{url} as {coding}: {headers}"
        _, of_head, _ = curl(*accept, "--head", url)
        same = ("content-length", "content-type", "content-encoding", "etag", "last-modified", "vary", "cache-control", "link")
        for header in same:
            assert of_head.get(header) == headers.get(header), f"{url}, {header} of HEAD: {of_head}"
    # curl's own conditional modes: the tag and the date that it has kept.
    etags, dated = curl.folder / "etags", curl.folder / "dated"
    etags.unlink(missing_ok=True)
    assert curl("--etag-save", str(etags), url)[0] == 200
    status, headers, body = curl("--etag-compare", str(etags), url)
    assert (status, body) == (304, b""), f"{url} by tag: {status}"
    assert headers["etag"] == etags.read_text().strip(), f"{url} by tag: {headers}"
    subprocess.run(["curl", "--silent", "--remote-time", "--output", dated, url], check=True, timeout=DEADLINE)
    status, _, body = curl("--time-cond", str(dated), url)
    assert (status, body) == (304, b""), f"{url} by date: {status}"
    assert curl("--time-cond", "Tue, 01 Jan 2019 00:00:00 GMT", url)[0] == 200, url


def by_redbot(url: str) -> None:
    command = [sys.executable, "-m", "redbot.cli", "--output-format", "har", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, f"redbot {url}: {done.stderr}"
    log = json.loads(done.stdout)["log"]
    assert log["entries"], f"redbot {url}: {log}"
    notes = [note for entry in log["entries"] for note in every(entry["_red_messages"])]
    assert any(note["level"] == "GOOD" for note in notes), f"redbot finds nothing good about {url}: {notes}"
    bad = [note for note in notes if note["level"] == "BAD"]
    assert not bad, f"redbot on {url}: {json.dumps(bad, indent=1)}"


def every(notes: list[dict]) -> list[dict]:
    """Notes, and those below them."""
    return [every_one for note in notes for every_one in (note, *every(note.get("subnotes", [])))]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: answers.py WICI")
    main(pathlib.Path(sys.argv[1]).resolve(strict=True))
