#!/usr/bin/env python3
"""One mail goes from a new file in content/ through the daemon to a real Postfix, and Python's
`email` reads what came out: `postfix.py WICI`, WICI being the binary. Wants root, as Postfix does."""

import contextlib
import email
import email.policy
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time

DEADLINE = 60.0
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
    print("postfix: one mail went in, came out, and reads as it was meant")


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
    try:
        subprocess.run([*command, "start"], check=True, timeout=DEADLINE)
        wait("Postfix to listen", lambda: answers(port))
        yield port, root / "mail" / "inbox" / "new"
    except BaseException:
        show(root / "maillog")
        raise
    finally:
        subprocess.run([*command, "stop"], check=True, timeout=DEADLINE)


def mail_by_the_daemon(wici: pathlib.Path, site: pathlib.Path, port: int, inbox: pathlib.Path) -> bytes:
    """Runs the daemon on a new site until the reader's mail has come, then stops it in order."""
    content = site / "content"
    content.mkdir(parents=True)
    (content / "old.md").write_text(OLD)
    (site / "daemon.toml").write_text(DAEMON_TOML.format(port=port))
    command = [str(wici), "-c", str(site / "daemon.toml")]
    log = site / "daemon.log"
    with log.open("wb") as out:
        daemon = subprocess.Popen([*command, "run"], stdout=out, stderr=out)
    try:
        feed = site / "feeds" / "all.atom"
        wait(
            "the first scan",
            lambda: alive(daemon) and feed.exists() and "która już tu była" in feed.read_text(),
        )
        add = ["subscribers", "add", READER, "--confirmed", "--schedule", "immediate"]
        subprocess.run([*command, *add], check=True, timeout=DEADLINE)
        (content / ".new").write_text(NEW)
        (content / ".new").rename(content / "new.md")
        wait("the mail", lambda: alive(daemon) and mails(inbox))
        daemon.send_signal(signal.SIGTERM)
        code = daemon.wait(DEADLINE)
        assert code == 0, f"after SIGTERM the daemon exits with {code}, not 0"
        arrived = mails(inbox)
        assert len(arrived) == 1, f"one mail was expected, {len(arrived)} came"
        return arrived[0].read_bytes()
    except BaseException:
        show(log)
        raise
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()


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
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None, f"no text/{kind} body"
        text = part.get_content()
        assert TITLE in text, f"no title in text/{kind}: {text}"
        assert "https://news.portal.example/unsubscribe/" in text, f"no way out in text/{kind}"
        assert "https://portal.example/new/" in text, f"no link in text/{kind}: {text}"


def mails(inbox: pathlib.Path) -> list[pathlib.Path]:
    return sorted(inbox.iterdir()) if inbox.is_dir() else []


def alive(daemon: subprocess.Popen) -> bool:
    assert daemon.poll() is None, f"the daemon ended with {daemon.returncode}"
    return True


def wait(what: str, condition) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"waited {DEADLINE:.0f} s for {what}"
        time.sleep(0.05)


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            return connection.recv(3) == b"220"
    except OSError:
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def show(log: pathlib.Path) -> None:
    if log.exists():
        print(f"--- {log.name}\n{log.read_text(errors='replace')}---", file=sys.stderr)


if __name__ == "__main__":
    main()
