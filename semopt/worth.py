"""What can be written of an image: the trials of its search as ways to spend bytes, and what each is worth.

Worth is the similarity, of 1, that the strictest judge would give if its threshold were 0.9, so that it means the same
under each rule: 0.9 is just recognised. Of a trial below the eye's floor it is what as many points below would be, by
EYE points for one unit of log odds; where both are asked, the lesser counts. What nobody judged has no worth. A trial
that passed and was not accepted passed by luck, in the search's own eyes, and counts as it counts failures; and none
counts for more than one of its format that has as many pixels and as good a quality, or more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from semopt.criteria import margin, with_default
from semopt.encoders import ENCODERS
from semopt.evaluators.calibration import THRESHOLD
from semopt.problem import measured
from semopt.search.hunt import FAILED
from semopt.types import Candidate, Outcome, Settings, Trial, Variant

EYE = 10.0
"""Points of SSIMULACRA2: its authors call 90 invisible, 70 high, 50 medium and 30 low, so two units for a word."""
WHOLE = 1_000_000
"""Worth of the original itself: sums of whole numbers do not depend on their order."""
SHARED = ("semantic", "visual", "both")
"""Strategies whose trials are better or worse. A file without loss is as it is; the post's loops know yes and no."""


@dataclass(frozen=True, slots=True)
class Worth:
    """How far a trial is inside what its rule asks for. margin: log odds. The rest as in `semopt.types.Share`."""

    margin: float
    by: str
    figure: float
    wanted: float | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to write an image. trials: its files; empty for what the search found.

    bytes: of all files. worth: the mean of theirs, as a reader takes one of them. least: that of the worst.
    """

    trials: tuple[Trial, ...]
    bytes: int
    worth: int
    least: Worth | None = None

    @property
    def reason(self) -> str:
        """Why it is less than the rule asks for, a clause; empty where it is not."""
        one = self.least
        if one is None or one.margin >= 0:
            return ""
        if one.wanted is None or one.figure >= one.wanted:
            return f"{one.by} gives {one.figure:.4g}, which does not stand a closer look: its share of spend"
        return f"{one.by} gives {one.figure:.4g} of {one.wanted:g}: its share of spend"


@dataclass(frozen=True, slots=True)
class _Rated:
    """A trial that may be written in place of a variant. margin: as it counts."""

    trial: Trial
    margin: float
    worth: Worth


def choices(answer: Outcome, settings: Settings) -> tuple[list[Choice], int]:
    """Every way to write an image, by bytes, none worse than one of fewer; and the index of what was found."""
    files = _Files(answer, settings) if answer.strategy in SHARED else None
    slots = [files.slot(variant) for variant in answer.variants] if files else []
    found = sum(variant.bytes for variant in answer.variants)
    if not slots or not all(slots):
        return [Choice((), found, WHOLE)], 0
    own = _choice([next(one for one in slot if one.margin >= 0) for slot in slots], slots)
    own = Choice((), found, own.worth, own.least)
    levels = sorted({one.margin for slot in slots for one in slot})
    made = sorted((_at(level, slots) for level in levels), key=lambda one: (one.bytes, -one.worth))
    less = [one for one in made if one.bytes < found and one.worth < own.worth]
    more = [one for one in made if one.bytes > found and one.worth > own.worth]
    kept: list[Choice] = []
    for one in (*less, own, *more):
        if not kept or one.worth > kept[-1].worth:
            kept.append(one)
    return kept, kept.index(own)


def _at(level: float, slots: Sequence[Sequence[_Rated]]) -> Choice:
    """Of each file the smallest that is good enough, or else the best."""
    return _choice([next((one for one in slot if one.margin >= level), slot[-1]) for slot in slots], slots)


def _choice(rated: Sequence[_Rated], slots: Sequence[Sequence[_Rated]]) -> Choice:
    """These together, without files that are not smaller than those of a more widely supported format."""
    kept: list[_Rated] = []
    for one in sorted(rated, key=lambda one: ENCODERS[one.trial.candidate.encoder].support):
        width = one.trial.candidate.width
        if all(one.trial.bytes < other.trial.bytes for other in kept if other.trial.candidate.width == width):
            kept.append(one)
    kept.sort(key=lambda one: one.trial.bytes)
    worth = sum(_worth(one.margin) for one in kept) // len(kept)
    least = min(kept, key=lambda one: one.margin)
    shown = Worth(least.margin, least.worth.by, least.worth.figure, least.worth.wanted)
    return Choice(tuple(one.trial for one in kept), sum(one.trial.bytes for one in kept), worth, shown)


def _worth(margin: float) -> int:
    return round(WHOLE / (1 + (1 - THRESHOLD) / THRESHOLD * math.exp(-margin)))


class _Files:
    """The trials of one answer, as far as they may be written."""

    def __init__(self, answer: Outcome, settings: Settings) -> None:
        self._answer, self._settings = answer, settings
        self._strategy = answer.strategy or ""
        self._any_size = self._strategy == "semantic" and (settings.write or "smallest") == "smallest"
        self._any_format = (settings.write or ("smallest" if settings.strategy == "semantic" else "each")) == "smallest"
        self._judges = settings.evaluators if self._strategy in ("semantic", "both") else ()
        self._eye = measured(self._strategy, settings)
        rated = [(trial, self._seen(trial)) for trial in answer.trials if self._sound(trial)]
        self._rated = [(trial, worth) for trial, worth in rated if worth is not None]

    def slot(self, variant: Variant) -> list[_Rated]:
        """What may stand in place of a variant, itself included, better with more bytes; empty where it is no trial."""
        own = next((pair for pair in self._rated if is_of(pair[0], variant)), None)
        if own is None:
            return []
        found = _Rated(own[0], max(own[1].margin, 0.0), own[1])
        others = [self._other(found, *pair) for pair in self._rated if self._replaces(pair[0].candidate, variant)]
        slot: list[_Rated] = []
        for one in sorted([found, *filter(None, others)], key=lambda one: (one.trial.bytes, -one.margin)):
            if not slot or one.margin > slot[-1].margin:
                slot.append(one)
        return slot

    def _other(self, found: _Rated, trial: Trial, worth: Worth) -> _Rated | None:
        """A trial beside the one that was found: none smaller is recognised, and a larger one must be, and better."""
        counted = min([worth.margin, *(other.margin for one, other in self._rated if _is_above(one, trial))])
        if trial.bytes < found.trial.bytes:
            return _Rated(trial, min(counted, FAILED) if worth.margin >= 0 else counted, worth)
        passed = trial.passed is not False and counted > found.margin and self._confirmed(trial)
        return _Rated(trial, counted, worth) if passed and trial.bytes > found.trial.bytes else None

    def _confirmed(self, trial: Trial) -> bool:
        """Whether the judges that have the last word have said it, if there are any."""
        return not self._judges or set(self._settings.confirm) <= (trial.scores or {}).keys()

    def _replaces(self, one: Candidate, variant: Variant) -> bool:
        same_size = (one.width, one.height) == (variant.width, variant.height)
        return (self._any_size or same_size) and (self._any_format or one.encoder == variant.format)

    def _sound(self, trial: Trial) -> bool:
        """Whether a search of this image could have tried it: an answer that came from elsewhere may say anything."""
        one, encoder = trial.candidate, ENCODERS.get(trial.candidate.encoder)
        return (
            encoder is not None
            and one.quality is not None
            and not one.chain
            and encoder.worst <= one.quality <= encoder.best
            and 0 < one.width <= (self._answer.width or 0)
            and 0 < one.height <= (self._answer.height or 0)
            and 0 < trial.bytes < (self._answer.bytes or 0)
        )

    def _seen(self, trial: Trial) -> Worth | None:
        """What was seen of a trial, None where something that its strategy asks for was not looked at."""
        found = []
        if self._eye is not None:
            if trial.measured is None:
                return None
            metric, floor = self._eye
            found.append(Worth((trial.measured - floor) / EYE, metric, trial.measured, floor))
        if self._judges:
            ranked = sorted(self._said(trial), key=lambda one: -one.margin)
            needed = min(self._settings.agree or len(ranked), len(ranked))
            found += ranked[needed - 1 : needed]
        return min(found, key=lambda one: one.margin, default=None)

    def _said(self, trial: Trial) -> Iterator[Worth]:
        """What each judge that was asked and has a say gives it."""
        for name, score in sorted((trial.scores or {}).items()):
            if name in self._judges and not score.silent:
                keep = with_default(self._settings.keep_for(name))
                yield Worth(margin(score, keep, name), name, score.similarity, keep.similarity)


def is_of(trial: Trial, variant: Variant) -> bool:
    """Whether a variant is this trial, as far as they can be told apart."""
    one = trial.candidate
    made = (one.encoder, one.width, one.height, one.quality, trial.bytes)
    return made == (variant.format, variant.width, variant.height, variant.quality, variant.bytes)


def _is_above(one: Trial, other: Trial) -> bool:
    """Whether a trial has as many pixels and as good a quality as another, or more."""
    a, b = one.candidate, other.candidate
    return a.encoder == b.encoder and a.width >= b.width and (a.quality or 0) >= (b.quality or 0) and a != b
