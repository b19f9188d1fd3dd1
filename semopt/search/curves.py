"""What the eye's search believes of an image: how figure and bytes of each encoder grow with quality, at every size.

Both are lines through knots. Photographs differ from the typical one along a few common directions (some are harder
than others, some are hard for one encoder) and by a rest at each knot; a Gaussian says how far (`typical.py`, fitted).
So bytes, which cost little, tell something of the figure, and a figure at one quality tells of all others, of the other
encoders and, less, of the other sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semopt.types import Candidate, Encoder

Array = NDArray[np.float64]
CENTRE = 8.0  # log2 of 256 px: where sizes are measured from
FITTED = (7.5, 9.0)  # log2 of the longest sides along which the lines drift; above them a size counts as the nearest,
LEAST = 5.0  # and below them the lines drift otherwise, down to this: of small files headers are a large part


@dataclass(frozen=True, slots=True)
class Line:
    """The typical line of one encoder: a row for each knot.

    mean at 256 px, drift by octave of the longest side, drift by octave below 181 px, rest (standard deviation of what
    no direction explains), and the loadings on the common directions. Figures in the metric's points, bytes as log of
    bytes by pixel.
    """

    qualities: tuple[int, ...]
    figures: tuple[tuple[float, ...], ...]
    bytes: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Typical:
    """All lines, and how far to trust them.

    kept_directions, kept_rest: correlation of directions and of rests between sizes an octave apart. rough,
    rough_bytes: standard deviation about the line between its knots. doubt: by how many of the standard deviations
    that the fit gives a figure of a photograph that was not fitted is off.
    """

    lines: Mapping[str, Line]
    kept_directions: float
    kept_rest: float
    rough: float = 0.4
    rough_bytes: float = 0.01
    doubt: float = 1.0


FIGURES, BYTES = 0, 1
STRANGE = (15.0, 0.5)  # how far figures and log bytes of an encoder that was never fitted may be from a straight line
ODD = 9.0  # square of the standard deviations from which bytes tell that the image is no usual photograph
TRUST = 4.0  # so many surprises that an image shows weigh as much as the fit's own doubt


@dataclass(frozen=True, slots=True)
class _Part:
    """Where one line lies in the vector of all knots, and the share of each knot in every quality from the worst."""

    place: slice
    shares: Array
    worst: int

    def rows(self, qualities: Sequence[int]) -> Array:
        """A row of shares for each quality."""
        rows: Array = self.shares[np.asarray(qualities, dtype=int) - self.worst]
        return rows


class Curves:
    """Belief about every encoder at several sizes; figures and bytes seen correct it."""

    def __init__(self, typical: Typical, encoders: Sequence[Encoder], sizes: Sequence[tuple[int, int]]) -> None:
        self._rough, self._doubt = (typical.rough, typical.rough_bytes), typical.doubt
        table = _table(typical, encoders)
        octaves = np.array([math.log2(max(size)) for size in sizes])
        large, small = drifts(octaves)
        self._mean: Array = (table[:, 0] + large[:, None] * table[:, 1] + small[:, None] * table[:, 2]).reshape(-1)
        apart = np.abs(np.subtract.outer(octaves, octaves))
        self._covariance: Array = np.kron(typical.kept_directions**apart, table[:, 4:] @ table[:, 4:].T) + np.kron(
            typical.kept_rest**apart, np.diag(table[:, 3] ** 2)
        )
        self._parts = dict(_parts(typical, encoders, sizes))
        self._known: Array = np.zeros((0, len(self._mean)))
        self._values: list[float] = []
        self._noise: list[float] = []
        self._weighed: tuple[Array, Array, Array] | None = None
        self._surprises: dict[tuple[int, int], list[float]] = {size: [] for size in sizes}

    def figure_seen(self, one: Candidate, figure: float) -> None:
        """Take a measured figure in. Those that surprise make everything at that size less sure."""
        self._surprises[one.width, one.height].append(self._surprise(one, figure, FIGURES))
        self._take(one, figure, FIGURES)

    def bytes_seen(self, one: Candidate, size: float) -> None:
        """Take the bytes of an encoded candidate in. Such as no photograph has make that size's figures less sure."""
        value = math.log(size / (one.width * one.height))
        surprise = self._surprise(one, value, BYTES)
        self._surprises[one.width, one.height] += [surprise] if surprise > ODD else []
        self._take(one, value, BYTES)

    def figures(self, encoder: str, size: tuple[int, int], qualities: Sequence[int]) -> tuple[Array, Array]:
        """Mean and standard deviation of what the metric would say of each quality."""
        mean, variance = self._belief(encoder, size, qualities, FIGURES)
        surprises = self._surprises[size]
        wider = (TRUST * self._doubt**2 + sum(surprises)) / (TRUST + len(surprises))
        return mean, np.sqrt((variance + self._rough[FIGURES] ** 2) * wider)

    def bytes(self, encoder: str, size: tuple[int, int], qualities: Sequence[int]) -> Array:
        """Logarithm of the bytes expected of each quality."""
        mean, _ = self._belief(encoder, size, qualities, BYTES)
        expected: Array = mean + math.log(size[0] * size[1])
        return expected

    def _surprise(self, one: Candidate, value: float, kind: int) -> float:
        """Square of the distance from what was expected, in standard deviations."""
        mean, variance = self._belief(one.encoder, (one.width, one.height), [one.quality or 0], kind)
        return float((value - mean[0]) ** 2 / (variance[0] + self._rough[kind] ** 2))

    def _take(self, one: Candidate, value: float, kind: int) -> None:
        part = self._parts[one.encoder, (one.width, one.height), kind]
        row = np.zeros((1, len(self._mean)))
        row[:, part.place] = part.rows([one.quality or 0])
        self._known = np.concatenate([self._known, row])
        self._values.append(value)
        self._noise.append(self._rough[kind])
        spread = self._covariance @ self._known.T
        inverse = np.linalg.inv(self._known @ spread + np.diag(np.square(self._noise)))
        self._weighed = spread, inverse, inverse @ (np.array(self._values) - self._known @ self._mean)

    def _belief(self, encoder: str, size: tuple[int, int], qualities: Sequence[int], kind: int) -> tuple[Array, Array]:
        part = self._parts[encoder, size, kind]
        rows, place = part.rows(qualities), part.place
        mean = rows @ self._mean[place]
        variance = np.einsum("ij,ij->i", rows @ self._covariance[place, place], rows)
        if self._weighed is not None:
            spread, inverse, weights = self._weighed
            reach = rows @ spread[place]
            mean = mean + reach @ weights
            variance = variance - np.einsum("ij,ij->i", reach @ inverse, reach)
        return mean, np.maximum(variance, 1e-9)


