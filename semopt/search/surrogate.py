"""What a search believes before it has looked: a Gaussian process over the lattice, for bytes and for margins.

The mean is a polynomial in size and quality for each encoder, the covariance a common offset for the image, a
common slope in size and a smooth rest; both were fitted on photographs (`prior.py`). A handful of trials then
corrects the belief for this image, so that passes are spent only where they can win.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semopt.types import Candidate, Encoder

Array = NDArray[np.float64]
CENTRE = 7.0  # log2 of 128 px: where sizes are measured from
LARGEST = 10.0  # log2 of 1,024 px: beyond it judges see no more, and the polynomials were never fitted
TRUST = 4.0
"""For how many figures the prior's spread counts once figures are seen: they widen it where they are farther from what
was believed than it says, as in a process of Student's t. With it a guess that is wrong by one costs 1.06 times the
bytes of the exhaustive search, without it 1.07; where it is right nothing changes."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Fitted numbers of one surrogate.

    mean: coefficients by encoder for `_basis`; "*" for encoders that were not fitted. offset, slope, rest, noise:
    standard deviations. length_size in octaves, length_quality in ladders. across: correlation of the rest between
    encoders.
    """

    mean: dict[str, tuple[float, ...]]
    offset: float
    slope: float
    rest: float
    noise: float
    length_size: float
    length_quality: float
    across: float
    own: float = 0.0


class Places:
    """Where the candidates of one lattice lie: size in octaves, quality as a place on its ladder, encoder."""

    def __init__(self, candidates: Sequence[Candidate], encoders: Sequence[Encoder]) -> None:
        ladders = {encoder.name: encoder.ladder for encoder in encoders}
        longest = np.array([max(one.width, one.height) for one in candidates], dtype=float)
        self.names = [one.encoder for one in candidates]
        self.octave: Array = np.log2(longest) - CENTRE
        rungs = {key: _rung(ladders[key[0]], key[1]) for key in {(one.encoder, one.quality) for one in candidates}}
        self.rung: Array = np.array([rungs[one.encoder, one.quality] for one in candidates])
        self.encoder = np.array([list(ladders).index(one.encoder) for one in candidates], dtype=int)


def _rung(ladder: Sequence[int], quality: int | None) -> float:
    """Place of a quality on its ladder, 0 for the worst to 1 for the best."""
    if quality is None or len(ladder) < 2:
        return 1.0
    return float(np.interp(quality, ladder, np.linspace(0.0, 1.0, len(ladder))))


class Surrogate:
    """Belief about one figure at every place of a lattice."""

    def __init__(self, prior: Prior, places: Places, capped: bool) -> None:
        """capped: the figure grows no more beyond `LARGEST`."""
        octave = np.minimum(places.octave, LARGEST - CENTRE) if capped else places.octave
        self._noise = prior.noise**2
        self._mean = _mean(prior, places, octave)
        self._tilts = np.stack([np.ones_like(octave), octave, places.rung])
        self._covariance = _covariance(prior, places, octave)

    def tilt(self, by: Array) -> None:
        """Believe other figures from the start: by an offset, a slope in octaves and one in places on the ladder."""
        self._mean = self._mean + np.einsum("i,ij->j", by, self._tilts)

    def surplus(self, seen: Sequence[int], figures: Sequence[float]) -> float:
        """By how much the figures at these places are over what was believed of them, in the mean."""
        return float(np.mean(np.asarray(figures) - self._mean[list(seen)]))

    def belief(self, seen: Sequence[int], figures: Sequence[float]) -> tuple[Array, Array]:
        """Mean and standard deviation at every place, given the figures at the places seen."""
        if not seen:
            return self._mean, np.sqrt(np.diag(self._covariance))
        known = np.asarray(seen, dtype=int)
        gram = self._covariance[np.ix_(known, known)] + self._noise * np.eye(len(known))
        cross = self._covariance[:, known]
        weights = np.linalg.solve(gram, cross.T)
        rest = np.asarray(figures) - self._mean[known]
        mean = self._mean + rest @ weights
        surprise = float(np.einsum("i,i->", rest, np.linalg.solve(gram, rest)))
        wider = max(1.0, (TRUST + surprise) / (TRUST + len(known)))
        variance = np.diag(self._covariance) - np.einsum("ij,ji->i", cross, weights)
        return mean, np.sqrt(np.maximum(variance * wider, 1e-9))


def _basis(octave: Array, rung: Array) -> Array:
    one = np.ones_like(octave)
    columns = (one, octave, rung, octave * rung, octave**2, rung**2, octave**2 * rung, rung**2 * octave)
    return np.stack(columns, axis=1)


def _mean(prior: Prior, places: Places, octave: Array) -> Array:
    coefficients = np.array([prior.mean.get(name, prior.mean["*"]) for name in places.names])
    mean: Array = np.einsum("ij,ij->i", _basis(octave, places.rung), coefficients)
    return mean


def _covariance(prior: Prior, places: Places, octave: Array) -> Array:
    apart_size = (octave[:, None] - octave[None]) / prior.length_size
    apart_rung = (places.rung[:, None] - places.rung[None]) / prior.length_quality
    same = places.encoder[:, None] == places.encoder[None]
    smooth = np.exp(-0.5 * (apart_size**2 + apart_rung**2)) * np.where(same, 1.0, prior.across)
    covariance: Array = (
        prior.offset**2 + prior.own**2 * same + prior.slope**2 * octave[:, None] * octave[None] + prior.rest**2 * smooth
    )
    return covariance


_DISTANCES = np.linspace(-8.0, 8.0, 4097)
_NORMAL = np.array([0.5 * math.erfc(-distance / math.sqrt(2)) for distance in _DISTANCES.tolist()])


def chance(mean: Array, deviation: Array) -> Array:
    """Probability that a figure is over 0, within 1e-6: between what was worked out once lies a straight line."""
    found: Array = np.interp(mean / deviation, _DISTANCES, _NORMAL)
    return found
