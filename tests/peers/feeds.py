#!/usr/bin/env python3
"""Lets real judges look at every feed under a folder.

    feeds.py DIR SCHEMAS

DIR holds the feeds; SCHEMAS holds atom.rnc, rss-2_0.xsd and json-feed-1.1.schema.json (absent:
those judges are left out, which is said). Needs jing and xmllint on the path, and the packages of
requirements.txt. Exit 1 if anything is wrong, or if there was no feed to look at.
"""

import calendar
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from datetime import datetime
from pathlib import Path

import feedparser
import jsonschema

SCHEMAS = ("atom.rnc", "rss-2_0.xsd", "json-feed-1.1.schema.json")


def judge(*command):
    """What a program complains of."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return []
    said = (done.stdout + done.stderr).strip().splitlines()
    return [line for line in said if not line.endswith(" validates")] or ["refused"]


def atom_schema(paths, schemas):
    return judge("jing", "-c", schemas / "atom.rnc", *paths) if paths else []


def rss_schema(paths, schemas):
    """The XSD demands an item (its own comment calls that a hack): an empty feed is lent one."""
    with tempfile.TemporaryDirectory() as folder:
        judged = []
        for number, path in enumerate(paths):
            try:
                tree = ElementTree.parse(path)
            except ElementTree.ParseError:
                tree = None  # xmllint will say so
            channel = tree and tree.find("channel")
            if channel is not None and channel.find("item") is None:
                item = ElementTree.SubElement(channel, "item")
                ElementTree.SubElement(item, "title").text = "lent"
                path = Path(folder) / f"{number}-{path.name}"
                tree.write(path, encoding="utf-8", xml_declaration=True)
            judged.append(path)
        xsd = schemas / "rss-2_0.xsd"
        return judge("xmllint", "--noout", "--nonet", "--schema", xsd, *judged) if judged else []


def json_schema(paths, schemas):
    schema = json.loads((schemas / "json-feed-1.1.schema.json").read_text())
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    missing = {"uri", "date-time"} - set(kind.FORMAT_CHECKER.checkers)
    if missing:
        raise SystemExit(f"feeds.py: jsonschema cannot check {missing}: see requirements.txt")
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)
    wrong = []
    for path in paths:
        try:
            errors = validator.iter_errors(json.loads(path.read_text()))
            wrong += [f"{path}: {error.json_path}: {error.message}" for error in errors]
        except ValueError as error:
            wrong.append(f"{path}: not JSON: {error}")
    return wrong


def read_xml(path):
    """What a feed reader sees: [(id, title, link, instant published, pages in other languages,
    files)], and complaints."""
    # Sanitising is the reader's affair; here the texts are compared as they were sent.
    feed = feedparser.parse(path.read_bytes(), sanitize_html=False, resolve_relative_uris=False)
    wrong = [f"{path}: not well-formed: {feed.get('bozo_exception')}"] if feed.bozo else []
    wrong += [f"{path}: the feed has no {key}" for key in ("title", "link", "updated_parsed") if not feed.feed.get(key)]
    selves = [link.href for link in feed.feed.get("links", []) if link.rel == "self"]
    if len(selves) != 1 or not selves[0].endswith(path.suffix):
        wrong.append(f"{path}: rel=self is {selves}")
    entries = []
    for number, entry in enumerate(feed.entries):
        keys = ("id", "title", "link", "published_parsed")
        wrong += [f"{path}: entry {number} has no {key}" for key in keys if not entry.get(key)]
        published = entry.get("published_parsed")
        entries.append((
            entry.get("id"),
            entry.get("title"),
            entry.get("link"),
            published and calendar.timegm(published),
            sorted(
                (link.hreflang, link.href, link.title)
                for link in entry.get("links", [])
                if link.rel == "alternate" and link.get("title")
            ),
            # Media RSS has what RSS itself has no room for. Unknown lengths are 0 there.
            sorted(
                [(file.href, file.type, int(file.get("length") or 0)) for file in entry.get("enclosures", [])]
                + [(file["url"], file["type"], int(file.get("filesize", 0))) for file in entry.get("media_content", [])]
            ),
        ))
    return entries, wrong


def read_json(path):
    feed = json.loads(path.read_text())
    entries, wrong = [], []
    for number, item in enumerate(feed["items"]):
        keys = ("id", "title", "url", "date_published", "date_modified")
        wrong += [f"{path}: item {number} has no {key}" for key in keys if not item.get(key)]
        published = item.get("date_published")
        entries.append((
            item.get("id"),
            item.get("title"),
            item.get("url"),
            published and int(datetime.fromisoformat(published).timestamp()),
            sorted(
                (other["language"], other["url"], other["title"])
                for other in item.get("_wici", {}).get("translations", [])
            ),
            sorted(
                (file["url"], file["mime_type"], file.get("size_in_bytes", 0))
                for file in item.get("attachments", [])
            ),
        ))
    return entries, wrong


def agreement(feeds):
    """Every format of one feed says the same."""
    wrong, stems = [], {}
    for path in feeds:
        try:
            entries, complaints = read_json(path) if path.suffix == ".json" else read_xml(path)
        except (ValueError, KeyError) as error:
            wrong.append(f"{path}: cannot be read: {error!r}")
            continue
        wrong += complaints
        ids = [entry[0] for entry in entries]
        if len(ids) != len(set(ids)):
            wrong.append(f"{path}: an id occurs twice")
        first_path, first = stems.setdefault(path.with_suffix(""), (path, entries))
        if entries != first:
            wrong.append(f"{path} and {first_path} differ:\n  {entries}\n  {first}")
    return wrong


def index(path, feeds):
    """The list names feeds that exist."""
    if not path.exists():
        return []
    known = {str(feed.relative_to(path.parent)) for feed in feeds}
    urls = [outline.get("xmlUrl") for outline in ElementTree.parse(path).iter("outline")]
    return [f"{path}: no file for {url}" for url in urls if not any(url.endswith("/" + k) for k in known)]


def main(root, schemas):
    found = {
        suffix: sorted(path for path in root.rglob(f"*{suffix}") if path.is_file())
        for suffix in (".rss", ".atom", ".json")
    }
    feeds = [path for paths in found.values() for path in paths]
    if not feeds:
        raise SystemExit(f"feeds.py: no feeds under {root}")
    wrong = agreement(feeds) + index(root / "index.opml", feeds)
    absent = [name for name in SCHEMAS if not (schemas / name).is_file()]
    if absent:
        print(f"feeds.py: SKIPPED the schemas: {', '.join(absent)} not in {schemas}")
    else:
        wrong += atom_schema(found[".atom"], schemas)
        wrong += rss_schema(found[".rss"], schemas)
        wrong += json_schema(found[".json"], schemas)
    for complaint in wrong:
        print(complaint, file=sys.stderr)
    counts = ", ".join(f"{len(paths)} {suffix}" for suffix, paths in found.items())
    print(f"feeds.py: {counts}: {len(wrong) or 'no'} complaints")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
