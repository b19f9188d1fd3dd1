"""The smallest candidate that is still recognised: the search for `semantic`, and its exhaustive yardstick.

Network passes are the cost. A surrogate predicts bytes and margin of every candidate of the lattice; the next pass
goes where the expected saving (chance of passing times the logarithm of the bytes saved) is largest, and the search
ends where no candidate promises five in a thousand. The winner must be recognised in the mean of three altered looks
too, and its neighbours (`neighbours`) must be seen better than it needs to be, or the search goes on without it; then
the judges that take no part in the search look. With MobileNetV2 7 search and 6 confirm passes and 14 encodes in the
median of 82 photographs, at 1.002 times the bytes of the exhaustive search on 12; `make bench` measures it.
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
from semopt.types import Candidate, Halt, Look, Problem, Request, Search, Verdict

WORTH = 0.005  # expected saving, as a logarithm of bytes, below which another pass is not spent
CAUTION = 0.1
"""Margin that is expected to be lost in the looks. Of 50 photographs with MobileNetV2 as the judge, without it 10
search passes and 7 confirm in the median and 7,247 bytes in the mean, with it 7, 6 and 6,384: one more passed."""
MOST_PASSES = 20
ROUGH = 0.02  # the same, once judges that take no part in the search have refused the winner
GAIN = 0.7
"""Least mean margin of the neighbours, a size larger and a rung better. On 143 photographs, judged by networks that
took no part, it needs 7 % fewer bytes for the same agreement than to ask that each neighbour passes, with MobileNetV2
as with the embedded network; 1.2 needs as many, 0.5 4 % more. Judges that never rise so far are asked for a pass."""
FAILED = -0.5
"""Counted for every failure alike, as after one judge's no the others are not asked."""
LIKELY = 0.25  # chance of being backed below which the neighbours of a candidate that passed are not asked
LEEWAY = 0.5  # a mean may be so far below what it must reach before the last look is asked
NOTHING = "no smaller file is recognised as the original is"
UNCONFIRMED = "no smaller file is recognised by the judges that confirm"


def recognise(problem: Problem) -> Search:
    """Search the lattice for the smallest accepted candidate; with `write: each` one for each format at its size."""
    hunt = _Hunt(problem)
    try:
        yield from hunt.anchor()
        winner = yield from hunt.approved(range(len(hunt.board.candidates)))
        if winner is None and hunt.relaxed():
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
    yield from hunt.board.encode(range(len(hunt.board.candidates)))
    found = yield from hunt.first()
    if not found and hunt.relaxed():
        found = yield from hunt.first()
    return hunt.board.conclude(found, hunt.nothing())


def _lattice(problem: Problem) -> list[Candidate]:
    return lattice(problem.source, problem.encoders, problem.min_width, problem.max_width)


