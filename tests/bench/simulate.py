"""Drives a search over a measured photograph: what it finds and what it would have cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from semopt.criteria import Recognised
from semopt.types import Candidate, Encode, Juror, Look, Observe, Problem, Request, Score, Search, SearchResult, Source
from tests.bench.lattices import LOSSY


class World(Protocol):
    """What is known of a photograph, as a `lattices.Table` or `lattices.Live` knows it."""

    source: Source

    def size(self, one: Candidate) -> int | None: ...
    def score(self, one: Candidate | None, look: Look, name: str) -> Score: ...


LABELS = {"embedded": False}
COST = {"embedded": 1.0}
"""What is known of judges that differ from most networks."""


def simulated(
    search: Callable[[Problem], Search], world: World, criterion: Recognised
) -> tuple[SearchResult, Counter[str]]:
    """The result, and counts by "encodes", "reference", "search" and "confirm"; a pass is an image through a judge."""
    names = [name for name, _ in criterion.judges]
    judges = tuple(Juror(name, COST.get(name, 10.0), LABELS.get(name, True)) for name in names)
    running, answer = search(Problem(world.source, LOSSY, "smallest", criterion, {}, judges=judges)), None
    counts = Counter[str]()
    while True:
        try:
            request = running.send(answer)
        except StopIteration as stop:
            return stop.value, counts
        answer = _answer(world, request, counts)


def _answer(world: World, request: Request, counts: Counter[str]) -> list[Any]:
    if isinstance(request, Encode):
        counts["encodes"] += len(request.candidates)
        return [world.size(one) for one in request.candidates]
    assert isinstance(request, Observe)
    counts[request.phase] += len(request.candidates) * len(request.judges)
    return [{name: world.score(one, request.look, name) for name in request.judges} for one in request.candidates]
