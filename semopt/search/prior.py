"""Fitted numbers of the two surrogates and of the first guess. Printed by `tests/bench/fit_prior.py`, seeds fixed.

Of 98 photographs (ImageNet's and others, at most 512 px) as the embedded network and MobileNetV2 judge them.
"""

from __future__ import annotations

from semopt.search.guess import Guess
from semopt.search.surrogate import Prior

BYTES = Prior(
    mean={
        "webp": (6.537, 0.934, 1.47, 0.199, 0.055, 0.03, -0.03, -0.061),
        "avif": (6.487, 0.564, 0.971, 0.429, 0.134, 0.671, -0.04, 0.024),
        "jpeg": (6.892, 0.778, 1.485, 0.392, 0.137, -0.116, -0.074, -0.138),
        "*": (6.537, 0.934, 1.47, 0.199, 0.055, 0.03, -0.03, -0.061),
    },
    offset=0.249,
    slope=0.094,
    rest=0.177,
    noise=0.038,
    length_size=1.715,
    length_quality=0.488,
    across=0.657,
)
MARGIN = Prior(
    mean={
        "webp": (-1.345, 0.52, 0.947, 0.556, 0.1, -0.054, 0.145, 0.071),
        "avif": (-1.473, 0.474, 0.773, 0.519, 0.097, 0.328, 0.18, 0.245),
        "jpeg": (-1.439, 0.509, 1.136, 0.835, 0.12, -0.273, 0.183, -0.165),
        "*": (-1.345, 0.52, 0.947, 0.556, 0.1, -0.054, 0.145, 0.071),
    },
    offset=0.139,
    slope=0.07,
    rest=0.261,
    noise=0.107,
    length_size=0.806,
    length_quality=0.544,
    across=0.735,
)
GUESS = Guess(
    typical=(8.57, -1.161, -0.026, 3.57),
    spread=(0.295, 0.373, 0.298, 0.392),
    offset=(-0.082, -0.074, 0.059, 0.132),
    octave=(-0.077, -0.084, 0.096, 0.073),
    rung=(-0.154, -0.047, 0.066, 0.081),
)
