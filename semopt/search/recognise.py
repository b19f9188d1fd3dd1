"""The smallest candidate that is still recognised: the search for `semantic`, and its exhaustive yardstick.

Network passes are the cost. A surrogate predicts bytes and margin of every candidate of the lattice; the next pass
goes where the expected saving (chance of passing times the logarithm of the bytes saved) is largest, and the search
ends where no candidate promises two in a thousand. The winner must hold at its neighbours too (`neighbours`), or the
search goes on without it. On 36 photographs held back from the fit: 7 passes in the median, at 1.003 (embedded) and
1.02 (MobileNetV2) times the bytes of the exhaustive search; `make bench` measures it.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import numpy as np

from semopt.search.board import Board
from semopt.search.lattice import lattice, neighbours
from semopt.search.prior import BYTES, MARGIN
from semopt.search.surrogate import Array, Places, Surrogate, chance
from semopt.types import Candidate, Halt, Problem, Request, Search

WORTH = 0.002  # expected saving, as a logarithm of bytes, below which another pass is not spent; at 0.01 two passes
# less are spent, for 2 % more bytes, and one original in 36 is kept though a smaller file would have passed
MOST_PASSES = 20
NOTHING = "no smaller file is recognised as the original is"


def recognise(problem: Problem) -> Search:
    """Search the lattice for the smallest accepted candidate; with `write: each` one for each format at its size."""
    hunt = _Hunt(problem)
    try:
        yield from hunt.anchor()
        winner = yield from hunt.smallest(range(len(hunt.board.candidates)))
        accepted = [] if winner is None else [winner]
        if winner is not None and problem.write == "each":
            accepted += yield from hunt.siblings(winner)
    except Halt:
        return hunt.board.conclude(hunt.confirmed(), "the time was up before anything was found", complete=False)
    return hunt.board.conclude(accepted, NOTHING)


def exhaustive(problem: Problem) -> Search:
    """The same lattice and acceptance with everything encoded and judged in the order of bytes: the yardstick."""
    board = Board(problem, _lattice(problem))
    above = neighbours(board.candidates)
    yield from board.encode(range(len(board.candidates)))
    for index in sorted(board.trials, key=board.key):
        yield from board.observe([index], "search")
        for other in above[index]:
            if board.passed(index):
                yield from board.observe([other], "confirm")
        if board.passed(index) and all(board.passed(other) for other in above[index]):
            return board.conclude([index])
    return board.conclude([], NOTHING)


def _lattice(problem: Problem) -> list[Candidate]:
    return lattice(problem.source, problem.encoders, problem.min_width, problem.max_width)


class _Hunt:
    """The state of one search: the board, and what the surrogates make of it."""

    def __init__(self, problem: Problem) -> None:
        self.board = Board(problem, _lattice(problem))
        self.above = neighbours(self.board.candidates)
        places = Places(self.board.candidates, problem.encoders)
        self._octave = places.octave
        self._bytes = Surrogate(BYTES, places, capped=False)
        self._margin = Surrogate(MARGIN, places, capped=True)

    def anchor(self) -> Generator[Request, Any, None]:
        """Encode one middling candidate of each encoder, so that bytes are predicted for this image, not for any."""
        board = self.board
        first: dict[str, int] = {}
        for index in sorted(range(len(board.candidates)), key=lambda i: abs(self._octave[i])):
            encoder = next(e for e in board.problem.encoders if e.name == board.candidates[index].encoder)
            if board.candidates[index].quality == encoder.ladder[len(encoder.ladder) // 2]:
                first.setdefault(encoder.name, index)
        yield from board.encode(list(first.values()))

    def smallest(self, pool: range | list[int]) -> Generator[Request, Any, int | None]:
        """Spend passes on the pool until none promises a saving; confirm the winner or go on without it."""
        passes = 0
        while True:
            best = self._incumbent(pool)
            saving = self._expected_saving(best)
            index = max(pool, key=lambda i: saving[i], default=None)
            if index is not None and saving[index] >= WORTH and passes < MOST_PASSES:
                if index in self.board.trials:
                    passes += 1
                    yield from self.board.observe([index], "search")
                else:
                    yield from self.board.encode([index])
            elif best is None or not self._unconfirmed(best):
                return best
            else:
                yield from self.board.observe(self._unconfirmed(best), "confirm")

    def siblings(self, winner: int) -> Generator[Request, Any, list[int]]:
        """The smallest accepted candidate of every other format at the winner's size."""
        board, chosen = self.board, self.board.candidates[winner]
        found = []
        for encoder in board.problem.encoders:
            same = [
                index
                for index, one in enumerate(board.candidates)
                if (one.width, one.height, one.encoder) == (chosen.width, chosen.height, encoder.name)
            ]
            if encoder.name != chosen.encoder:
                sibling = yield from self.smallest(same)
                found += [] if sibling is None else [sibling]
        return found

    def confirmed(self) -> list[int]:
        """The smallest candidate that passed and whose neighbours all did, if there is one."""
        sure = [i for i in self.board.verdicts if self._holds(i) and not self._unconfirmed(i)]
        return sorted(sure, key=self.board.key)[:1]

    def _holds(self, index: int) -> bool:
        """Passed, and no neighbour is known to fail."""
        return self.board.passed(index) and not self._beside_a_failure(index)

    def _beside_a_failure(self, index: int) -> bool:
        return any(i in self.board.verdicts and not self.board.passed(i) for i in self.above[index])

    def _unconfirmed(self, index: int) -> list[int]:
        return [i for i in self.above[index] if i not in self.board.verdicts and i not in self.board.impossible]

    def _incumbent(self, pool: range | list[int]) -> int | None:
        return min((i for i in pool if self._holds(i)), key=self.board.key, default=None)

    def _expected_saving(self, best: int | None) -> Array:
        """For each candidate the chance that it is accepted times the logarithm of the bytes that it would save."""
        board = self.board
        encoded, judged = list(board.trials), list(board.verdicts)
        size, _ = self._bytes.belief(encoded, [math.log(board.bytes(i)) for i in encoded])
        size = size.copy()
        size[encoded] = [math.log(board.bytes(i)) for i in encoded]
        margin, deviation = self._margin.belief(judged, [board.verdicts[i].margin for i in judged])
        least = math.log(board.problem.source.bytes if best is None else board.bytes(best))
        saving: Array = np.maximum(least - size, 0.0) * chance(margin, deviation)
        hopeless = [i for i in range(len(self.above)) if self._beside_a_failure(i)]
        saving[[*judged, *board.impossible, *hopeless]] = 0.0
        return saving
