"""What every test may use: pictures drawn on the spot, trees of files in one line, the real command."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browser import browser as browser
from semopt.types import Halt, Request, Search, SearchResult
from tests.soak.promise import files

REPOSITORY = Path(__file__).resolve().parent.parent


def driven(
    search: Search, answer: Callable[[Request], Any], halt_after: int | None = None, most: int = 500
) -> SearchResult:
    """What a search ends with, its requests answered; it may be halted after some of them."""
    given = None
    try:
        for count in range(most):
            given = answer(search.throw(Halt()) if count == halt_after else search.send(given))
    except StopIteration as stop:
        assert isinstance(stop.value, SearchResult)
        return stop.value
    raise AssertionError("the search does not end")


def photo(width: int = 200, height: int = 150, seed: int = 0) -> Image.Image:
    """A picture with the statistics of a photograph: soft light, some lit objects, a little texture."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    canvas = np.stack([90 + 90 * y * random.uniform(0.3, 1) + 50 * x * random.uniform(-1, 1) for _ in range(3)], axis=2)
    for _ in range(7):
        centre_x, centre_y, radius = random.uniform(0.1, 0.9), random.uniform(0.1, 0.7), random.uniform(0.06, 0.22)
        inside = np.hypot(x - centre_x, (y - centre_y) * random.uniform(0.7, 1.6)) / radius
        light = 1.1 - 0.5 * np.hypot(x - centre_x + radius / 3, y - centre_y + radius / 3) / radius
        colour = random.uniform(30, 230, 3)
        canvas = np.where((inside < 1)[..., None], light[..., None] * colour, canvas)
    grain = Image.fromarray(random.normal(0, 1.5, (height // 2 + 1, width // 2 + 1)).astype(np.float32))
    canvas += np.asarray(grain.resize((width, height), Image.Resampling.BICUBIC))[..., None]
    return Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))


def drawing(width: int = 200, height: int = 150) -> Image.Image:
    """A drawing: few flat colours and sharp edges."""
    image = Image.new("RGB", (width, height), (250, 250, 250))
    for step in range(6):
        box = (step * width // 6, step * height // 8, step * width // 6 + width // 9, height - 10)
        image.paste((200 - 30 * step, 40 * step, 90), box)
    return image


def encoded(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, format, **({"quality": 95} if format == "JPEG" else {}) | options)
    return buffer.getvalue()


@dataclass(frozen=True)
class Tree:
    """A folder of the test's own, with the command to run on it."""

    root: Path

    def write(self, **contents: str | bytes) -> Tree:
        """Write files; `__` in a keyword stands for `/` and the last `_` for the dot of the suffix."""
        for name, content in contents.items():
            stem, _, suffix = name.replace("__", "/").rpartition("_")
            self.put(f"{stem}.{suffix}", content)
        return self

    def put(self, path: str, content: str | bytes) -> Path:
        """Write one file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def semopt(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the real command in the tree."""
        return subprocess.run(
            [sys.executable, "-m", "semopt", *arguments],
            cwd=self.root,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=300,
        )

    def build(self, *arguments: str) -> list[dict[str, Any]]:
        """Run `semopt build --json`; gives the outcomes. Fails the test where it wrote a traceback."""
        ran = self.semopt("build", "--json", *arguments)
        assert "Traceback" not in ran.stderr, ran.stderr
        return [line for line in map(json.loads, ran.stdout.splitlines()) if line["type"] == "outcome"]

    @property
    def manifest(self) -> dict[str, Any]:
        """The assets of the manifest."""
        return json.loads((self.root / "semopt-manifest.json").read_text())["assets"]  # type: ignore[no-any-return]

    def files(self) -> dict[str, bytes]:
        """Every file but semopt's own folder, by path."""
        return files(self.root)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty tree."""
    root = tmp_path / "tree"
    root.mkdir()
    return Tree(root)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the user's home."""
    home = tmp_path / "home"
    home.mkdir()
    for variable in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "TORCH_HOME"):
        monkeypatch.setenv(variable, str(home))
