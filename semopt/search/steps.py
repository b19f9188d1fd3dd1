"""One step after another until the top class changes: the search for `resize` and `jpeg`, as the blog post has it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from semopt.search.board import Board
from semopt.types import Candidate, Halt, Problem, Scores, Search, Verdict

NOTHING = "no step of it keeps the top class"
MARGIN = 1.0  # a class is kept or not; there is no near miss


@dataclass(frozen=True, slots=True)
class SameClass:
    """Every judge that knows classes still puts the original's first, and there is such a judge."""

    def __call__(self, scores: Scores) -> Verdict:
        """The post's condition; `keep` and `agree` play no part in it."""
        ranks = [score.rank for score in scores.values() if score.rank is not None]
        passed = bool(ranks) and not any(ranks)
        return Verdict(passed, MARGIN if passed else -MARGIN)


def until_lost(problem: Problem, steps: Iterable[Sequence[Candidate]]) -> Search:
    """Show the smallest file of each step to the judges; accept the last before the class changes.

    Of the steps that kept it, it is the last one smaller than the original, as no other is written. A step that no
    encoder can hold is passed over.
    """
    board = Board(replace(problem, criterion=SameClass(), judges=()), [])
    held: list[int] = []
    try:
        for step in steps:
            indices = [board.add(candidate) for candidate in step]
            yield from board.encode(indices)
            index = min((i for i in indices if i in board.trials), key=board.key, default=None)
            if index is None:
                continue
            yield from board.observe([index], "search")
            if not board.passed(index):
                break
            held.append(index)
    except Halt:
        return board.conclude(_last(board, held), "the time was up before anything was found", complete=False)
    return board.conclude(_last(board, held), NOTHING)


def _last(board: Board, held: Sequence[int]) -> list[int]:
    smaller = [index for index in held if board.bytes(index) < board.problem.source.bytes]
    return (smaller or list(held))[-1:]
