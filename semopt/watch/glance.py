"""A quick look at a tree: whether anything about its images is another than at the last one, or a variant has come or
gone; not what."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from semopt.naming import MARK
from semopt.plan import NEVER, SUFFIXES

_ENDS, _LONGEST = tuple(SUFFIXES), max(map(len, SUFFIXES))


def glance(tree: Path) -> int:
    """A number that stays while no image file comes, goes or changes, and no variant comes or goes, in any folder.

    Costs a third of a plan: 35 ms for 10,000 images with a variant each. Raises OSError where the tree itself cannot be
    read; a folder that cannot be read counts as empty.
    """
    waiting, rows = [str(tree)], list[int]()
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                rows.extend(_rows(entries, waiting))
        except OSError:
            if folder == str(tree):
                raise
    return hash(frozenset(rows))


def _rows(entries: Iterator[os.DirEntry[str]], folders: list[str]) -> Iterator[int]:
    """A number for each image and variant of a folder; adds its folders. What goes right now the next look misses."""
    for entry in entries:
        name = entry.name
        if MARK in name:
            yield hash(entry.path)
        elif entry.is_dir(follow_symlinks=False):
            if not name.startswith(".") and name not in NEVER:
                folders.append(entry.path)
        elif name[-_LONGEST:].lower().endswith(_ENDS):
            try:
                status = os.lstat(entry.path)
            except OSError:
                continue
            yield hash((entry.path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
