"""The smallest candidate that is still recognised: the search for `semantic`, and its exhaustive yardstick.

Network passes are the cost. A surrogate predicts bytes and margin of every candidate of the lattice; the next pass
goes where the expected saving (chance of passing times the logarithm of the bytes saved) is largest, and the search
ends where no candidate promises two in a thousand. The winner must hold at its neighbours too (`neighbours`), or the
search goes on without it. On 36 photographs held back from the fit: 7 passes in the median, at 1.003 (embedded) and
1.02 (MobileNetV2) times the bytes of the exhaustive search; `make bench` measures it.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from semopt.search.board import Board
from semopt.search.lattice import lattice, neighbours
from semopt.search.prior import BYTES, MARGIN
from semopt.search.surrogate import Array, Places, Surrogate, chance
from semopt.types import Candidate, Halt, Look, Problem, Request, Search

WORTH = 0.002  # expected saving, as a logarithm of bytes, below which another pass is not spent; at 0.01 two passes
# less are spent, for 2 % more bytes, and one original in 36 is kept though a smaller file would have passed
MOST_PASSES = 20
CAUTION = 0.0  # margin below which the looks of a candidate that passed are expected to find a failure
ROUGH = 0.02  # the same, once judges that take no part in the search have refused the winner
NOTHING = "no smaller file is recognised as the original is"
UNCONFIRMED = "no smaller file is recognised by the judges that confirm"


def recognise(problem: Problem) -> Search:
    """Search the lattice for the smallest accepted candidate; with `write: each` one for each format at its size."""
    hunt = _Hunt(problem)
    try:
        yield from hunt.anchor()
        winner = yield from hunt.approved(range(len(hunt.board.candidates)))
        accepted = [] if winner is None else [winner]
        if winner is not None and problem.write == "each":
            accepted += yield from hunt.siblings(winner)
    except Halt:
        return hunt.board.conclude(hunt.confirmed(), "the time was up before anything was found", complete=False)
    return hunt.board.conclude(accepted, hunt.nothing())


def exhaustive(problem: Problem) -> Search:
    """The same lattice and acceptance with everything encoded and judged in the order of bytes: the yardstick."""
    hunt = _Hunt(problem)
    board = hunt.board
    yield from board.encode(range(len(board.candidates)))
    for index in sorted(board.trials, key=board.key):
        yield from board.observe([index], "search")
        while hunt.holds(index) and hunt.unconfirmed(index):
            yield from hunt.confirm(index)
        if hunt.holds(index):
            yield from board.consult(index)
        if hunt.holds(index):
            return board.conclude([index])
    return board.conclude([], hunt.nothing())


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

    def approved(self, pool: Sequence[int]) -> Generator[Request, Any, int | None]:
        """The smallest of the pool that is confirmed, by the judges too that took no part in the search."""
        winner = yield from self.smallest(pool)
        if winner is None or (yield from self._consulted(winner)):
            return winner
        return (yield from self._stepped_up(pool))

    def _stepped_up(self, pool: Sequence[int]) -> Generator[Request, Any, int | None]:
        """After a refusal: what those judges said tells how many bytes more they want, as with those that search.

        They look before the smallest that they recognise is confirmed, as most that they are shown is refused.
        """
        board = self.board
        while True:
            heard = [i for i in pool if i in board.consulted and self.holds(i)]
            best = min(heard, key=board.key, default=None)
            saving = self._expected_saving(best) * self._chance_to_be_confirmed()
            index = max(pool, key=lambda i: saving[i], default=None)
            if index is not None and saving[index] >= ROUGH:
                yield from self._next(index)
            elif best is None or not self.unconfirmed(best):
                return best
            else:
                yield from self.confirm(best)

    def _next(self, index: int) -> Generator[Request, Any, None]:
        """One step further with a candidate: to its bytes, then to the judges that search, then to the others."""
        if index not in self.board.trials:
            yield from self.board.encode([index])
        elif index not in self.board.verdicts:
            yield from self.board.observe([index], "search")
        else:
            yield from self._consulted(index)

    def _consulted(self, index: int) -> Generator[Request, Any, bool]:
        verdict = yield from self.board.consult(index)
        return verdict.passed

    def smallest(self, pool: Sequence[int]) -> Generator[Request, Any, int | None]:
        """Spend passes on the pool until none promises a saving; confirm the winner or go on without it."""
        passes = 0
        while True:
            best = self._incumbent(pool)
            saving = self._expected_saving(best)
            saving[list(self.board.verdicts)] = 0.0
            index = max(pool, key=lambda i: saving[i], default=None)
            if index is not None and saving[index] >= WORTH and passes < MOST_PASSES:
                if index in self.board.trials:
                    passes += 1
                    yield from self.board.observe([index], "search")
                else:
                    yield from self.board.encode([index])
            elif best is None or not self.unconfirmed(best):
                return best
            else:
                yield from self.confirm(best)

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
                sibling = yield from self.approved(same)
                found += [] if sibling is None else [sibling]
        return found

    def confirmed(self) -> list[int]:
        """The smallest candidate that was accepted to the end, if there is one."""
        problem = self.board.problem
        sure = [i for i in self.board.verdicts if self.holds(i) and not self.unconfirmed(i)]
        heard = [i for i in sure if problem.confirm is None or i in self.board.consulted]
        return sorted(heard, key=self.board.key)[:1]

    def nothing(self) -> str:
        """Why nothing was accepted."""
        return UNCONFIRMED if self.board.consulted else NOTHING

    def holds(self, index: int) -> bool:
        """Passed, and not known to fail at a look, at a neighbour or before the judges that confirm."""
        board = self.board
        return board.passed(index) and index not in board.refused and not any(map(self._failed, self.above[index]))

    def unconfirmed(self, index: int) -> list[Look | int]:
        """What a candidate has still to stand: altered looks, and neighbours by their index."""
        board = self.board
        near = [i for i in self.above[index] if i not in board.verdicts and i not in board.impossible]
        return [*board.unseen(index), *near]

    def confirm(self, index: int) -> Generator[Request, Any, None]:
        """The next look or neighbour of a candidate that holds so far: one at a time, as the first failure ends it."""
        step = self.unconfirmed(index)[0]
        if isinstance(step, int):
            yield from self.board.observe([step], "confirm")
        else:
            yield from self.board.alter(index, step)

    def _incumbent(self, pool: Sequence[int]) -> int | None:
        return min((i for i in pool if self.holds(i)), key=self.board.key, default=None)

    def _log_bytes(self) -> Array:
        """Logarithm of the bytes of every candidate, as known or believed."""
        encoded = list(self.board.trials)
        known = [math.log(self.board.bytes(i)) for i in encoded]
        believed, _ = self._bytes.belief(encoded, known)
        size = believed.copy()
        size[encoded] = known
        return size

    def _expected_saving(self, best: int | None) -> Array:
        """For each candidate the chance that it is accepted times the logarithm of the bytes that it would save."""
        board = self.board
        judged = list(board.verdicts)
        margin, deviation = self._margin.belief(judged, [board.verdicts[i].margin for i in judged])
        accepted = chance(margin - CAUTION, deviation)
        accepted[judged] = [float(self.holds(i)) for i in judged]
        accepted[[*board.impossible, *self._hopeless()]] = 0.0
        least = math.log(board.problem.source.bytes if best is None else board.bytes(best))
        saving: Array = np.maximum(least - self._log_bytes(), 0.0) * accepted
        return saving

    def _chance_to_be_confirmed(self) -> Array:
        """For each candidate not shown to the judges that confirm, the chance that they recognise it."""
        asked = list(self.board.consulted)
        likely = chance(*self._margin.belief(asked, [self.board.consulted[i].margin for i in asked]))
        likely[asked] = 0.0
        return likely

    def _hopeless(self) -> list[int]:
        """Those beside a candidate that failed."""
        return [i for i, near in enumerate(self.above) if any(self._failed(other) for other in near)]

    def _failed(self, index: int) -> bool:
        return index in self.board.verdicts and not self.board.passed(index)
