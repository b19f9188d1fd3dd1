"""A `semopt watch` that runs, and what its tests hold it against."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import Tree, drawing, encoded

PATIENCE_S = 60
CONFIG = "version: 1\nrules: [{match: '**', strategy: lossless, formats: [webp]}]\n"
ONE, TWO, THREE = (encoded(drawing(60 + size, 40), "PNG", compress_level=0) for size in range(3))

Line = dict[str, Any]


class Watcher:
    """A `semopt watch --json` that runs, and its lines as they come."""

    def __init__(self, tree: Tree, *arguments: str, **environment: str) -> None:
        hears = None if sys.platform == "win32" else lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "semopt", "watch", "--jobs", "1", *arguments],
            cwd=tree.root,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hears,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def until(self, wanted: Callable[[Line], bool], seconds: float = PATIENCE_S) -> list[Line]:
        """Lines up to the first that is wanted."""
        met: list[Line] = []
        deadline = time.monotonic() + seconds
        while not met or not wanted(met[-1]):
            try:
                met.append(json.loads(self.lines.get(timeout=max(0, deadline - time.monotonic()))))
            except queue.Empty:
                pytest.fail(f"waited in vain after {met}")
        return met

    def built(self) -> list[Line]:
        """Lines up to the end of the next build."""
        return self.until(lambda line: line["type"] == "built")

    def outcome(self, path: str, status: str) -> list[Line]:
        """Lines up to this outcome of a path, its build included."""
        met = self.until(lambda line: line.get("path") == path and line.get("status", line["type"]) == status)
        return met + self.built()

    def quiet(self, seconds: float) -> bool:
        """Whether no line comes."""
        with contextlib.suppress(queue.Empty):
            pytest.fail(f"did not expect {self.lines.get(timeout=seconds)}")
        return True

    def stop(self, number: signal.Signals = signal.SIGTERM) -> str:
        """Send a signal and wait for the end; gives stderr."""
        self.process.send_signal(number)
        self.process.wait(PATIENCE_S)
        assert self.process.stderr is not None
        return self.process.stderr.read()


@contextlib.contextmanager
def watchers(tree: Tree) -> Iterator[Callable[..., Watcher]]:
    """Starts watchers on the tree, which has one image; ends them after the block."""
    tree.put("semopt.yaml", CONFIG)
    tree.put("first.png", ONE)
    started: list[Watcher] = []

    def start(*arguments: str, **environment: str) -> Watcher:
        started.append(Watcher(tree, *(arguments or ("--json",)), **environment))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            assert "Traceback" not in one.stop()


def trapped(tree: Tree, body: str) -> dict[str, str]:
    """An environment in which a watcher first runs this, its workers not."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    tree.put("../trap/sitecustomize.py", f"import sys\nif 'watch' in sys.orig_argv:\n{lines}")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(tree.root.parent / "trap"), os.environ.get("PYTHONPATH")]))}


def same_as_one_build(tree: Tree, tmp_path: Path) -> None:
    """A build of the originals alone gives this very tree."""
    other = Tree(tmp_path / "other")
    ours = {path for path in tree.files() if ".semopt." in path or path == "semopt-manifest.json"}
    for path, content in tree.files().items():
        if path not in ours:
            other.put(path, content)
    other.build()
    assert other.files() == tree.files()
