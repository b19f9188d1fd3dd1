"""Drives a search over a measured table: what it finds and what it would have cost, in no time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from semopt.criteria import Recognised
from semopt.types import Encode, Observe, Problem, Request, Search, SearchResult
from tests.bench.lattices import LOSSY, Table


def simulated(
    search: Callable[[Problem], Search], table: Table, criterion: Recognised
) -> tuple[SearchResult, Counter[str]]:
    """The result, and counts by "encodes", "search" and "confirm"; a pass is one candidate through one judge."""
    problem = Problem(table.source, LOSSY, "smallest", criterion, {})
    running, answer, counts = search(problem), None, Counter[str]()
    while True:
        try:
            request = running.send(answer)
        except StopIteration as stop:
            return stop.value, counts
        answer = _answer(table, request, counts, len(criterion.judges))


def _answer(table: Table, request: Request, counts: Counter[str], judges: int) -> list[Any]:
    if isinstance(request, Encode):
        counts["encodes"] += len(request.candidates)
        return [table.bytes.get(one) for one in request.candidates]
    assert isinstance(request, Observe)
    counts[request.phase] += len(request.candidates) * judges
    return [table.scores[one] for one in request.candidates]
