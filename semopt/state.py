"""The folder `.semopt` beside a config: what git is to pass over, and the schema that editors read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from semopt.atomic import replace_whole

STATE = ".semopt"
IGNORE = ".gitignore"
SCHEMA = "semopt.schema.json"
_SHIPPED = Path(__file__).parent / SCHEMA


def prepare(folder: Path) -> None:
    """Make the folder, with all that it has before the first build. Raises OSError."""
    ignored(folder)
    with suppress(OSError):  # an editor that helps less is no reason not to build
        if _size(folder / SCHEMA) != _size(_SHIPPED):
            replace_whole(folder / SCHEMA, _SHIPPED.read_bytes())


def ignored(folder: Path) -> None:
    """Make a folder that git passes over. Raises OSError."""
    if not (folder / IGNORE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        replace_whole(folder / IGNORE, b"*\n")


def _size(file: Path) -> int | None:
    try:
        return os.stat(file).st_size
    except FileNotFoundError:
        return None
