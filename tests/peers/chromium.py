"""Chromium without a window, told what to do over a pair of pipes (Chrome DevTools Protocol), so that
neither a port nor a package is needed."""

import base64
import contextlib
import json
import os
import pathlib
import select
import subprocess
import tempfile
import time

from harness import DEADLINE

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
]


class Tab:
    """One page, and what it is shown as."""

    def __init__(self, send, receive):
        self._send, self._receive, self._number = send, receive, 0
        self._session, self._loaded, self.complaints = None, False, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._send(json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def _next(self) -> dict:
        message = json.loads(self._receive())
        match message.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Log.entryAdded":
                self.complaints.append(message["params"]["entry"]["text"])
        return message

    def show_as(self, width: int, height: int, dark: bool, language: str) -> None:
        phone = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})

    def open(self, url: str) -> None:
        """Opens a page and waits until it is all there."""
        self.complaints.clear()
        self._loaded = False
        done = self.call("Page.navigate", url=url)
        assert "errorText" not in done, f"{url}: {done['errorText']}"
        self._wait()

    def press(self, selector: str) -> None:
        """Presses a button that leads to another page, and waits until that is all there."""
        self._loaded = False
        self.run(f"document.querySelector({json.dumps(selector)}).click()")
        self._wait()

    def _wait(self) -> None:
        while not self._loaded:
            self._next()

    def run(self, script: str):
        """The value of a script, which the page's own policy does not concern."""
        done = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def picture(self, path: pathlib.Path) -> None:
        """The whole page, however long."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextlib.contextmanager
def tab():
    """A tab of a Chromium of its own, which ends with it."""
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    with tempfile.TemporaryDirectory(prefix="wici-chromium-", ignore_cleanup_errors=True) as profile:
        # Chromium reads its third file and writes to its fourth.
        command = 'exec 3<&"$0" 4>&"$1"; shift; exec chromium "$@"'
        flags = [*FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        process = subprocess.Popen(
            ["bash", "-c", command, str(to_read), str(from_write), *flags],
            pass_fds=(to_read, from_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(from_write)
        held = bytearray()

        def receive() -> bytes:
            end = time.monotonic() + DEADLINE
            while b"\0" not in held:
                left = end - time.monotonic()
                ready = left > 0 and select.select([from_read], [], [], left)[0]
                assert ready, f"Chromium said nothing for {DEADLINE:.0f} s"
                part = os.read(from_read, 1 << 20)
                assert part, "Chromium has ended"
                held.extend(part)
            message, _, rest = bytes(held).partition(b"\0")
            held[:] = rest
            return message

        def send(message: bytes) -> None:
            while message:
                message = message[os.write(to_write, message) :]

        try:
            yield Tab(send, receive)
        finally:
            process.kill()
            process.wait()
            os.close(to_write)
            os.close(from_read)
