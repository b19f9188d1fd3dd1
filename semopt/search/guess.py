"""A first guess at how much an image bears, from what is known of it before a candidate was judged.

A small original leaves less to lose at a size than a large one; one that costs many bytes a pixel, or takes more bytes
than others where it was encoded first, keeps less; and a judge that thinks otherwise of the same picture shifted by a
few pixels will do so of a candidate too. The guess moves what the search believes at first; passes then correct it.

Held back from the fit, it leaves 0.37 of an image's own offset of margin unknown, where 0.48 are without (standard
deviations, MobileNetV2 on 113 photographs). The spread of slopes at several scales adds nothing to these figures, nor
does the probability of the top class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from semopt.search.surrogate import Array
from semopt.types import Score, Source

FARTHEST = 2.5  # spreads from the typical image: beyond what was trained on nothing is guessed that was not seen there
SUREST = 8.0  # log odds of a similarity are clipped here


@dataclass(frozen=True, slots=True)
class Guess:
    """A linear guess. typical, spread: mean and standard deviation of the four figures of `features`.

    offset, octave, rung: what a spread of each adds to the margin at 128 px and the worst quality, for each octave of
    size, and from the worst quality to the best.
    """

    typical: tuple[float, ...]
    spread: tuple[float, ...]
    offset: tuple[float, ...]
    octave: tuple[float, ...]
    rung: tuple[float, ...]

    def tilt(self, features: Array) -> Array:
        """Offset, slope in size and slope in quality, (3,), by which margins will differ from the typical image's."""
        apart = (features - np.array(self.typical)) / np.array(self.spread)
        apart = np.where(np.isnan(apart), 0.0, np.clip(apart, -FARTHEST, FARTHEST))
        return np.asarray(np.einsum("ij,j->i", np.array([self.offset, self.octave, self.rung]), apart))


def features(source: Source, surplus: float, looks: Mapping[str, Sequence[Score]]) -> Array:
    """What the guess goes by, (4,), not a number where it is unknown.

    The longest side in octaves; log bytes a pixel of the original; surplus: log of how many times the bytes that were
    expected its first candidates take; and how sure the least sure judge is of the altered looks of the original, in
    the mean log odds of their similarity to it.
    """
    side, pixels = max(source.width, source.height), source.width * source.height
    return np.array([math.log2(side), math.log(source.bytes / pixels), surplus, steadiness(looks)])


def steadiness(looks: Mapping[str, Sequence[Score]]) -> float:
    """Mean log odds of the looks' similarity for the judge for whom it is least; not a number without any."""
    means = [float(np.mean([_log_odds(score.similarity) for score in seen])) for seen in looks.values() if seen]
    return min(means, default=math.nan)


def _log_odds(similarity: float) -> float:
    share = min(max(similarity, 1e-6), 1 - 1e-6)
    return max(-SUREST, min(SUREST, math.log(share / (1 - share))))
