"""Ratios with what is known of them: intervals over images for bytes, the spread of the repeats for times."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.bench.__main__ import interval


@dataclass(frozen=True)
class Span:
    """A figure, and from where to where it may lie."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{short(self.value)} ({short(self.low)} to {short(self.high)})"


def short(value: float) -> str:
    """Three figures that count, no exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def bytes_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Span:
    """Ratio of sums, and its 95 % interval by drawing images with replacement."""
    one, other = np.array(ours, float), np.array(theirs, float)
    return Span(float(one.sum() / other.sum()), *interval(one, other))


def times_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Span:
    """Of times taken in turns: the median, the least and the largest of the ratios of the rounds."""
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])


def spread(values: Sequence[float]) -> Span:
    """Median, least and largest."""
    return Span(statistics.median(values), min(values), max(values))


def mean_difference(ours: Any, theirs: Any, seed: int = 0) -> Span:
    """Of paired figures, with the 95 % interval by drawing pairs."""
    pairs = np.array(ours, float) - np.array(theirs, float)
    draws = np.random.default_rng(seed).integers(0, len(pairs), (2000, len(pairs)))
    low, high = np.quantile(pairs[draws].mean(axis=1), (0.025, 0.975))
    return Span(float(pairs.mean()), float(low), float(high))
