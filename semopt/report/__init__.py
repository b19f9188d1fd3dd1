"""The page on which a person sees what semopt did: before and after, what the judges saw, and every trial."""

from __future__ import annotations

from pathlib import Path

from semopt import manifest
from semopt.atomic import replace_whole
from semopt.report.gather import gather
from semopt.report.page import render
from semopt.state import STATE
from semopt.types import Config, SemoptError

__all__ = ["NAME", "gather", "render", "write"]

NAME = "report.html"


def write(config: Config, output: Path | None = None) -> Path:
    """Write the report of a tree, by default into `.semopt`; gives its path.

    Raises SemoptError where nothing was built yet or the manifest is damaged, and OSError.
    """
    if not (config.root / manifest.NAME).exists():
        raise SemoptError(f"{config.root}: nothing was built here yet; run semopt build first")
    file = (output or config.root / STATE / NAME).absolute()
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_whole(file, render(gather(config, file)).encode("utf-8"))
    return file
