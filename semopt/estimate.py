"""What a build of a tree would save, from searches of a small sample of its images. Writes nothing.

The sample is systematic over the bytes: of all images laid end to end in the order of paths, those are taken that lie
at evenly spaced places. So an image is taken with a chance that follows its bytes, the mean of the shares that were
saved is an unbiased estimate of the share of all bytes, and the same tree gives the same sample.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from semopt import plan
from semopt.answers import searched
from semopt.types import Config, Task

if TYPE_CHECKING:
    from semopt.crew import Crew

MOST_SAMPLES = 12
MOST_BYTES = 8_000_000
"""Of the sample together: fewer images are taken where they are larger, so that an estimate takes seconds."""

MOST_SECONDS, LEAST = 8.0, 5
"""After so long no further image is waited for, if so many are there; after three times as long in no case."""

STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20)
"""Of t for a 95 % interval, by degrees of freedom from 1."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What would be saved of `bytes`. low, high: a 95 % interval of the share, None of fewer than three images.

    images: all that rules touch. sampled: how many were searched; chosen: how many were to be.
    """

    images: int
    bytes: int
    sampled: int
    chosen: int
    share: float
    low: float | None = None
    high: float | None = None

    @property
    def exact(self) -> bool:
        """Whether every image was searched."""
        return self.sampled == self.images


def estimate(config: Config, crew: Crew, most_seconds: float = MOST_SECONDS) -> Estimate | None:
    """Search a sample; None where there is nothing to search, or nothing was found in time. Raises EvaluatorError."""
    tasks = [task for task in plan.make(config).tasks if 0 < task.asset.stat.size <= config.limits.max_bytes]
    sample = sampled(tasks)
    begun = time.monotonic()
    saved: dict[str, float] = {}
    with closing(searched(config, _spread(list(sample)), crew)) as answers:
        for answer in answers:
            outcome = answer.outcome
            smallest = min((one.bytes for one in outcome.variants), default=outcome.bytes or 0)
            saved[outcome.path] = 1 - smallest / outcome.bytes if outcome.bytes else 0.0
            spent = time.monotonic() - begun
            if spent > most_seconds * (1 if len(saved) >= LEAST else 3):
                break
    if not saved:
        return None
    weights = {task.asset.path: weight for task, weight in sample.items()}
    return _estimated(tasks, len(sample), saved, weights)


def _estimated(tasks: Sequence[Task], chosen: int, saved: dict[str, float], weights: dict[str, int]) -> Estimate:
    total = sum(task.asset.stat.size for task in tasks)
    if len(saved) == len(tasks):
        share = sum(saved[task.asset.path] * task.asset.stat.size for task in tasks) / total
        return Estimate(len(tasks), total, len(saved), chosen, share)
    shares = [share for path, share in saved.items() for _ in range(weights[path])]
    share, low, high = fmean(shares), None, None
    if len(saved) >= 3:
        # An image that was taken twice tells no more than once, so the images are counted
        half = STUDENT[min(len(saved) - 1, len(STUDENT)) - 1] * stdev(shares) / math.sqrt(len(saved))
        low, high = max(0.0, share - half), min(1.0, share + half)
    return Estimate(len(tasks), total, len(saved), chosen, share, low, high)


def sampled(tasks: Sequence[Task]) -> dict[Task, int]:
    """The sample, each image with how many of the places fall on it; as many as `MOST_BYTES` allow, at least one."""
    for places in range(min(MOST_SAMPLES, len(tasks)), 0, -1):
        sample = _at(tasks, places)
        if sum(task.asset.stat.size for task in sample) <= MOST_BYTES or places == 1:
            # Of a small tree all, also where a large image takes the place of a small one
            whole = sum(task.asset.stat.size for task in tasks) <= MOST_BYTES and len(tasks) <= MOST_SAMPLES
            return dict.fromkeys(tasks, 1) if whole else sample
    return {}


def _at(tasks: Sequence[Task], places: int) -> dict[Task, int]:
    """The images at evenly spaced places, the first half a space from the start."""
    space = sum(task.asset.stat.size for task in tasks) / places
    found: Counter[Task] = Counter()
    end = 0
    for task in tasks:
        start, end = end, end + task.asset.stat.size
        if taken := math.floor(end / space + 0.5) - math.floor(start / space + 0.5):
            found[task] += taken
    return dict(found)


def _spread(tasks: Sequence[Task]) -> list[Task]:
    """Every third, then the others, so that a sample that is cut short is still from all of the tree."""
    return [task for first in range(3) for task in tasks[first::3]]
