#!/usr/bin/env python3
"""Letters as mail programs read them: `letters.py LETTERS`, LETTERS being a folder of .eml files.
Python's `email` takes each apart, mutt shows its text, and Chromium lays it out as narrow as a phone."""

import email
import email.policy
import html
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from chromium import FLAGS
from harness import DEADLINE

GMAIL_SHOWS = 102_000
WIDTHS = (320, 600)
# Elements that HTML does not close.
VOID = {"meta", "br", "link", "img", "hr"}
# Asks each frame how wide it is once it is laid out.
MEASURE = """
<script>
addEventListener("load", () => {
  const wide = [...document.querySelectorAll("iframe")].map(frame =>
    [frame.title, frame.contentDocument.documentElement.scrollWidth]);
  const told = document.createElement("pre");
  told.textContent = JSON.stringify(wide);
  document.body.prepend(told);
});
</script>
"""


class Outline(html.parser.HTMLParser):
    """The elements that are open, what is fetched, and the headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.headings, self.links = [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attributes: list) -> None:
        attributes = dict(attributes)
        assert tag not in {"script", "img", "link", "iframe", "form", "object"}, tag
        assert "url(" not in attributes.get("style", ""), attributes
        if tag == "table":
            assert attributes.get("role") == "presentation", attributes
        if tag == "html":
            assert attributes.get("lang") in {"pl", "uk", "en"}, attributes
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "href" in attributes:
            self.links.append(attributes["href"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes another element"


def main(folder: pathlib.Path) -> None:
    letters = sorted(folder.glob("*.eml"))
    assert len(letters) >= 15, f"only {len(letters)} letters in {folder}"
    pages = {}
    for letter in letters:
        plain, pages[letter.stem] = parts(letter.read_bytes())
        shown = as_mutt_shows(letter.read_bytes())
        assert shown == plain.splitlines(), f"{letter.stem}: {shown}"
    for name, wide in layout(pages, folder / "letters.png"):
        assert wide <= int(name.rpartition(" ")[2]), f"{name}: {wide} pixels wide"
    print(f"letters.py: {len(letters)} letters read well, and fit into {WIDTHS[0]} pixels")


def parts(raw: bytes) -> tuple[str, str]:
    """Text and HTML of a letter that is as it should be."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    defects = [defect for part in mail.walk() for defect in part.defects]
    defects += [defect for field in mail.values() for defect in field.defects]
    assert not defects, defects
    # Only links are longer than what RFC 5322 2.1.1 asks for.
    long = [line for line in raw.split(b"\r\n") if len(line) > 78 and b"https://" not in line]
    assert not long, long
    assert mail["From"].addresses[0].display_name == "Portal „Żółw”", mail["From"]
    plain, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert len(page.encode()) < GMAIL_SHOWS, len(page)
    lines = plain.splitlines()
    assert all(len(line) <= 76 or line.startswith("http") for line in lines), plain
    outline = Outline(page)
    for link in outline.links:
        assert link in lines, f"{link} is not in the text: {plain}"
    levels = outline.headings
    steps = zip(levels, levels[1:])
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in steps), levels
    return plain, page


def as_mutt_shows(raw: bytes) -> list[str]:
    """The lines that mutt shows of a letter, below its headers."""
    with tempfile.TemporaryDirectory(prefix="wici-mutt-") as name:
        folder = pathlib.Path(name)
        first = b"From wici@portal.example Tue Nov 24 08:00:00 2026\n"
        (folder / "mbox").write_bytes(first + raw.replace(b"\r\n", b"\n") + b"\n")
        keys = f"<pipe-message>cat > {folder}/shown<enter><quit>"
        settings = [f"set folder={folder} pipe_decode charset=utf-8 wait_key=no quit=yes", f'push "{keys}"']
        (folder / "muttrc").write_text("\n".join(settings))
        # mutt wants a terminal.
        mutt = f"mutt -n -F {folder}/muttrc -R -f {folder}/mbox"
        subprocess.run(
            ["script", "-qec", mutt, "/dev/null"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"TERM": "xterm", "LC_ALL": "C.UTF-8", "HOME": name},
            timeout=DEADLINE,
            check=True,
        )
        return (folder / "shown").read_text().partition("\n\n")[2].rstrip("\n").split("\n")


def layout(pages: dict[str, str], shot: pathlib.Path) -> list[tuple[str, int]]:
    """How wide Chromium makes each letter in frames of each width; a picture of them all."""
    frames = [
        f'<iframe title="{name} {width}" width="{width}" height="1200" style="border:0" srcdoc="{html.escape(page)}"></iframe>'
        for name, page in pages.items()
        for width in WIDTHS
    ]
    with tempfile.TemporaryDirectory(prefix="wici-chromium-") as folder:
        page = pathlib.Path(folder) / "letters.html"
        page.write_text(f'<!DOCTYPE html><meta charset="utf-8"><body>{"".join(frames)}{MEASURE}')
        own = [f"--user-data-dir={folder}/profile", f"--screenshot={shot}", page.as_uri()]
        done = subprocess.run(
            ["chromium", *FLAGS, "--dump-dom", *own],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
    told = re.search(r"<pre>(.*?)</pre>", done.stdout)
    assert told, done.stderr
    wide = json.loads(html.unescape(told[1]))
    assert len(wide) == len(frames), wide
    return wide


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: letters.py LETTERS")
    main(pathlib.Path(sys.argv[1]).resolve(strict=True))
