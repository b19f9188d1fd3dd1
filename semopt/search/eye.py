"""The smallest file of a given size that stays close to the eye: the search for `visual` and `both`.

At most PROBES comparisons with the original at each displayed size, of all formats together; where images share the
bytes of `spend`, one more for each step below each file (`below`), which is accepted too where it is good after all.
Drawings are encoded without loss too, and looked at so where that is smaller than what was found.
All trials so far, those of other formats and sizes and the bytes of what was merely encoded, make up a belief about
every quality (`curves`); `aim` chooses by it. What is accepted was itself measured, and with judges itself recognised:
nothing is taken for granted because a lower quality was good enough, as neither rises strictly with quality.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from semopt.search.aim import Prospect, aim, together
from semopt.search.below import Belief, below
from semopt.search.board import Board
from semopt.search.curves import Array, Curves
from semopt.search.cutout import CUT_OUT
from semopt.search.lattice import displayed, fits
from semopt.search.surrogate import chance
from semopt.search.typical import TYPICAL
from semopt.types import Candidate, Encoder, Halt, Problem, Request, Search, Trial

PROBES = 4
Size = tuple[int, int]
Asking = Generator[Request, Any, None]
_Made = Mapping[int, Trial]  # by quality, of one encoder at one size


def close_to_the_eye(problem: Problem, judged: bool) -> Search:
    """The smallest file over the floor for each size and encoder; with `judged` it must be recognised as well."""
    (metric, floor), *_ = problem.floor.items()
    hunt = _Hunt(problem, judged, metric, floor)
    try:
        for size in displayed(problem):
            yield from hunt.at(size)
            if problem.source.graphic:
                yield from hunt.whole(size)
        if problem.below:
            for index in hunt.board.worth_writing(hunt.accepted()):
                yield from hunt.below(index)
    except Halt:
        return hunt.board.conclude(hunt.accepted(), "the time was up before anything was found", complete=False)
    return hunt.board.conclude(hunt.accepted(), f"no smaller file keeps {metric} at {floor:g} or more")


class _Hunt:
    """The state of one search: the board, and what is believed of the image."""

    def __init__(self, problem: Problem, judged: bool, metric: str, floor: float) -> None:
        self.board = Board(problem, [])
        self._problem, self._judged, self._metric, self._floor = problem, judged, metric, floor
        lossy = [encoder for encoder in problem.encoders if encoder.ladder]
        self._encoders = sorted(lossy, key=lambda encoder: encoder.support)
        seen_through = problem.source.alpha and all(encoder.alpha for encoder in lossy)
        self._curves = Curves(CUT_OUT if seen_through else TYPICAL, self._encoders, displayed(problem))
        self._all: dict[tuple[str, Size], list[Candidate]] = {}  # by encoder and size, of each quality from the worst

    def accepted(self) -> list[int]:
        """Everything that was measured over the floor and, with judges, recognised."""
        return [index for index, trial in self.board.trials.items() if self._holds(trial)]

    def at(self, size: Size) -> Asking:
        """Spend the probes of one size. What is measured was encoded and judged before.

        Of the newest format, the dearest to encode, no anchor is made: those of the others tell as much of the image.
        """
        able = [encoder for encoder in self._encoders if fits(encoder, *size)]
        yield from self._encode([self._anchor(encoder, size) for encoder in able[:-1] or able])
        left, fresh = PROBES, None
        while left and (one := aim(self._prospects(able, size), left, fresh)):
            index = self.board.add(one)
            if index not in self.board.trials:
                yield from self._encode([one])
                fresh = one
                continue  # its true bytes may change the choice
            if self._judged and index not in self.board.verdicts:
                yield from self._judge(index)
                continue
            yield from self._measure(index)
            left -= 1

    def whole(self, size: Size) -> Asking:
        """Try all the pixels of a drawing, in formats with a lossless mode: few colours cost least so."""
        for encoder in self._encoders:
            if not encoder.lossless or not fits(encoder, *size):
                continue
            index = self.board.add(Candidate(encoder.name, *size, None))
            yield from self.board.encode([index])
            if index not in self.board.trials or index not in self.board.worth_writing([*self.accepted(), index]):
                continue
            if self._judged:
                yield from self._judge(index)
            if not self._judged or self.board.trials[index].passed:
                yield from self.board.measure(index, self._metric)

    def below(self, accepted: int) -> Asking:
        """Try what might be written in place of an accepted candidate with fewer bytes, beyond the probes."""
        one = self.board.candidates[accepted]
        size = one.width, one.height
        able = [encoder for encoder in self._encoders if fits(encoder, *size)]
        if self._problem.write == "each":
            able = [encoder for encoder in able if encoder.name == one.encoder]

        def belief() -> Belief[Candidate]:
            ones: list[Candidate] = []
            sizes, figures = [], []
            for encoder in able:
                tried = self._made(encoder, size)
                qualities = self._possible(encoder, size)
                ones += self._of(encoder, size, qualities)
                sizes.append(self._bytes(encoder, size, qualities, tried))
                figures.append(self._curves.figures(encoder.name, size, qualities)[0])
            return ones, np.concatenate(sizes), np.concatenate(figures)

        def encode(other: Candidate) -> Generator[Request, Any, int | None]:
            index = self.board.add(other)
            if index not in self.board.trials:
                yield from self._encode([other])
            return self.board.bytes(index) if index in self.board.trials else None

        def show(other: Candidate) -> Asking:
            index = self.board.add(other)
            if self._judged and index not in self.board.verdicts:
                yield from self._judge(index)
            if self.board.trials[index].measured is None:
                yield from self._measure(index)

        yield from below(self.board.bytes(accepted), belief, encode, show)

    def _judge(self, index: int) -> Asking:
        yield from self.board.observe([index], "search")
        if self.board.passed(index):
            yield from self.board.consult(index)

    def _measure(self, index: int) -> Asking:
        yield from self.board.measure(index, self._metric)
        self._curves.figure_seen(self.board.candidates[index], self.board.trials[index].measured or 0.0)

    def _holds(self, trial: Trial) -> bool:
        return (
            trial.measured is not None and trial.measured >= self._floor and (not self._judged or trial.passed is True)
        )

    def _encode(self, ones: Sequence[Candidate]) -> Asking:
        indices = [self.board.add(one) for one in ones]
        yield from self.board.encode(indices)
        for one, index in zip(ones, indices, strict=True):
            if index in self.board.trials:
                self._curves.bytes_seen(one, self.board.bytes(index))

    def _anchor(self, encoder: Encoder, size: Size) -> Candidate:
        """Of the quality that a photograph needs, as far as is known: its bytes are what is learnt first."""
        qualities = range(encoder.worst, encoder.best + 1)
        mean, _ = self._curves.figures(encoder.name, size, qualities)
        return Candidate(encoder.name, *size, qualities[int(np.argmin(np.abs(mean - self._floor)))])

    def _prospects(self, able: Sequence[Encoder], size: Size) -> list[Prospect]:
        """One for each file that may be written, the most widely supported first."""
        served = math.log(self._problem.source.bytes)
        if self._problem.write == "smallest":
            each = [self._prospect(encoder, size, served) for encoder in able]
            return [together(each)] if each else []
        each = []
        for encoder in able:  # served: what readers get of the formats so far, or will probably get
            each.append(self._prospect(encoder, size, served))
            served = min(served, each[-1].served, each[-1].likely() if each[-1].pending() else math.inf)
        return each

    def _prospect(self, encoder: Encoder, size: Size, served: float) -> Prospect:
        """served: log of the bytes that readers of more widely supported formats get."""
        tried = self._made(encoder, size)
        found = [math.log(trial.bytes) for trial in tried.values() if self._holds(trial)]
        qualities = self._open(encoder, size, tried)
        mean, deviation = self._curves.figures(encoder.name, size, qualities)
        return Prospect(
            self._of(encoder, size, qualities),
            chance(mean - self._floor, deviation),
            self._bytes(encoder, size, qualities, tried),
            min([served, *found]),
            found=bool(found),
            tried=any(trial.measured is not None for trial in tried.values()),
        )

    def _made(self, encoder: Encoder, size: Size) -> _Made:
        return {
            trial.candidate.quality or 0: trial
            for trial in self.board.trials.values()
            if trial.candidate.encoder == encoder.name and (trial.candidate.width, trial.candidate.height) == size
        }

    def _bytes(self, encoder: Encoder, size: Size, qualities: Sequence[int], tried: _Made) -> Array:
        """Logarithm of the bytes, as known or believed."""
        made = [math.log(tried[quality].bytes) if quality in tried else np.nan for quality in qualities]
        return np.where(np.isnan(made), self._curves.bytes(encoder.name, size, qualities), made)

    def _of(self, encoder: Encoder, size: Size, qualities: Sequence[int]) -> list[Candidate]:
        """The candidates of some qualities; each is made but once."""
        if (encoder.name, size) not in self._all:
            every = range(encoder.worst, encoder.best + 1)
            self._all[encoder.name, size] = [Candidate(encoder.name, *size, quality) for quality in every]
        ones = self._all[encoder.name, size]
        return [ones[quality - encoder.worst] for quality in qualities]

    def _possible(self, encoder: Encoder, size: Size) -> list[int]:
        failed = [self.board.candidates[index] for index in self.board.impossible]
        impossible = {one.quality for one in failed if (one.encoder, one.width, one.height) == (encoder.name, *size)}
        return [quality for quality in range(encoder.worst, encoder.best + 1) if quality not in impossible]

    def _open(self, encoder: Encoder, size: Size, tried: _Made) -> list[int]:
        """The qualities that may still be measured. Where a judge said no only rungs above are worth asking about."""
        unseen = max((one.candidate.quality or 0 for one in tried.values() if one.passed is False), default=None)
        rungs = {*encoder.ladder, encoder.best}
        return [
            quality
            for quality in self._possible(encoder, size)
            if (unseen is None or (quality > unseen and quality in rungs))
            and (quality not in tried or tried[quality].measured is None)
        ]
