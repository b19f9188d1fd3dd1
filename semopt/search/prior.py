"""Fitted numbers of the two surrogates. Written by `tests/bench/fit_prior.py`; see there for how to repeat it."""

from __future__ import annotations

from semopt.search.surrogate import Prior

BYTES = Prior(
    mean={
        "webp": (6.512, 0.924, 1.405, 0.187, 0.043, 0.139, -0.031, -0.043),
        "avif": (6.455, 0.544, 1.066, 0.453, 0.124, 0.575, -0.042, -0.003),
        "jpeg": (6.862, 0.76, 1.5, 0.401, 0.127, -0.09, -0.068, -0.123),
        "*": (6.512, 0.924, 1.405, 0.187, 0.043, 0.139, -0.031, -0.043),
    },
    offset=0.25,
    slope=0.106,
    rest=0.127,
    noise=0.031,
    length_size=1.412,
    length_quality=0.345,
    across=0.116,
)
MARGIN = Prior(
    mean={
        "webp": (-1.937, 0.57, 0.985, 0.586, 0.108, 0.091, 0.153, 0.192),
        "avif": (-2.115, 0.5, 0.916, 0.652, 0.117, 0.376, 0.198, 0.302),
        "jpeg": (-2.06, 0.567, 1.152, 0.902, 0.132, -0.115, 0.261, 0.008),
        "*": (-1.937, 0.57, 0.985, 0.586, 0.108, 0.091, 0.153, 0.192),
    },
    offset=0.508,
    slope=0.798,
    rest=0.375,
    noise=0.147,
    length_size=0.787,
    length_quality=0.616,
    across=0.843,
)
