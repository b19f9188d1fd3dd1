"""The last word on what a search found, before it is written: every readable sample is kept, and so is every answer.

What the judge could not decide about was kept close to the eye, without asking it. Here it is asked: of 100 photographs
MobileNetV2 was not sure of 18, and gave another answer on 6 of those at SSIMULACRA2 70. Such a sample is copied.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from semopt.crew import Crew, Judges
from semopt.criteria import label_holds
from semopt.imagefolder.samples import Judge, same_pixels
from semopt.types import Config, Outcome, Score, Task


class Review:
    """Revises answers, as `pipeline.Scope.revised`. Raises EvaluatorError and ImageError."""

    def __init__(self, config: Config, crew: Crew, judge: Judge) -> None:
        self._config, self._crew, self._judge = config, crew, judge

    def __call__(self, task: Task, answer: Outcome, contents: Sequence[bytes]) -> Outcome:
        """The answer; without variants, and so a copy, where the file is only not semopt's, or the judge says no."""
        if answer.status == "failed":
            return replace(answer, status="kept") if self._opens(task) else answer
        if not self._judge.labels or not answer.variants or answer.strategy == "semantic" or same_pixels(answer):
            return answer
        try:
            score = self._seen(task, contents[0])
        except OSError:
            return answer  # it is not written either, as the original is gone
        if label_holds(score, self._config.default.settings.keep_for(self._judge.name), self._judge.name):
            variant = replace(answer.variants[0], scores=((self._judge.name, score),))
            return replace(answer, variants=(variant,))
        lost = f"{score.label!r} is seen for {score.label_before!r} in what is close to the eye"
        return replace(answer, status="kept", variants=(), reason="; ".join(filter(None, (answer.reason, lost))))

    @staticmethod
    def _opens(task: Task) -> bool:
        from semopt.images.opening import opens

        return opens(task.asset.file)

    def _seen(self, task: Task, content: bytes) -> Score:
        """What the judge gives a file, as it gives those that it searches: plain views of both, compared."""
        from PIL import Image

        from semopt.images import decode, view
        from semopt.looks import compared, pixels

        name, background = self._judge.name, self._config.default.settings.ground
        size = pixels(self._judges[name])
        most = size if isinstance(size, int) else None
        pictures = decode(task.asset.file.read_bytes(), self._config.limits).image, Image.open(io.BytesIO(content))
        (scores,) = compared([name], self._judges, {size: [view(one, background, most) for one in pictures]})
        return scores[name]

    @cached_property
    def _judges(self) -> Judges:
        return Judges(self._config, self._crew)
