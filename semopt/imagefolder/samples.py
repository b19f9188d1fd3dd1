"""From outcomes to samples: whether the judge answers as before, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

from semopt.criteria import margin, with_default
from semopt.imagefolder.tree import Survey
from semopt.imagefolder.wish import has_classes
from semopt.records import DIGITS, score_json
from semopt.types import COPY, Config, Outcome, Sample, Score


@dataclass(frozen=True, slots=True)
class Judge:
    """The judge by whose answers agreement is told: the first with classes, else the first. threshold: similarity."""

    name: str
    labels: bool
    threshold: float


def judge_of(config: Config) -> Judge:
    """The judge of a config."""
    settings = config.default.settings
    specs = {spec.name: spec for spec in config.evaluators}
    labelled = [name for name in settings.evaluators if has_classes(specs[name])]
    name = (labelled or settings.evaluators)[0]
    return Judge(name, bool(labelled), with_default(settings.keep_for(name)).similarity or 0.0)


class Samples:
    """Makes samples of outcomes."""

    def __init__(self, config: Config, tree: Survey, judge: Judge) -> None:
        self._config, self._tree, self._judge = config, tree, judge

    def of(self, outcome: Outcome) -> Sample:
        """The sample that an outcome is about."""
        split, name = self._tree.of(outcome.path)
        if not outcome.variants:
            return Sample(outcome.path, None, split, name, "failed", outcome.reason, outcome.bytes, fresh=False)
        (variant,) = outcome.variants
        same = variant.format == COPY or same_pixels(outcome)
        scores = {one: _rounded(score) for one, score in variant.scores}
        score = scores.get(self._judge.name)
        return Sample(
            *(outcome.path, variant.path, split, name, "copied" if variant.format == COPY else "optimized"),
            *(outcome.reason, outcome.bytes, variant.bytes, outcome.strategy, tuple(sorted(scores.items()))),
            agrees=True if same else None if score is None else self._agrees(score),
            similarity=1.0 if same else None if score is None else score.similarity,
            margin=None if same or score is None or outcome.strategy != "semantic" else self._margin(score),
            same=same,
            fresh=outcome.status != "cached",
        )

    def _agrees(self, score: Score) -> bool:
        if not self._judge.labels:
            return score.similarity >= self._judge.threshold
        return score.label == score.label_before if score.rank is None else score.rank == 0

    def _margin(self, score: Score) -> float:
        keep = with_default(self._config.default.settings.keep_for(self._judge.name))
        return round(margin(score, keep, self._judge.name), DIGITS)


def same_pixels(outcome: Outcome) -> bool:
    """Whether a variant was found that has every pixel of the original."""
    (variant,) = outcome.variants
    return outcome.strategy == "lossless" and (variant.width, variant.height) == (outcome.width, outcome.height)


def _rounded(score: Score) -> Score:
    """As the manifest has it, so that a report does not depend on whether a score is from this run."""
    return Score(**score_json(score))
