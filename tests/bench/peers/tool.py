"""A tool of the comparison: how it is installed, and the command with which it does a folder of images."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
    home. in_place: it changes the images that it is given, so it is given copies. setup: writes its config; source and
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


def run(tool: Tool, home: Path, source: Path, target: Path, jobs: int | None) -> float:
    """Seconds of the whole process on all the images of a folder. Raises ToolError."""
    command = [str(word) for word in tool.command(home / tool.folder, source, target, jobs)]
    begun = time.perf_counter()
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begun
    if ran.returncode:
        raise ToolError(f"{tool.name}: ended with {ran.returncode}: {(ran.stderr or ran.stdout).strip()[-2000:]}")
    return seconds


def made(target: Path) -> dict[str, list[Path]]:
    """The image files below a target by their name's first part, the smallest first."""
    suffixes = {".jpg", ".jpeg", ".webp", ".avif", ".png"}
    files = [p for p in target.rglob("*") if p.suffix.lower() in suffixes and ".semopt" not in p.parts]
    found: dict[str, list[Path]] = {}
    for file in sorted(files, key=lambda p: (p.stat().st_size, p.name)):
        found.setdefault(file.name.partition(".")[0], []).append(file)
    return found
