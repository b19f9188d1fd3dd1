"""Which images share the bytes of `spend`, and what tells that their shares still are right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from semopt.atomic import digest
from semopt.types import Config, Outcome, Task

SHARING = 1
"""Raise it when the same answers may be shared out in another way."""


@dataclass(frozen=True, slots=True)
class Held:
    """An image whose share is not known yet. sha256: of its bytes; key: of its answer, which is what its search found.

    standing: what became of it in the last build, where its files stand as that left them.
    """

    task: Task
    sha256: str
    key: str
    answer: Outcome
    standing: Outcome | None = None


class Purses:
    """Bytes by folder of the tree. An image takes from the innermost folder that is named and holds it, no other."""

    def __init__(self, config: Config, base: str) -> None:
        """base: the tree relative to the config's folder, empty or ending in a slash."""
        self._base = base
        self.bytes = dict(config.spend)

    def folder(self, path: str) -> str | None:
        """The folder whose bytes an image takes from, empty for the tree itself; None where nothing limits it."""
        if not self.bytes:
            return None
        place = path.removeprefix(self._base)
        while place:
            place = place.rpartition("/")[0]
            if place in self.bytes:
                return place
        return None

    def digest(self, folder: str, keys: Iterable[tuple[str, str]]) -> str:
        """Of all that the shares of a folder depend on. keys: of the answers of its images that have variants."""
        return digest(json.dumps([SHARING, folder, self.bytes[folder], sorted(keys)]).encode("ascii"))

    def unused(self, paths: Iterable[str]) -> Iterator[str]:
        """A warning for each folder from which none of these images takes."""
        for folder in sorted(self.bytes.keys() - {self.folder(path) for path in paths}):
            yield f"spend: no image takes from {named(folder)}"

    def spent(self, bytes_by_image: Mapping[str, int]) -> dict[str, int]:
        """Bytes of each folder's images."""
        total = dict.fromkeys(sorted(self.bytes), 0)
        for path, count in bytes_by_image.items():
            folder = self.folder(path)
            if folder is not None:
                total[folder] += count
        return total


def named(folder: str) -> str:
    """A folder of `spend` in a sentence."""
    return f"{folder}/" if folder else "the tree"


def warning(folder: str, budget: int, needed: int, least: int) -> str:
    """What is to be said where a folder's images cannot all have what was found for them; empty where they can.

    needed: bytes of all that was found. least: of the smallest that was judged of each image.
    """
    if needed <= budget:
        return ""
    if least > budget:
        smallest = f"the smallest files that were judged have {least:,} bytes together, {budget:,} are to be spent"
        return f"spend: {named(folder)} has the smallest of each image and is over it: {smallest}"
    return f"spend: {named(folder)} needs {needed:,} bytes for all to be recognised; {budget:,} are spent"
