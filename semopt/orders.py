"""What an engine is given and gives: images to be searched, and what was found of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from semopt.types import SearchResult, Source, Strategy, Task, Work


@dataclass(frozen=True, slots=True)
class Order:
    """One image to be searched. sha256: of its bytes."""

    number: int
    task: Task
    sha256: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What a search took, in seconds: of its worker, and of the judges. What starts either does not count."""

    pixels: float = 0.0
    judges: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """What a search ended with. contents: the bytes of the accepted trials, in their order. placeholder: likewise.

    kind: "ok", or one of the failures of `pool.Answer`, or "left" where the time was up, with the reason.
    """

    order: Order
    kind: str
    reason: str = ""
    source: Source | None = None
    strategy: Strategy | None = None
    ended: SearchResult | None = None
    contents: tuple[bytes, ...] = ()
    work: Work = Work()
    placeholder: bytes | None = None
    spent: Spent = Spent()


class Searcher(Protocol):
    """Who searches images: the engine on this machine, or the workers of a cluster."""

    def search(self, orders: Iterable[Order]) -> Iterator[Found]:
        """What was found, in the order in which the searches end."""
        ...
