"""Measures the daemon on a folder of content; scripts/scale calls it.

Prints a table. Times are of this machine as loaded as it is: the floor is measured between the
edits, and processor time is given beside the clock's.
"""

import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

SETTLE = 0.1  # seconds, as in the configuration below
PATIENCE = 1800  # for one start
EDIT_PATIENCE = 30
FORMATS = ("rss", "atom", "json")

CONFIG = """\
state = "state"
[site]
title = "Portal"
url = "https://portal.example/"
authority = "portal.example,2026"
language = "pl"
languages = ["pl", "uk", "en"]
timezone = "Europe/Warsaw"
[[source]]
name = "pages"
path = "{content}"
settle = "100ms"
rescan = "1h"
[feeds]
dir = "feeds"
[web]
listen = "127.0.0.1:0"
url = "https://news.portal.example/"
[mail]
from = "Portal <wici@portal.example>"
transport = "outbox:outbox"
"""


class Table:
    """Rows, each printed as it comes."""

    def __init__(self):
        print("| what | measured |\n| --- | ---: |", flush=True)

    def add(self, row: tuple[str, str]):
        print(f"| {row[0]} | {row[1]} |", flush=True)


class Daemon:
    """The daemon from its start on."""

    def __init__(self, wici: str, site: Path, kind: str):
        self.log = site / f"{kind}.log"
        self.start = time.monotonic()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [wici, "-c", str(site / "daemon.toml"), "run"],
                stdout=log,
                stderr=log,
                env=os.environ | {"WICI_LOG": "wici=debug"},
            )
        self.port = int(self.said(r"listens on http://127\.0\.0\.1:(\d+)/").group(1))

    def said(self, pattern: str) -> re.Match:
        """Waits until the log has the pattern."""
        return self.until(lambda: re.search(pattern, self.log.read_text()), pattern)

    def serves(self, path: str) -> bytes:
        """Waits until a feed is served."""
        return self.until(lambda: self.get(path), path)

    def until(self, found, what: str):
        while time.monotonic() < self.start + PATIENCE:
            answer = found()
            if answer:
                return answer
            if self.process.poll() is not None:
                break
            time.sleep(0.002)
        sys.exit(f"waited in vain for {what}: {self.log.read_text()[-2000:]}")

    def get(self, path: str, method: str = "GET"):
        """The bytes of a feed (HEAD: its entity tag), or None."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, f"/feeds/{path}")
            answer = connection.getresponse()
            body = answer.read()
        except ConnectionRefusedError:
            return None
        finally:
            connection.close()
        if answer.status != 200:
            return None
        return body if method == "GET" else answer.getheader("ETag")

    def elapsed(self) -> float:
        return time.monotonic() - self.start

    def processor(self) -> float:
        """User and system seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, what: str) -> float:
        """Resident memory, MB: VmRSS now, VmHWM at its highest."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+) kB", status).group(1)) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(timeout=60) != 0:
            sys.exit(f"it did not end in order: {self.log.read_text()[-2000:]}")


def start(daemon: Daemon, kind: str, rows: "Table"):
    """Notes when feeds are served, when all is rendered and the scan has ended, and when the archives
    are written, which is done behind the feeds."""
    daemon.serves("all.atom")
    rows.add((f"{kind} start, until feeds are served", f"{daemon.elapsed():.2f} s"))
    daemon.said(r"looked at everything")
    if kind == "cold":
        daemon.said(r"(?s)looked at everything.*feeds are up to date")
    rows.add((f"{kind} start, until all is scanned and rendered", f"{daemon.elapsed():.1f} s"))
    # A warm start may find so before it has looked at everything.
    after = r"(?s)looked at everything.*" if kind == "cold" else ""
    daemon.said(after + "archives are up to date")
    rows.add((f"{kind} start, until archives are up to date", f"{daemon.elapsed():.1f} s"))
    rows.add(("  processor time", f"{daemon.processor():.1f} s"))
    rows.add(("  resident memory, highest", f"{daemon.memory('VmHWM'):.0f} MB"))
    rows.add(("  resident memory, then", f"{daemon.memory('VmRSS'):.0f} MB"))


def feed_paths(text: str) -> list[str]:
    """The files that a publication's feeds have, from its front matter."""
    language = re.search(r"^lang: (\w+)", text, re.M).group(1)
    tags = re.search(r"^tags: \[(.*)\]", text, re.M).group(1).split(", ")
    stems = ["all"] + [f"tag/{tag}" for tag in tags]
    return [f"{place}{stem}.{form}" for stem in stems for place in ("", f"{language}/") for form in FORMATS]


