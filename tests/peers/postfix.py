#!/usr/bin/env python3
"""One mail goes from a new file in content/ through the daemon to a real Postfix, and Python's
`email` reads what came out: `postfix.py WICI`, WICI being the binary. Wants root, as Postfix does."""

import contextlib
import email
import email.policy
import html
import os
import pathlib
import pwd
import re
import socket
import subprocess
import sys
import tempfile

from harness import DEADLINE, Site, alive, show, wait

READER = "reader@wici.test"

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file = {root}/maillog
maillog_file_prefixes = {root}
myhostname = mx.wici.test
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
virtual_mailbox_domains = wici.test
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = static:inbox/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"""

# service type private unpriv chroot wakeup maxproc command
MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""

DAEMON_TOML = """
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
kind = "directory"
path = "content"
link = "{{site}}{{path}}/"
settle = "100ms"

[feeds]
dir = "feeds"

[web]
listen = "127.0.0.1:0"
url = "https://news.portal.example/"

[mail]
from = "Portal <wici@portal.example>"
transport = "smtp+plain://127.0.0.1:{port}"

[[schedule]]
name = "daily"
cron = "0 8 * * *"

[immediate]
delay = "0s"
"""

OLD = """---
title: Strona, która już tu była
date: 2026-01-05
---

Nie jest nowością, więc nikt nie dostanie o niej listu.
"""

TITLE = "Żółta łódź płynie do Чернівців"
NEW = f"""---
title: {TITLE}
tags: [Współpraca]
---

Pierwszy rejs odbędzie się w sobotę. Ласкаво просимо на борт!
"""


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: postfix.py WICI")
    wici = pathlib.Path(sys.argv[1]).resolve(strict=True)
    with tempfile.TemporaryDirectory(prefix="wici-postfix-") as folder:
        root = pathlib.Path(folder)
        root.chmod(0o755)  # Postfix's own user walks through it
        with postfix(root / "postfix") as (port, inbox):
            raw = mail_by_the_daemon(wici, root / "site", port, inbox)
    check(raw)
    print("postfix.py: one mail went in, came out, and reads as it was meant")


@contextlib.contextmanager
def postfix(root: pathlib.Path):
    """A private Postfix on a loopback port; yields the port and the folder of new mail."""
    owner = pwd.getpwnam("postfix")
    for part in ("config", "queue", "data", "mail"):
        (root / part).mkdir(parents=True)
    for part in ("data", "mail"):
        os.chown(root / part, owner.pw_uid, owner.pw_gid)
    port = free_port()
    values = {"root": root, "port": port, "uid": owner.pw_uid, "gid": owner.pw_gid}
    config = root / "config"
    (config / "main.cf").write_text(MAIN_CF.format(**values))
    (config / "master.cf").write_text(MASTER_CF.format(**values))
    command = ["postfix", "-c", str(config)]
    said = root / "said"
    with said.open("wb") as out:
        # In a session of its own, as Postfix ends its whole process group.
        master = subprocess.Popen(
            [*command, "start-fg"], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        wait("Postfix to listen", lambda: alive(master) and answers(port))
        yield port, root / "mail" / "inbox" / "new"
    except BaseException:
        show(said)
        show(root / "maillog")
        raise
    finally:
        # Until it has begun to run, it can't be stopped.
        wait("Postfix to stop", lambda: stopped(master, command))


def stopped(master: subprocess.Popen, command: list[str]) -> bool:
    if master.poll() is None:
        subprocess.run([*command, "stop"], stderr=subprocess.DEVNULL, timeout=DEADLINE)
    return master.poll() is not None


def mail_by_the_daemon(wici: pathlib.Path, folder: pathlib.Path, port: int, inbox: pathlib.Path) -> bytes:
    """Runs the daemon on a new site until the reader's mail has come."""
    site = Site(wici, folder)
    site.content.mkdir(parents=True)
    (site.content / "old.md").write_text(OLD)
    (folder / "daemon.toml").write_text(DAEMON_TOML.format(port=port))
    with site.daemon():
        site.subscribe(READER)
        site.save("new.md", NEW)
        wait("the mail", lambda: mails(inbox))
    arrived = mails(inbox)
    assert len(arrived) == 1, f"one mail was expected, {len(arrived)} came"
    return arrived[0].read_bytes()


def check(raw: bytes) -> None:
    """What a reader, and a mail program, must find in the mail."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    defects = [defect for part in mail.walk() for defect in part.defects]
    assert not defects, defects
    assert TITLE in mail["Subject"], mail["Subject"]
    assert mail["To"].addresses[0].addr_spec == READER, mail["To"]
    assert mail["From"].addresses[0].addr_spec == "wici@portal.example", mail["From"]
    assert mail["Date"].datetime is not None and mail["Message-ID"], mail.items()
    unsubscribe = mail["List-Unsubscribe"]
    assert unsubscribe and "<https://news.portal.example/unsubscribe/" in unsubscribe, unsubscribe
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", mail.items()
    assert "<wici.news.portal.example>" in mail["List-Id"], mail["List-Id"]
    assert mail["List-Help"] == "<https://news.portal.example/>", mail.items()
    assert mail["Auto-Submitted"] == "auto-generated", mail.items()
    assert mail["Content-Language"] == "pl", mail.items()
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None, f"no text/{kind} body"
        text = part.get_content()
        assert TITLE in text, f"no title in text/{kind}: {text}"
        assert "https://news.portal.example/unsubscribe/" in text, f"no way out in text/{kind}"
        assert "https://portal.example/new/" in text, f"no link in text/{kind}: {text}"
    plain, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    links = [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page)]
    assert len(links) >= 3, page
    for link in links:
        assert link in plain.split(), f"{link} is not in the text: {plain}"
    lines = plain.splitlines()
    assert all(len(line) <= 76 or line.startswith("http") for line in lines), lines


def mails(inbox: pathlib.Path) -> list[pathlib.Path]:
    return sorted(inbox.iterdir()) if inbox.is_dir() else []


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            return connection.recv(3) == b"220"
    except OSError:
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


if __name__ == "__main__":
    main()
