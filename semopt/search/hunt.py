"""What one search for the smallest candidate that is recognised knows, and its steps; their order is `recognise`'s."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from semopt.search.below import Belief, below
from semopt.search.board import Board
from semopt.search.lattice import lattice, neighbours
from semopt.search.near import Near
from semopt.search.outlook import Outlook
from semopt.search.surrogate import Array, chance
from semopt.types import Juror, Look, Problem, Request, Verdict

WORTH = 0.005
"""Expected saving, as a logarithm of bytes, below which another pass of cost 1 is not spent; of a dearer judge more, in
proportion. Of 150 photographs, each third searched as the other two were fitted, MobileNetV2 needs 3.2 passes in the
mean with 0.007 at 1.033 times the bytes of the exhaustive search, 3.0 with 0.009 at 1.041, 2.9 with 0.011 at 1.053.
On the 82 of the bench 3.0 with 0.008 at 1.063, and 3.4 with 0.005 at 1.036."""
ENCODE = 3.0
"""What making a candidate costs beside a pass of cost 1. With it `embedded` needs 3.0 passes in the mean of 80
photographs in place of 4.3, and 8.2 encodes in place of 9.8, at 1.002 times the bytes."""
MOST_COST = 10.0  # which no pass is held to be over, however dear: bytes count too. It is that of most networks
NEARLY_SURE = 0.95
"""Chance at which a file counts as found before one was: the first pass is aimed at what saves most beside that one.
Were it aimed at what saves most beside the original, it would nearly always pass and seldom be the last: a third of a
pass more, at the same bytes."""
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


class Hunt:
    """The state of one search: the board, and what the surrogates make of it."""

    def __init__(self, problem: Problem) -> None:
        widths = problem.min_width, problem.max_width
        self.board = Board(problem, lattice(problem.source, problem.encoders, *widths))
        self.above = neighbours(self.board.candidates)
        self._near = Near(self.above)
        self._lower: dict[int, list[int]] = {}
        for lower, neighbouring in enumerate(self.above):
            for index in neighbouring:
                self._lower.setdefault(index, []).append(lower)
        self.outlook = Outlook(self.board)
        self._worth = WORTH * _cost(problem.judges)
        self.gain = GAIN

    def anchor(self) -> Generator[Request, Any, None]:
        """Encode a few candidates, after which all is known that the first guess goes by."""
        yield from self.board.encode(self.outlook.anchors())
        self.outlook.guess()

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
            saving = self._expected_saving(self._served(best), *self._chances()) * self.outlook.chance_to_be_confirmed()
            index = _most(saving, pool)
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
            index = self._promising(pool, best, passing, backed)
            if index is not None and passes < MOST_PASSES:
                if index in self.board.trials:
                    passes += 1
                    yield from self.board.observe([index], "search")
                else:
                    yield from self.board.encode([index])
            elif best is None or not self.unconfirmed(best):
                return best
            else:
                yield from self.confirm(best)

    def _promising(self, pool: Sequence[int], best: int | None, passing: Array, backed: Array) -> int | None:
        """The candidate of the pool on which a pass is spent best; None where none is worth it."""
        for served in self._aims(pool, best, passing, backed):
            saving = self._expected_saving(served, passing, backed)
            saving[list(self.board.verdicts)] = 0.0
            index = _most(saving, pool)
            if index is not None and saving[index] >= (WORTH if best is None else self._worth):
                return index
        return None

    def _aims(self, pool: Sequence[int], best: int | None, passing: Array, backed: Array) -> list[float]:
        """Logarithms of the bytes beside which savings count, in the order in which to look for one."""
        served = self._served(best)
        if best is not None or not len(pool):
            return [served]
        sure = self._accepted(passing, backed)[pool] >= NEARLY_SURE
        return [min(self.outlook.log_bytes()[pool][sure], default=served), served]

    def _served(self, best: int | None) -> float:
        """Logarithm of the bytes that there will be without another pass."""
        return math.log(self.board.problem.source.bytes if best is None else self.board.bytes(best))

    def siblings(self, winner: int) -> Generator[Request, Any, list[int]]:
        """The smallest accepted candidate of every other format at the winner's size."""
        found = []
        for encoder in self.board.problem.encoders:
            if encoder.name != self.board.candidates[winner].encoder:
                sibling = yield from self.approved(self._same_size(winner, encoder.name))
                found += [] if sibling is None else [sibling]
        return found

    def _same_size(self, index: int, encoder: str) -> list[int]:
        ones = self.board.candidates
        size = ones[index].width, ones[index].height
        return [i for i, one in enumerate(ones) if (one.width, one.height, one.encoder) == (*size, encoder)]

    def below(self, accepted: int) -> Generator[Request, Any, None]:
        """Try what might be written in place of an accepted candidate with fewer bytes."""
        board = self.board
        each = board.problem.write == "each"
        pool = self._same_size(accepted, board.candidates[accepted].encoder) if each else range(len(board.candidates))

        def belief() -> Belief[int]:
            able = [index for index in pool if index not in board.impossible]
            return able, self.outlook.log_bytes()[able], self.outlook.margins()[0][able]

        def encode(index: int) -> Generator[Request, Any, int | None]:
            yield from board.encode([index])
            return board.bytes(index) if index in board.trials else None

        yield from below(board.bytes(accepted), belief, encode, lambda index: board.observe([index], "search"))

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
        held = [i for i in self.board.verdicts if i in pool and self.holds(i)]
        return min((i for i in held if not self._unjudged(i) or backed[i] >= LIKELY), key=self.board.key, default=None)

    def _chances(self) -> tuple[Array, Array]:
        """For each candidate the chance that it passes, looks included, and that its neighbours are good enough."""
        mean, deviation = self.outlook.margins()
        backed = chance(self._near.mean(mean, np.inf) - self.gain, self._near.mean(deviation, 1.0))
        return chance(mean, deviation), backed

    def _expected_saving(self, served: float, passing: Array, backed: Array) -> Array:
        """For each candidate the chance that it is accepted times the logarithm of the bytes that it would save."""
        saving: Array = np.maximum(served - self.outlook.log_bytes(), 0.0) * self._accepted(passing, backed)
        return saving

    def _accepted(self, passing: Array, backed: Array) -> Array:
        """For each candidate the chance that it is accepted."""
        board = self.board
        judged = list(board.verdicts)
        accepted: Array = np.minimum(passing, backed)
        accepted[judged] = [float(self.holds(i)) for i in judged]
        accepted[[*board.impossible, *self._hopeless()]] = 0.0
        return accepted

    def _hopeless(self) -> list[int]:
        """Those whose neighbours are known, and not good enough."""
        known = {*self.board.verdicts, *self.board.impossible}
        under = {lower for index in known for lower in self._lower.get(index, ())}
        return [index for index in under if not self._unjudged(index) and not self._backed(index)]


def _most(figures: Array, pool: Sequence[int]) -> int | None:
    """The place of the pool with the largest figure, the first of equal ones; None where there is none."""
    return pool[int(np.argmax(figures[pool]))] if len(pool) else None


def _cost(judges: Sequence[Juror]) -> float:
    """Of a pass through the dearest judge, and of what it is shown."""
    return min(ENCODE + max((one.cost for one in judges), default=MOST_COST), MOST_COST)


def _mean(verdicts: Sequence[Verdict], none: float) -> float:
    """Mean margin of looks; `none` where there are none."""
    return sum(one.margin if one.passed else FAILED for one in verdicts) / len(verdicts) if verdicts else none