def replace(path: Path, text: bytes):
    """As an editor saves: under another name, then renamed."""
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(text)
    new.rename(path)


def edit(daemon: Daemon, feeds: Path, file: Path, number: int):
    """Edits a title. Returns the seconds beyond the settle time until every feed is on disk, and
    until the last one is served, and the files."""
    text = file.read_text()
    title = f"Poprawiony tytuł {number} ({time.time_ns()})"
    files = [feeds / path for path in feed_paths(text)]
    former = {file: file.stat().st_ino for file in files}
    changed = re.sub(r"^title: .*$", f'title: "{title}"', text, count=1, flags=re.M)
    tags = {file: daemon.get(str(file.relative_to(feeds)), "HEAD") for file in files}
    start = time.monotonic()
    replace(file, changed.encode())
    waiting, last = list(files), files[0]
    while waiting:
        for path in [path for path in waiting if path.stat().st_ino != former[path]]:
            waiting.remove(path)
            last = path
        if time.monotonic() > start + EDIT_PATIENCE:
            sys.exit(f"edit {number} of {file}: waited in vain for {waiting}")
        time.sleep(0.0002)
    on_disk = time.monotonic()
    path = str(last.relative_to(feeds))
    while daemon.get(path, "HEAD") == tags[last]:
        pass
    served = time.monotonic()
    for path in files:
        if title.encode() not in daemon.get(str(path.relative_to(feeds))):
            sys.exit(f"{path} is served without its edit")
    return on_disk - start - SETTLE, served - start - SETTLE, files


def floor(scratch: Path, files: list[Path]) -> float:
    """Seconds to write files of these sizes, each under another name and renamed."""
    scratch.mkdir(exist_ok=True)
    bytes_of = [bytes(path.stat().st_size) for path in files]
    for number in range(len(files)):
        (scratch / str(number)).write_bytes(bytes_of[number])
    start = time.monotonic()
    for number, data in enumerate(bytes_of):
        replace(scratch / str(number), data)
    return time.monotonic() - start


def milliseconds(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99, 1)]
    return " / ".join(f"{1000 * value:.1f}" for value in at) + " ms"


# Between edits, and before and after each floor: what was written before should be on the disk, so
# that it does not lie in the way of what is measured. No editor is faster.
APART = 0.3


def edits(daemon: Daemon, site: Path, content: Path, count: int, rows: "Table"):
    """Edits the newest publications, which are in every feed of theirs."""
    newest = [item["id"].split(":pages/")[1] for item in json.loads(daemon.serves("all.json"))["items"]]
    disk, served, floors, numbers, sizes = [], [], [], [], []
    before = daemon.processor()
    for number in range(count):
        a, b, files = edit(daemon, site / "feeds", content / newest[number % len(newest)], number)
        time.sleep(APART)
        disk.append(a)
        served.append(b)
        floors.append(floor(site / "floor", files))
        time.sleep(APART)
        numbers.append(len(files))
        sizes.append(sum(path.stat().st_size for path in files))
    used = (daemon.processor() - before) / count
    files, size = statistics.mean(numbers), statistics.mean(sizes) / 2**20
    rows.add((f"{count} edits, {files:.0f} files of together {size:.1f} MB each: on disk, median / p99 / most", milliseconds(disk)))
    rows.add(("  served", milliseconds(served)))
    rows.add(("  the floor: those files written and renamed", milliseconds(floors)))
    rows.add(("  processor time for each, with reading the feeds", f"{1000 * used:.1f} ms"))
    rows.add(("  resident memory, then", f"{daemon.memory('VmRSS'):.0f} MB"))


def main():
    wici, content, work, count = sys.argv[1], Path(sys.argv[2]).absolute(), Path(sys.argv[3]), int(sys.argv[4])
    site = work / "site"
    kinds = ["warm"] if site.exists() else ["cold", "warm"]
    site.mkdir(exist_ok=True)
    (site / "daemon.toml").write_text(CONFIG.format(content=content))
    rows = Table()
    for kind in kinds:
        daemon = Daemon(wici, site, kind)
        try:
            start(daemon, kind, rows)
            if kind == "warm":
                edits(daemon, site, content, count, rows)
            daemon.stop()
        finally:
            daemon.process.kill()
    count = sum(len(names) for _, _, names in os.walk(content))
    for what, size in (("feeds", used(site / "feeds")), ("state", used(site / "state"))):
        rows.add((f"{what} of {count:,} publications, on disk", f"{size:,.0f} MB"))


def used(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


main()