class _Hunt:
    """The state of one search: the board, and what the surrogates make of it."""

    def __init__(self, problem: Problem) -> None:
        self.board = Board(problem, _lattice(problem))
        self.above = neighbours(self.board.candidates)
        self._near = _Near(self.above)
        places = Places(self.board.candidates, problem.encoders)
        self._octave = places.octave
        self._bytes = Surrogate(BYTES, places, capped=False)
        self._margin = Surrogate(MARGIN, places, capped=True)
        self.gain = GAIN

    def anchor(self) -> Generator[Request, Any, None]:
        """Encode one middling candidate of each encoder, so that bytes are predicted for this image, not for any."""
        board = self.board
        first: dict[str, int] = {}
        for index in sorted(range(len(board.candidates)), key=lambda i: abs(self._octave[i])):
            encoder = next(e for e in board.problem.encoders if e.name == board.candidates[index].encoder)
            if board.candidates[index].quality == encoder.ladder[len(encoder.ladder) // 2]:
                first.setdefault(encoder.name, index)
        yield from board.encode(list(first.values()))

    def first(self) -> Generator[Request, Any, list[int]]:
        """The smallest candidate that is accepted, found by asking about each in the order of bytes."""
        board = self.board
        for index in sorted(board.trials, key=board.key):
            yield from board.observe([index], "search")
            while self.holds(index) and self.unconfirmed(index):
                yield from self.confirm(index)
            if self.holds(index):
                yield from board.consult(index)
            if self.holds(index):
                return [index]
        return []

    def relaxed(self) -> bool:
        """Ask no more of neighbours than to pass, for judges whose scores do not rise; whether that may help."""
        before, self.gain = self.gain, 0.0
        return before > 0 and any(map(self.board.passed, self.board.verdicts))

    def approved(self, pool: Sequence[int]) -> Generator[Request, Any, int | None]:
        """The smallest of the pool that is confirmed, by the judges too that took no part in the search."""
        winner = yield from self.smallest(pool)
        if winner is None or (yield from self.board.consult(winner)).passed:
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
            saving = self._expected_saving(best, *self._chances()) * self._chance_to_be_confirmed()
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
            yield from self.board.consult(index)

    def smallest(self, pool: Sequence[int]) -> Generator[Request, Any, int | None]:
        """Spend passes on the pool until none promises a saving; confirm the winner or go on without it."""
        passes = 0
        while True:
            passing, backed = self._chances()
            best = self._incumbent(pool, backed)
            saving = self._expected_saving(best, passing, backed)
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
        """Passed, not refused by the judges that confirm, and sure in its looks and neighbours, as far as is known."""
        board = self.board
        if not board.passed(index) or index in board.refused:
            return False
        looks = _mean(board.altered.get(index, ()), 0.0)
        return self._backed(index) and looks >= (-LEEWAY if board.unseen(index) else 0.0)

    def _backed(self, index: int) -> bool:
        """Whether the neighbours of a candidate are good enough, as far as they are known."""
        near = [self.board.verdicts[i] for i in self.above[index] if i in self.board.verdicts]
        return _mean(near, self.gain) >= self.gain - (LEEWAY if self._unjudged(index) else 0.0)

    def unconfirmed(self, index: int) -> list[Look | int]:
        """What a candidate has still to stand: neighbours by their index, which fail most often, and altered looks."""
        return [*self._unjudged(index), *self.board.unseen(index)]

    def _unjudged(self, index: int) -> list[int]:
        board = self.board
        return [i for i in self.above[index] if i not in board.verdicts and i not in board.impossible]

    def confirm(self, index: int) -> Generator[Request, Any, None]:
        """The next look or neighbour of a candidate that holds so far: one at a time, as a clear failure ends it."""
        step = self.unconfirmed(index)[0]
        if isinstance(step, int):
            yield from self.board.observe([step], "confirm")
        else:
            yield from self.board.alter(index, step)
            if not self.holds(index):
                self.board.refuse(index, step)

    def _incumbent(self, pool: Sequence[int], backed: Array) -> int | None:
        """The smallest of the pool that holds and is likely enough to be backed by its neighbours."""
        holding = (i for i in pool if self.holds(i) and (not self._unjudged(i) or backed[i] >= LIKELY))
        return min(holding, key=self.board.key, default=None)

    def _chances(self) -> tuple[Array, Array]:
        """For each candidate the chance that it passes, looks included, and that its neighbours are good enough."""
        judged = list(self.board.verdicts)
        mean, deviation = self._margin.belief(judged, [self.board.verdicts[i].margin for i in judged])
        backed = chance(self._near.mean(mean, np.inf) - self.gain, self._near.mean(deviation, 1.0))
        return chance(mean - CAUTION, deviation), backed

    def _log_bytes(self) -> Array:
        """Logarithm of the bytes of every candidate, as known or believed."""
        encoded = list(self.board.trials)
        known = [math.log(self.board.bytes(i)) for i in encoded]
        believed, _ = self._bytes.belief(encoded, known)
        size = believed.copy()
        size[encoded] = known
        return size

    def _expected_saving(self, best: int | None, passing: Array, backed: Array) -> Array:
        """For each candidate the chance that it is accepted times the logarithm of the bytes that it would save."""
        board = self.board
        judged = list(board.verdicts)
        accepted = np.minimum(passing, backed)
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
        """Those whose neighbours are known, and not good enough."""
        return [index for index in range(len(self.above)) if not self._unjudged(index) and not self._backed(index)]


class _Near:
    """Which neighbours every candidate has, as arrays: they are averaged for all of a lattice at each step."""

    def __init__(self, above: Sequence[Sequence[int]]) -> None:
        most = max(map(len, above), default=0)
        self._counts = np.array([len(near) for near in above])
        self._places = np.array([[*near, *[0] * (most - len(near))] for near in above], dtype=int).reshape(-1, most)
        self._there = np.arange(most) < self._counts[:, None]

    def mean(self, figures: Array, none: float) -> Array:
        """The mean of each candidate's neighbours; `none` where it has none."""
        total = np.where(self._there, figures[self._places], 0.0).sum(axis=1)
        return np.where(self._counts > 0, total / np.maximum(self._counts, 1), none)


def _mean(verdicts: Sequence[Verdict], none: float) -> float:
    """Mean margin of looks; `none` where there are none."""
    return sum(one.margin if one.passed else FAILED for one in verdicts) / len(verdicts) if verdicts else none
