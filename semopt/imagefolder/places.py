"""What the files of one folder are called in the new dataset: no two names that a file system may take for one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from semopt.atomic import digest
from semopt.encoders import ENCODERS
from semopt.types import Place

STEM, WHOLE, MARKED = 0, 1, 2
"""What a file is called after: the stem; the whole name where others have that stem; that with a part of its hash."""


def places(folder: str, names: Iterable[str], keep_names: bool = False) -> dict[str, Place]:
    """The place of each file of a folder by its name. folder: relative, with a slash, or empty.

    >>> found = places("cat/", ["a.jpg", "b.jpg", "b.png"])
    >>> found["a.jpg"].stem, found["b.jpg"].stem, found["b.png"].stem
    ('cat/a', 'cat/b.jpg', 'cat/b.png')
    """
    ways = dict.fromkeys(names, STEM)
    while clashing := set(_clashing(ways, keep_names)):
        for name in clashing:
            ways[name] += 1
    found = {name: _place(name, way, keep_names) for name, way in ways.items()}
    return {
        name: Place(folder + one.copy, None if one.stem is None else folder + one.stem) for name, one in found.items()
    }


def _clashing(ways: dict[str, int], keep_names: bool) -> Iterator[str]:
    """The names that must give way to others: of those that claim one file, who gave way least."""
    owners: dict[str, list[str]] = {}
    for name, way in ways.items():
        for claim in _claims(_place(name, way, keep_names)):
            owners.setdefault(claim, []).append(name)
    for several in owners.values():
        least = min(ways[name] for name in several)
        if len(several) > 1 and least < MARKED:
            yield from (name for name in several if ways[name] == least)


def _claims(place: Place) -> set[str]:
    """Every name that a file may get, whatever format is found; in one case, for some file systems know no other."""
    suffixes = () if place.stem is None else {encoder.suffix for encoder in ENCODERS.values()}
    return {place.copy.casefold(), *(f"{place.stem}{suffix}".casefold() for suffix in suffixes)}


def _place(name: str, way: int, keep_names: bool) -> Place:
    stem, suffix = os.path.splitext(name)
    if way == MARKED:
        stem = f"{stem}-{digest(os.fsencode(name))[:8]}"
        return Place(stem + suffix, None if keep_names else stem)
    return Place(name, None if keep_names else name if way == WHOLE else stem)
