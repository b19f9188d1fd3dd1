"""The content-addressed cache: answers by key, finished bytes by sha256. Whatever cannot be read is a miss."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from semopt import atomic, regular
from semopt.atomic import digest, is_inside, replace_whole
from semopt.records import answer_json, answer_of
from semopt.types import Outcome

Item = TypeVar("Item")


class Cache:
    """A folder. Entries are JSON and bytes, each verified by its sha256 when read; nothing in it is trusted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> Outcome | None:
        """The answer for a key, without path and rule; None where there is none that can be believed."""
        try:
            return unsealed(key, regular.read(self.folder / place_of_answer(key)))
        except (OSError, ValueError):
            return None

    def holds(self, key: str) -> bool:
        """Whether there is something under a key, whatever it is."""
        return os.path.lexists(self.folder / place_of_answer(key))

    def ahead(self, items: Iterable[Item], wanted: Callable[[Item], tuple[str, int]]) -> Iterable[Item]:
        """The items in their order, which a cache that is slow to ask prepares; wanted: key, bytes of the original."""
        return items

    def put(self, key: str, answer: Outcome, contents: list[bytes]) -> None:
        """Keep an answer and the bytes of its variants; the answer last. A cache that cannot be written is none."""
        for content in contents:
            self.keep(place_of_content(digest(content)), content)
        self.keep(place_of_answer(key), sealed(key, answer))

    def content(self, sha256: str, most: int = -1) -> bytes | None:
        """The bytes with this sha256, or None. most: bytes that are read."""
        try:
            content = regular.read(self.folder / place_of_content(sha256), most)
        except (OSError, ValueError):
            return None
        return content if digest(content) == sha256 else None

    def keep(self, place: str, content: bytes) -> None:
        """Write a file of the cache. Raises OSError."""
        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if not is_inside(os.path.realpath(target.parent), os.path.realpath(self.folder)):
            raise OSError(errno.ELOOP, f"{target.parent} is a link that leads out of it")
        replace_whole(target, content)

    def close(self, complete: bool = True) -> None:
        """Nothing is under way here."""


def place_of_answer(key: str) -> str:
    """Where an answer lies, below the cache."""
    return f"answers/{key[:2]}/{key[2:]}.json"


def place_of_content(sha256: str) -> str:
    """Where contents lie, below the cache."""
    return f"contents/{sha256[:2]}/{sha256[2:]}"


def sealed(key: str, answer: Outcome) -> bytes:
    """An answer as it is stored: the digest of key and body, and the body."""
    return atomic.sealed(json.dumps(answer_json(answer), sort_keys=True, allow_nan=False).encode("ascii"), key)


def unsealed(key: str, content: bytes) -> Outcome | None:
    """The answer for a key out of stored bytes; None where they are damaged or another's."""
    try:
        return answer_of(json.loads(atomic.unsealed(content, key)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
