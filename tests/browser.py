"""A real Chromium without a window, driven over its own protocol through a pipe; and a web server for a folder."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-sync", "--disable-component-update", "--hide-scrollbars", "--remote-debugging-pipe"),
)
PATIENCE_S = 60


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are none of the descriptors that the browser expects."""
    import fcntl

    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


class Browser:
    """One page. requests, failures, errors: URLs asked for, those that failed or gave 400 and up, console errors."""

    def __init__(self, program: str, profile: Path) -> None:
        (asked, ours), (theirs, told) = _pipe(), _pipe()

        def as_three_and_four() -> None:
            os.dup2(asked, 3)
            os.dup2(told, 4)

        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(3, 4),
            preexec_fn=as_three_and_four,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(asked)
        os.close(told)
        self._out, self._in = os.fdopen(ours, "wb", buffering=0), os.fdopen(theirs, "rb", buffering=0)
        self._number, self._rest, self._loaded = 0, b"", 0
        self.requests: list[str] = []
        self.failures: list[str] = []
        self.errors: list[str] = []
        self._session: str | None = None
        (target,) = [one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser."""
        with suppress(OSError, EOFError):
            self.call("Browser.close")
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        self._process.kill()
        self._process.wait()
        self._out.close()
        self._in.close()

    def call(self, method: str, **parameters: Any) -> Any:
        """One command of the protocol, and its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session and not method.startswith("Browser."):
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            got = self._message()
            if got.get("id") == self._number:
                assert "error" not in got, f"{method}: {got['error']}"
                return got["result"]

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = self._in.read(1 << 20)
            if not piece:
                raise EOFError("the browser ended")
            self._rest += piece
        one, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(one)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, told: dict[str, Any]) -> None:
        if "favicon.ico" in json.dumps(told):
            return  # the browser's own idea
        if method == "Page.loadEventFired":
            self._loaded += 1
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Network.responseReceived" and told["response"]["status"] >= 400:
            self.failures.append(f"{told['response']['status']} {told['response']['url']}")
        elif method == "Network.loadingFailed" and not told.get("canceled"):
            self.failures.append(told["errorText"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(told["exceptionDetails"])[:500])
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(told["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "assert"):
            self.errors.append(json.dumps(told["args"])[:500])

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded."""
        before = self._loaded
        self.call("Page.navigate", url=url)
        until = time.monotonic() + PATIENCE_S
        while self._loaded == before and time.monotonic() < until:
            self._message()

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        told = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, script: str) -> Any:
        """Wait until an expression in the page is true; gives its value."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if value := self.run(script):
                return value
            time.sleep(0.05)
        raise AssertionError(f"never true: {script}")

    def images(self) -> list[dict[str, Any]]:
        """Every image of the page, scrolled to and decoded: current (its last part), natural width, width, height."""
        return self.run(  # type: ignore[no-any-return]
            "Promise.all([...document.images].map(async i => { i.loading = 'eager';"
            " await i.decode().catch(() => 0); const box = i.getBoundingClientRect();"
            " return {current: i.currentSrc.split('/').pop(), natural: i.naturalWidth, width: box.width,"
            " height: box.height, alt: i.alt}; }))"
        )

    def window(self, width: int, height: int, scale: float = 1, dark: bool = False) -> None:
        """Set the window's size in CSS px, the device's pixel ratio and the preferred scheme."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def press(self, key: str) -> None:
        """Press a key by the name that the web gives it."""
        codes = {"ArrowLeft": 37, "ArrowRight": 39, "Tab": 9, "Enter": 13, "Escape": 27, "Home": 36, "End": 35}
        about = {"key": key, "code": key, "windowsVirtualKeyCode": codes.get(key, 0)}
        if len(key) == 1:
            about |= {"text": key}
        self.call("Input.dispatchKeyEvent", type="keyDown", **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def screenshot(self, file: Path, whole: bool = False) -> None:
        """A PNG of the window, or of the whole page."""
        told = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(told["data"]))


def program() -> str | None:
    """Chromium or Chrome on this machine."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser of the test's own; skips where there is none."""
    found = program()
    if found is None or os.name == "nt":
        pytest.skip("no Chromium here")
    one = Browser(found, tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


@contextmanager
def served(folder: Path, prefix: str = "") -> Iterator[str]:
    """A web server for a folder, at a free port; gives the URL of its root. prefix: a path before it, as "/docs"."""
    handler: Callable[..., Any] = functools.partial(_Quiet, directory=str(folder), prefix=prefix)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".avif": "image/avif",
        ".webp": "image/webp",
    }

    def __init__(self, *arguments: Any, prefix: str, **more: Any) -> None:
        self._prefix = prefix
        super().__init__(*arguments, **more)

    def translate_path(self, path: str) -> str:
        """Outside the prefix there is nothing."""
        if not path.startswith(self._prefix + "/"):
            return "/nothing/here"
        return super().translate_path(path[len(self._prefix) :])

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""
