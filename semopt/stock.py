"""What lies in a cache, and what of it may go: the files that the cache itself named, and no others.

No link is followed below the cache's folder, and nothing is removed whose name and place the cache does not give.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from semopt.atomic import is_temporary
from semopt.cache import Cache
from semopt.index import Index
from semopt.lock import locked
from semopt.state import STATE
from semopt.types import Config, SemoptError

_NAMES = {"answers": re.compile(r"([0-9a-f]{62})\.json"), "contents": re.compile(r"([0-9a-f]{62})")}

Waiting = Callable[[], None]
"""Told, once, that another build of the tree runs."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the cache. name: the key of an answer, the sha256 of contents, empty for what was never finished."""

    file: Path
    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Stock:
    """All that lies in a cache's folder. unfinished: what killed builds left. foreign: what the cache did not write."""

    folder: Path
    answers: tuple[Entry, ...] = ()
    contents: tuple[Entry, ...] = ()
    unfinished: tuple[Entry, ...] = ()
    foreign: tuple[Path, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every file that the cache wrote."""
        return (*self.answers, *self.contents, *self.unfinished)

    @property
    def bytes(self) -> int:
        """Of every file that the cache wrote."""
        return sum(entry.bytes for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal did: files and bytes that went, and a sentence for each file that could not go."""

    answers: int
    contents: int
    bytes: int
    left: tuple[str, ...] = ()


def folder_of(config: Config) -> Path:
    """Where the cache of a tree lies.

    Raises SemoptError where `.semopt` or the cache in it is a link: a tree that somebody else has filled must not lead
    out of itself.
    """
    state = config.root / STATE
    for folder in (state,) if config.cache is not None else (state, state / "cache"):
        if os.path.islink(folder):
            raise SemoptError(f"{folder} is a link, which is not followed here; move it away, or set 'cache' instead")
    return config.cache or state / "cache"


def take(folder: Path) -> Stock:
    """Look through a cache's folder; nothing is read. Raises OSError where it cannot be listed."""
    found: dict[str, list[Entry]] = {"answers": [], "contents": [], "": []}
    foreign: list[Path] = []
    for shelf in _listed(folder):
        if shelf.name not in _NAMES or not shelf.is_dir(follow_symlinks=False):
            foreign.append(Path(shelf.path))
            continue
        for part in _listed(Path(shelf.path)):
            if not re.fullmatch("[0-9a-f]{2}", part.name) or not part.is_dir(follow_symlinks=False):
                foreign.append(Path(part.path))
                continue
            for file in _listed(Path(part.path)):
                kind, entry = _entry(shelf.name, part.name, file)
                found[kind].append(entry) if entry else foreign.append(Path(file.path))
    return Stock(folder, tuple(found["answers"]), tuple(found["contents"]), tuple(found[""]), tuple(foreign))


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []


def _entry(shelf: str, part: str, file: os.DirEntry[str]) -> tuple[str, Entry | None]:
    """A file of the cache with the shelf that it counts to; None where it is none."""
    status = file.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        return shelf, None
    if is_temporary(file.name):
        return "", Entry(Path(file.path), "", status.st_size)
    known = _NAMES[shelf].fullmatch(file.name)
    return shelf, Entry(Path(file.path), part + known[1], status.st_size) if known else None


def prune(config: Config, waiting: Waiting) -> Removed:
    """Remove what no image of the tree, as last built, refers to, and what is damaged. Raises SemoptError, OSError."""
    folder = folder_of(config)
    if not (config.root / STATE).is_dir():
        raise SemoptError(_UNKNOWN)
    with locked(config.root / STATE / "lock", waiting):
        index = Index.read(config.root / STATE / "index.json")
        if not index.seen:
            raise SemoptError(_UNKNOWN)
        stock = take(folder)
        return remove(stock, _useless(stock, {*index.keys.values(), *index.shares.values()}))


_UNKNOWN = "no build of this tree is known, so nothing tells what of the cache it needs; run semopt build first"


def _useless(stock: Stock, keys: set[str]) -> list[Entry]:
    """What none of the keys leads to, what is damaged, and answers whose contents are not all there."""
    cache = Cache(stock.folder)
    whole = {entry.name for entry in stock.contents if cache.content(entry.name) is not None}
    answers = {entry.name: cache.get(entry.name) for entry in stock.answers if entry.name in keys}
    wanted = {
        key: {variant.sha256 for variant in answer.variants} for key, answer in answers.items() if answer is not None
    }
    good = {key for key, contents in wanted.items() if contents <= whole}
    used = set().union(*(wanted[key] for key in good)) & whole
    stale = [entry for entry in stock.answers if entry.name not in good]
    return [*stale, *(entry for entry in stock.contents if entry.name not in used), *stock.unfinished]


def clear(config: Config, waiting: Waiting) -> Removed:
    """Remove everything that the cache wrote. Raises SemoptError, OSError."""
    folder = folder_of(config)
    if not (config.root / STATE).is_dir():
        return _emptied(folder)
    with locked(config.root / STATE / "lock", waiting):
        return _emptied(folder)


def _emptied(folder: Path) -> Removed:
    stock = take(folder)
    return remove(stock, stock.entries)


def remove(stock: Stock, entries: Iterable[Entry]) -> Removed:
    """Remove some of a stock's files, and the folders of the cache that are empty then."""
    left: list[str] = []
    gone: set[Path] = set()
    size = 0
    for entry in entries:
        try:
            entry.file.unlink()
        except OSError as error:
            left.append(f"{entry.file} cannot be removed: {error.strerror or error}")
            continue
        gone.add(entry.file)
        size += entry.bytes
    for folder in _folders(stock):
        with suppress(OSError):
            folder.rmdir()
    answers, contents = (sum(entry.file in gone for entry in shelf) for shelf in (stock.answers, stock.contents))
    return Removed(answers, contents, size, tuple(left))


def _folders(stock: Stock) -> Iterator[Path]:
    """The cache's own folders below its top, innermost first."""
    yield from sorted({entry.file.parent for entry in stock.entries})
    yield from (stock.folder / shelf for shelf in _NAMES if not os.path.islink(stock.folder / shelf))