def drifts(octaves: Array) -> tuple[Array, Array]:
    """Octaves that count for each of the two drifts of a line, from log2 of the longest side in px."""
    return np.clip(octaves, *FITTED) - CENTRE, np.clip(octaves, LEAST, FITTED[0]) - FITTED[0]


def _parts(
    typical: Typical, encoders: Sequence[Encoder], sizes: Sequence[tuple[int, int]]
) -> Iterator[tuple[tuple[str, tuple[int, int], int], _Part]]:
    start = 0
    for size in sizes:
        for encoder in encoders:
            knots, qualities = _line(typical, encoder).qualities, range(encoder.worst, encoder.best + 1)
            shares = np.stack([np.interp(qualities, knots, alone) for alone in np.eye(len(knots))], axis=1)
            for kind in (FIGURES, BYTES):
                place = slice(start, start + len(knots))
                yield (encoder.name, size, kind), _Part(place, shares, encoder.worst)
                start += len(knots)


def _line(typical: Typical, encoder: Encoder) -> Line:
    """The fitted line, or a straight one for an encoder that was never fitted."""
    if encoder.name in typical.lines:
        return typical.lines[encoder.name]
    ends = (encoder.worst, encoder.best)
    return Line(ends, ((0.0, 0.0, 0.0, 3.0), (95.0, 0.0, 0.0, 3.0)), ((-3.5, 0.0, 0.0, 0.2), (0.5, 0.0, 0.0, 0.2)))


def _table(typical: Typical, encoders: Sequence[Encoder]) -> Array:
    """The rows of all encoders at one size; each strange one gets two directions of its own, figures and bytes."""
    lines = [_line(typical, encoder) for encoder in encoders]
    parts = [np.array(rows) for line in lines for rows in (line.figures, line.bytes)]
    strange = [encoder.name not in typical.lines for encoder in encoders for _ in (FIGURES, BYTES)]
    common = max((part.shape[1] for part in parts), default=4)
    table = np.zeros((sum(len(part) for part in parts), common + sum(strange)))
    top, own = 0, common
    for place, (part, odd) in enumerate(zip(parts, strange, strict=True)):
        table[top : top + len(part), : part.shape[1]] = part
        if odd:
            table[top : top + len(part), own] = STRANGE[place % 2]
            own += 1
        top += len(part)
    return table
