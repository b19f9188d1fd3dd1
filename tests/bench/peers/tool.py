"""A tool of the comparison: how it is installed, and the command with which it does a folder of images."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

HERE = Path(__file__).parent / "tools"

Command = Callable[[Path, Path, Path, int | None], Sequence[str | Path]]
"""(home, source, target, jobs) to a command line. jobs: None for the tool's own way to use the processors."""


class ToolError(Exception):
    """A tool that ended with an error; its own words."""


@dataclass(frozen=True)
class Tool:
    """A peer, or semopt with a rule.

    kind: `search` looks for a quality image by image, `fixed` has one for all, `cache` does nothing twice. packages:
    pinned, for the installer. says: how it is run, for the page. drivers: files of `tools/` that are copied into its
    home. in_place: it changes the images that it is given, so it is given copies. at_target: it must be run
    there. setup: writes its config; source and
    target as for the command.
    """

    name: str
    kind: Literal["search", "fixed", "cache", "ours"]
    command: Command
    says: str
    installer: Literal["pip", "npm", ""] = ""
    packages: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    in_place: bool = False
    at_target: bool = False
    setup: Callable[[Path, Path], None] | None = None

    @property
    def folder(self) -> str:
        """Of its home, below that of all peers; the versions are in it, so that another one is another folder."""
        return "+".join(package.lstrip("@").replace("/", "-") for package in self.packages) or "semopt"


def prepared(tool: Tool, source: Path, target: Path) -> None:
    """An empty target, or one with copies of the images, and the tool's config."""
    shutil.rmtree(target, ignore_errors=True)
    if tool.in_place:
        shutil.copytree(source, target, copy_function=shutil.copyfile)
    else:
        target.mkdir(parents=True)
    if tool.setup:
        tool.setup(source, target)


class Spent(NamedTuple):
    """Seconds of a whole process. processor: of it and of all that it started, where the system is Linux."""

    wall: float
    processor: float


def run(tool: Tool, home: Path, source: Path, target: Path, jobs: int | None) -> Spent:
    """All the images of a folder by one process of the tool. Raises ToolError."""
    command = [str(word) for word in tool.command(home / tool.folder, source, target, jobs)]
    place = target if tool.at_target else None
    _adopt()
    with tempfile.TemporaryFile("w+", errors="replace") as said:  # a pipe would be waited for as long as its last heir
        before, begun = os.times(), time.perf_counter()
        ended = subprocess.run(command, stdout=said, stderr=said, cwd=place, check=False).returncode
        wall = time.perf_counter() - begun
        said.seek(0)
        words = said.read().strip()[-2000:]
    with suppress(ChildProcessError):
        while sys.platform == "linux":  # what the tool left behind counts too
            os.waitpid(-1, 0)
    after = os.times()
    if ended:
        raise ToolError(f"{tool.name}: ended with {ended}: {words}")
    return Spent(wall, after.children_user + after.children_system - before.children_user - before.children_system)


def _adopt() -> None:
    """Processes that a tool does not wait for become this one's, so that their time is known."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def made(target: Path) -> dict[str, list[Path]]:
    """The image files below a target by their name's first part, the smallest first."""
    suffixes = {".jpg", ".jpeg", ".webp", ".avif", ".png"}
    files = [p for p in target.rglob("*") if p.suffix.lower() in suffixes and ".semopt" not in p.parts]
    found: dict[str, list[Path]] = {}
    for file in sorted(files, key=lambda p: (p.stat().st_size, p.name)):
        found.setdefault(file.name.partition(".")[0], []).append(file)
    return found
