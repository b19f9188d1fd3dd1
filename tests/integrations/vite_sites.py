"""Node and what npm installs, once for all tests that ask; and the plugin for Vite in a site of a test's own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from conftest import REPOSITORY, Tree

PLUGIN = REPOSITORY / "vite-plugin-semopt"
VITES = {"vite-lowest": "5.1.0", "vite-newest": "latest"}
"""The lowest that the plugin says it runs with, and the newest."""

PAGE = (REPOSITORY / "docs/integrations.md").read_text(encoding="utf-8")
COMMAND = f"command: {json.dumps([sys.executable, '-m', 'semopt'])}"
CONFIG = PAGE.partition("```js\n")[2].partition("```")[0].replace("semopt()", f"semopt({{ {COMMAND} }})")
"""The page's vite.config.js, with the `semopt` of this repository."""


def node(*arguments: str, cwd: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run node; skips where there is none, or none that is new enough."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("no node here")
    major, minor = subprocess.run([found, "--version"], capture_output=True, text=True).stdout[1:].split(".")[:2]
    if (int(major), int(minor)) < (20, 19):
        pytest.skip(f"node is {major}.{minor}; Vite wants 20.19")
    return subprocess.run([found, *arguments], cwd=cwd, input=text, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`node_modules` with both Vites and TypeScript, by npm; skips where npm or the registry is not to be had."""
    folder = tmp_path_factory.mktemp("npm")
    node("--version", cwd=folder)
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here")
    (folder / "package.json").write_text('{"type": "module"}')
    packages = [*(f"{name}@npm:vite@{version}" for name, version in VITES.items()), "typescript@5"]
    try:
        command = [npm, "install", "--no-audit", "--no-fund", *packages]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=400)
    except subprocess.TimeoutExpired:
        pytest.skip("npm install takes longer than six minutes")
    if ran.returncode:
        pytest.skip(f"npm cannot install Vite: {ran.stderr.strip()[-300:]}")
    return folder / "node_modules"


@dataclass(frozen=True)
class Site(Tree):
    """A project of Vite's."""

    def vite(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run vite, with the `semopt` of this repository within reach."""
        program = str(self.root / "node_modules/vite/bin/vite.js")
        return subprocess.run(
            ["node", program, *arguments],
            cwd=self.root,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )

    @contextmanager
    def running(self, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
        """Run vite until the block is left; gives the process, and the file that it writes its words to."""
        program = str(self.root / "node_modules/vite/bin/vite.js")
        log = self.root.parent / "vite.log"
        with open(log, "w") as words:
            vite = subprocess.Popen(
                ["node", program, *arguments],
                cwd=self.root,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=words,
                stderr=subprocess.STDOUT,
                text=True,
            )
        try:
            yield vite, log
        finally:
            vite.terminate()
            vite.wait(timeout=30)

    @contextmanager
    def serving(self) -> Iterator[tuple[str, subprocess.Popen[str]]]:
        """Run vite's server until the block is left; gives its URL and the process."""
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        with self.running("--host", "127.0.0.1", "--port", str(port), "--strictPort") as (server, _):
            _wait(f"http://127.0.0.1:{port}/", server)
            yield f"http://127.0.0.1:{port}", server


def site(root: Path, vite: Path, template: Path) -> Site:
    """A copy of a project, with Vite and the plugin in it as npm would have put them."""
    shutil.copytree(template, root)
    (root / "node_modules").mkdir()
    for name, target in {"vite": vite, "vite-plugin-semopt": PLUGIN}.items():
        (root / "node_modules" / name).symlink_to(target)
    return Site(root)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1", "CI": "true"}


def _wait(url: str, server: subprocess.Popen[str]) -> None:
    for _ in range(600):
        try:
            with urlopen(url):
                return
        except OSError:
            assert server.poll() is None, "vite ended"
            time.sleep(0.1)
    raise AssertionError("vite does not answer")
