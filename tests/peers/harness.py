"""What the peers share: the real daemon on a site of its own, and waiting for what it does."""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

DEADLINE = 60.0
ROOT = pathlib.Path(__file__).resolve().parents[2]

if not __debug__:
    sys.exit("the peers judge by `assert`: not with -O or PYTHONOPTIMIZE")

# A signal unwinds the stack like any exception, so that what was started is ended.
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: sys.exit(128 + number))

# Everything here is on loopback.
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]


class Site:
    """A folder with daemon.toml, content/ and what the daemon makes of them."""

    def __init__(self, wici: pathlib.Path, folder: pathlib.Path):
        self.wici, self.folder = wici, folder
        self.content = folder / "content"

    def command(self, *arguments: str) -> str:
        """Runs a command of wici to its end; it must end well. Returns what it printed."""
        command = [self.wici, "-c", self.folder / "daemon.toml", *arguments]
        return subprocess.run(command, check=True, timeout=DEADLINE, stdout=subprocess.PIPE, text=True).stdout

    def subscribe(self, address: str, *more: str) -> None:
        """Subscribes someone who consented to each publication at once."""
        self.command("subscribers", "add", address, "--confirmed", "--schedule", "immediate", *more)

    def save(self, name: str, text: str) -> None:
        """Saves a page as editors do: whole, under another name, renamed."""
        (self.content / f".{name}").write_text(text)
        (self.content / f".{name}").rename(self.content / name)

    def feed(self) -> list[dict]:
        """What feeds/all.json has now."""
        path = self.folder / "feeds" / "all.json"
        return json.loads(path.read_text())["items"] if path.exists() else []

    def wait_for_feed(self, title: str) -> None:
        wait(f"a feed with {title!r}", lambda: any(title == item["title"] for item in self.feed()))

    @contextlib.contextmanager
    def daemon(self):
        """Runs the daemon, and ends it in order; yields the address of its pages once they are there."""
        log = self.folder / "daemon.log"
        command = [self.wici, "-c", self.folder / "daemon.toml", "run"]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            wait("the first scan", lambda: alive(process) and self.feed())
            yield re.search(r"listens on (http://\S+/);", log.read_text())[1]
            alive(process)
            process.terminate()
            code = process.wait(DEADLINE)
            assert code == 0, f"after SIGTERM the daemon exits with {code}, not 0"
        except BaseException:
            show(log)
            raise
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


@contextlib.contextmanager
def sample_site(wici: pathlib.Path):
    """The repository's own daemon.toml and content, on a free port, mailing without delay."""
    with tempfile.TemporaryDirectory(prefix="wici-peer-") as name:
        folder = pathlib.Path(name)
        shutil.copytree(ROOT / "content", folder / "content")
        shutil.copytree(ROOT / "templates", folder / "templates")
        text = (ROOT / "daemon.toml").read_text()
        for old, new in [('listen = "127.0.0.1:8080"', 'listen = "127.0.0.1:0"'), ('# delay = "2m"', 'delay = "0s"')]:
            assert old in text, f"daemon.toml has no {old}"
            text = text.replace(old, new)
        (folder / "daemon.toml").write_text(text)
        yield Site(wici, folder)


class Recorder(http.server.BaseHTTPRequestHandler):
    """Hands a request on to the daemon as it is, and the answer back, and writes both heads down."""

    def do_GET(self) -> None:
        connection = http.client.HTTPConnection(self.server.behind, timeout=DEADLINE)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, headers=dict(self.headers))
            answer = connection.getresponse()
            body = answer.read()
        self.server.seen.append((dict(self.headers), answer.status))
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


@contextlib.contextmanager
def recorded(address: str):
    """Another address of the daemon's pages; yields it, and the list of requests' headers and the
    status of each answer, which grows."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.behind, server.seen = urllib.parse.urlsplit(address).netloc, []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", server.seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def alive(process: subprocess.Popen) -> bool:
    assert process.poll() is None, f"{process.args} ended with {process.returncode}"
    return True


def wait(what: str, condition):
    """Waits until the condition gives something, and returns it."""
    end = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {DEADLINE:.0f} s for {what}"
        time.sleep(0.05)
    return value


def show(log: pathlib.Path) -> None:
    if log.exists():
        print(f"--- {log.name}\n{log.read_text(errors='replace')}---", file=sys.stderr)
