"""Which files of another tree stand for which originals, by their names alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

MARKED = re.compile(r"(?:[.\-_](?:\d{1,5}w?|\d{1,5}x\d{1,5}|semopt)|@\d(?:\.\d)?x)$")
"""What tools put behind a name for a width, a size, a density or themselves: cat.480w, cat-480x320, cat@2x."""

MOST_MARKS = 3


@dataclass
class Pairs:
    """found: the files that stand for each original, sorted. alone: files that stand for none, each with the reason."""

    found: dict[str, list[str]] = field(default_factory=dict)
    alone: dict[str, str] = field(default_factory=dict)


def paired(originals: Iterable[str], others: Iterable[str]) -> Pairs:
    """Pair POSIX paths, each relative to its own tree. An original may have several files, a file has one original.

    The nearest name counts: cat.jpg before cat.jpg.webp, before cat.webp, before cat.480w.webp. Where two originals
    are equally near, the one of the file's own suffix is meant, and none where there is none of that.
    """
    names = set(originals)
    stems: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        stems[_stem(name)].append(name)
    pairs = Pairs({name: [] for name in sorted(names)})
    for other in sorted(others):
        meant = [other] if other in names else _meant(other, names, stems)
        if len(meant) == 1:
            pairs.found[meant[0]].append(other)
        else:
            pairs.alone[other] = f"may stand for {_listed(meant)}" if meant else "no original has such a name"
    return pairs


def _meant(other: str, names: set[str], stems: dict[str, list[str]]) -> list[str]:
    """The originals that a file may stand for: those of the nearest name that any has."""
    for base in _bases(_stem(other)):
        if base in names:
            return [base]
        if near := stems.get(base, []):
            own = [name for name in near if PurePosixPath(name).suffix == PurePosixPath(other).suffix]
            return own if len(own) == 1 else near
    return []


def _bases(stem: str) -> Iterator[str]:
    """A name, and what is left of it without what a tool put behind it."""
    yield stem
    for _ in range(MOST_MARKS):
        shorter = MARKED.sub("", stem)
        if shorter == stem or shorter.endswith("/") or not shorter:
            return
        yield (stem := shorter)


def _stem(path: str) -> str:
    return path[: len(path) - len(PurePosixPath(path).suffix)]


def _listed(names: list[str]) -> str:
    return " or ".join(names[:3]) + (f" or {len(names) - 3} more" if len(names) > 3 else "")
