#!/usr/bin/env python3
"""Feeds are pushed (W3C Recommendation WebSub): `websub.py WICI`, WICI being the binary.

Flask-WebSub's subscriber finds the daemon's hub by a feed's address, subscribes with a secret, is
pushed a new page, whose signature it checks, and leaves again. Then Flask-WebSub's hub stands between
the two: the daemon tells it of the page."""

import contextlib
import pathlib
import sys
import threading
import types

import flask
from flask_websub.hub import Hub, SQLite3HubStorage
from flask_websub.subscriber import (
    SQLite3SubscriberStorage,
    SQLite3TempSubscriberStorage,
    Subscriber,
    discover,
)
from flask_websub.utils import request_url
from harness import Site, sample_site, wait
from werkzeug.serving import WSGIRequestHandler, make_server

SECRET = "known to the two of us"


class OverHttp(Subscriber):
    """It gives a secret to https alone; on loopback the hub speaks http."""

    def safe_post_request(self, url, **opts):
        return request_url(self.config, "POST", url.replace("https:", "http:"), **opts)


class Threads:
    """The part of Celery that the hub needs: a task is a thread, and is not tried again."""

    def task(self, bind=False, **_):
        def as_task(work):
            me = types.SimpleNamespace(request=types.SimpleNamespace(retries=0), retry=self.fail)

            def delay(*arguments):
                arguments = (me, *arguments) if bind else arguments
                threading.Thread(target=work, args=arguments).start()

            return types.SimpleNamespace(delay=delay)

        return as_task

    def fail(self, **_):
        raise RuntimeError("the subscriber was not reached")


class Silent(WSGIRequestHandler):
    def log(self, *_) -> None:
        pass


@contextlib.contextmanager
def served(app: flask.Flask):
    """Serves an application; yields its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Reader:
    """A subscriber, what it was told, and what it was pushed with a signature that is right."""

    def __init__(self, folder: pathlib.Path):
        self.app = flask.Flask("reader")
        self.hub = OverHttp(
            SQLite3SubscriberStorage(str(folder / "reader.db")),
            SQLite3TempSubscriberStorage(str(folder / "asked.db")),
        )
        self.app.register_blueprint(self.hub.build_blueprint(url_prefix="/pushed"))
        self.modes, self.bodies = [], []
        self.hub.add_success_handler(lambda _topic, _callback, mode: self.modes.append(mode))
        self.hub.add_listener(lambda _topic, _callback, body: self.bodies.append(body.decode()))

    def follow(self, base: str, feed: str) -> str:
        """Finds the hub of a feed and subscribes there. Returns the name of the subscription."""
        found = discover(feed)
        assert found["topic_url"] == feed, found
        found["hub_url"] = found["hub_url"].replace("http:", "https:")
        with self.app.test_request_context(base_url=base):
            name = self.hub.subscribe(**found, secret=SECRET, lease_seconds=3_600)
        wait("the subscription", lambda: self.modes == ["subscribe"])
        return name

    def leave(self, base: str, name: str) -> None:
        with self.app.test_request_context(base_url=base):
            self.hub.unsubscribe(name)
        wait("its end", lambda: self.modes == ["subscribe", "unsubscribe"])

    def wait_for(self, text: str) -> None:
        wait(f"a push with {text!r}", lambda: any(text in body for body in self.bodies))


def configure(site: Site, *lines: str) -> None:
    """The public address is the daemon's own; these lines stand under [websub]."""
    path = site.folder / "daemon.toml"
    text = path.read_text()
    for old, new in [
        ('url = "http://127.0.0.1:8080/"', 'url = "http://127.0.0.1:0/"'),
        ("[websub]\n", "\n".join(["[websub]", "allow_private = true", *lines, ""])),
    ]:
        assert old in text, f"daemon.toml has no {old}"
        text = text.replace(old, new)
    path.write_text(text)


def page(site: Site, name: str, title: str) -> None:
    site.save(name, f"---\ntitle: {title}\ntags: [prawo]\n---\nTreść.\n")


def own_hub(wici: pathlib.Path, method: str) -> None:
    with sample_site(wici) as site:
        configure(site, f'signature = "{method}"')
        reader = Reader(site.folder)
        with served(reader.app) as base, site.daemon() as address:
            name = reader.follow(base, f"{address}feeds/all.atom")
            page(site, "nowa.md", "Żółta łódź")
            reader.wait_for("Żółta łódź")
            reader.leave(base, name)
            wait("nobody to push to", lambda: "WebSub" not in site.command("status"))


def other_hub(wici: pathlib.Path) -> None:
    with sample_site(wici) as site:
        app = flask.Flask("hub")
        app.config["PUBLISH_SUPPORTED"] = True
        hub = Hub(SQLite3HubStorage(str(site.folder / "hub.db")), Threads())
        app.register_blueprint(hub.build_blueprint(url_prefix="/hub"))
        reader = Reader(site.folder)
        with served(app) as middle, served(reader.app) as base:
            configure(site, f'hub = "{middle}/hub"')
            with site.daemon() as address:
                reader.follow(base, f"{address}feeds/tag/prawo.rss")
                page(site, "nowa.md", "Łódź odpływa")
                reader.wait_for("Łódź odpływa")


def main(wici: pathlib.Path) -> None:
    for method in ("sha256", "sha384", "sha512"):
        own_hub(wici, method)
    other_hub(wici)
    print("websub.py: Flask-WebSub was pushed to, signed by each method, and told as a hub")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: websub.py WICI")
    main(pathlib.Path(sys.argv[1]).resolve(strict=True))
