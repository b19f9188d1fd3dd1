"""What a search makes of its board: bytes, margins and chances of every candidate, seen or not."""

from __future__ import annotations

import math
from dataclasses import replace

from semopt.search.board import Board
from semopt.search.guess import features
from semopt.search.prior import BYTES, GUESS, MARGIN
from semopt.search.surrogate import Array, Places, Surrogate, chance

DOUBT = 2.0  # spread of an image's offset of margin, once what was believed at first has led to nothing


class Outlook:
    """Beliefs about the candidates of a board, as arrays in its order."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._places = Places(board.candidates, board.problem.encoders)
        self._bytes = Surrogate(BYTES, self._places, capped=False)
        self._margin = Surrogate(MARGIN, self._places, capped=True)
        self._sizes: tuple[int, Array] | None = None

    def anchors(self) -> list[int]:
        """One middling candidate of each encoder: with their bytes those of this image are predicted, not of any."""
        board = self._board
        first: dict[str, int] = {}
        for index in sorted(range(len(board.candidates)), key=lambda i: abs(self._places.octave[i])):
            encoder = next(e for e in board.problem.encoders if e.name == board.candidates[index].encoder)
            if board.candidates[index].quality == encoder.ladder[len(encoder.ladder) // 2]:
                first.setdefault(encoder.name, index)
        return list(first.values())

    def guess(self) -> None:
        """Start from the first guess at this image's margins; the anchors are encoded."""
        board = self._board
        surplus = self._bytes.surplus(list(board.trials), self._known_bytes()) if board.trials else math.nan
        self._margin.tilt(GUESS.tilt(features(board.problem.source, surplus, board.problem.looks)))

    def doubt(self) -> None:
        """Give up what was believed at first of the image's margins, as it may be that which hides all that passes."""
        self._margin = Surrogate(replace(MARGIN, offset=DOUBT), self._places, capped=True)

    def margins(self) -> tuple[Array, Array]:
        """Mean and standard deviation of the margin in the eyes of the judges that search."""
        verdicts = self._board.verdicts
        return self._margin.belief(list(verdicts), [one.margin for one in verdicts.values()])

    def log_bytes(self) -> Array:
        """Logarithm of the bytes, as known or believed. Not to be changed: it is kept until more are encoded."""
        encoded = list(self._board.trials)
        if self._sizes is None or self._sizes[0] != len(encoded):
            known = self._known_bytes()
            size = self._bytes.belief(encoded, known)[0].copy()
            size[encoded] = known
            self._sizes = len(encoded), size
        return self._sizes[1]

    def chance_to_be_confirmed(self) -> Array:
        """Chance that the judges that confirm recognise it; 0 for what they were shown."""
        consulted = self._board.consulted
        likely = chance(*self._margin.belief(list(consulted), [one.margin for one in consulted.values()]))
        likely[list(consulted)] = 0.0
        return likely

    def _known_bytes(self) -> list[float]:
        return [math.log(self._board.bytes(index)) for index in self._board.trials]
