"""The smallest file of a given size that stays close to the eye: the search for `visual` and `both`.

One quality is sought for each encoder at the original's size, or at each of the rule's widths. A perceptual metric
costs about half a second, so each probe is placed by interpolation over all probes so far: first by the curve of a
typical photograph, then by that curve shifted through the last probe, then by the straight line between the probes on
both sides of the floor.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import product
from typing import Any

import numpy as np

from semopt.search.board import Board
from semopt.search.lattice import displayed, fits
from semopt.types import Candidate, Encoder, Halt, Problem, Request, Search

PROBES = 4
CLOSE = 1.0  # points of the metric above the floor that are not worth another probe
CURVES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    # SSIMULACRA2 in the median of 40 photographs of at most 512 px
    "webp": ((10, 30, 50, 75, 90, 95), (32.5, 52.7, 64.0, 73.2, 86.1, 90.0)),
    "avif": ((10, 25, 45, 60, 75, 95), (3.3, 27.8, 59.0, 74.4, 84.8, 91.4)),
    "jpeg": ((5, 20, 40, 60, 75, 85, 95), (-43.6, 34.2, 58.2, 67.0, 75.0, 85.4, 93.8)),
}


def close_to_the_eye(problem: Problem, judged: bool) -> Search:
    """The lowest quality over the floor for each size and encoder; with `judged` it must be recognised as well."""
    (metric, floor), *_ = problem.floor.items()
    board = Board(problem, [])
    accepted: list[int] = []
    try:
        for size, encoder in product(displayed(problem), problem.encoders):
            if encoder.ladder and fits(encoder, *size):
                lowest = yield from _Climb(board, encoder, size, metric, floor).lowest(judged)
                accepted += [] if lowest is None else [lowest]
    except Halt:
        return board.conclude(accepted, "the time was up before anything was found", complete=False)
    return board.conclude(accepted, f"no smaller file keeps {metric} at {floor:g} or more")


class _Climb:
    """The search for one encoder's quality at one size."""

    def __init__(self, board: Board, encoder: Encoder, size: tuple[int, int], metric: str, floor: float) -> None:
        self.board, self.encoder, self.size, self.metric, self.floor = board, encoder, size, metric, floor
        self.probes: dict[int, float] = {}

    def lowest(self, judged: bool) -> Generator[Request, Any, int | None]:
        """Index of the accepted candidate of the lowest quality, or None."""
        quality = yield from self._over_the_floor()
        while judged and quality is not None:
            index = self._index(quality)
            yield from self.board.observe([index], "search")
            if self.board.passed(index) and (yield from self.board.consult(index)).passed:
                break
            # The eye's floor stands guard against luck here, so the judge is asked once for each step up.
            better = [rung for rung in (*self.encoder.ladder, self.encoder.best) if rung > quality]
            quality = better[0] if better else None
        return None if quality is None else self._index(quality)

    def _over_the_floor(self) -> Generator[Request, Any, int | None]:
        for _ in range(PROBES):
            quality = self._guess()
            index = self._index(quality)
            yield from self.board.measure(index, self.metric)
            if index not in self.board.trials:
                return None
            self.probes[quality] = figure = self.board.trials[index].measured or 0.0
            if self._closed() or self.floor <= figure <= self.floor + CLOSE:
                break
        return min((q for q, figure in self.probes.items() if figure >= self.floor), default=None)

    def _index(self, quality: int) -> int:
        return self.board.add(Candidate(self.encoder.name, *self.size, quality))

    def _bracket(self) -> tuple[int, int]:
        """The highest quality known to be under the floor and the lowest known to be over it."""
        under = max((q for q, figure in self.probes.items() if figure < self.floor), default=self.encoder.worst - 1)
        over = min((q for q, figure in self.probes.items() if figure >= self.floor), default=self.encoder.best + 1)
        return under, over

    def _closed(self) -> bool:
        under, over = self._bracket()
        return over - under <= 1

    def _guess(self) -> int:
        under, over = self._bracket()
        if under in self.probes and over in self.probes:
            wanted = self._on_the_line(under, over)
        elif len(self.probes) == PROBES - 1 and under in self.probes:
            return self.encoder.best  # the last chance to be over the floor at all
        else:
            wanted = self._by_curve()
            below = sorted(q for q, figure in self.probes.items() if figure < self.floor)[-2:]
            if len(below) == 2 and self.probes[below[0]] < self.probes[below[1]]:
                wanted = max(wanted, self._on_the_line(*below))
        return int(np.clip(round(wanted), under + 1, over - 1))

    def _on_the_line(self, one: int, other: int) -> float:
        """The quality at which the straight line through two probes meets the floor."""
        low, high = self.probes[one], self.probes[other]
        return one + (self.floor + CLOSE / 2 - low) / (high - low) * (other - one)

    def _by_curve(self) -> float:
        """The quality at which the typical curve, shifted through the nearest probe, meets the floor."""
        line = ((float(self.encoder.worst), float(self.encoder.best)), (0.0, 95.0))
        qualities, figures = CURVES.get(self.encoder.name, line)
        target = self.floor + CLOSE / 2
        if self.probes:
            nearest = min(self.probes, key=lambda q: abs(self.probes[q] - self.floor))
            target -= self.probes[nearest] - float(np.interp(nearest, qualities, figures))
        return float(np.interp(target, figures, qualities))
