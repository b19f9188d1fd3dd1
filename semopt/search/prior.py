"""Fitted numbers of the two surrogates. Written by `tests/bench/fit_prior.py`; see there for how to repeat it."""

from __future__ import annotations

from semopt.search.surrogate import Prior

BYTES = Prior(
    mean={
        "webp": (6.466, 0.934, 1.376, 0.191, 0.066, 0.161, -0.026, -0.036),
        "avif": (6.433, 0.547, 1.039, 0.474, 0.135, 0.583, -0.028, -0.002),
        "jpeg": (6.848, 0.761, 1.462, 0.399, 0.138, -0.066, -0.063, -0.114),
        "*": (6.466, 0.934, 1.376, 0.191, 0.066, 0.161, -0.026, -0.036),
    },
    offset=0.337, slope=0.085, rest=0.119, noise=0.044, length_size=0.951, length_quality=0.753, across=0.5, own=0.047,
)  # fmt: skip
MARGIN = Prior(
    mean={
        "webp": (-3.305, 0.656, 1.942, 1.054, 0.137, -0.109, 0.07, -0.057),
        "avif": (-3.409, 0.586, 1.639, 1.166, 0.141, 0.374, 0.148, 0.064),
        "jpeg": (-3.346, 0.764, 2.058, 1.257, 0.198, -0.408, 0.1, -0.345),
        "*": (-3.305, 0.656, 1.942, 1.054, 0.137, -0.109, 0.07, -0.057),
    },
    offset=0.736, slope=0.55, rest=0.616, noise=0.32, length_size=0.543, length_quality=0.36, across=0.54,
)  # fmt: skip
