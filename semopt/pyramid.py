"""SSIMULACRA2 for several candidates of one original: the original's half is worked out once, all in 32-bit floats.

Written from the published description of the metric (Jon Sneyers, Cloudinary, 2022) and held against the package
`ssimulacra2` (BSD-3-Clause; its licence is in SSIMULACRA2-LICENSE.txt), whose constants and borders are used: up to 93
the figures are within 0.02 of its own, above within 0.2. What hardly weighs is left out (`PARTS`). Six tiles of 256 px
take 13 ms of one core where the package takes 250, and 10 more for the original once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""One channel at one scale, by height by width."""
Planes = NDArray[np.float32]
"""Some of them, the first axis."""
Norms = tuple[float, float]
"""Weights of the mean of a map, and of the fourth root of its mean fourth power."""

SIGMA, RADIUS = 1.5, 5  # px, of the blur
BLOCK = 64  # px that are blurred by one product of matrices
KNEE = 0.0009  # keeps the structure's quotient steady where nothing varies
RED, LUMA, BLUE = 0, 1, 2  # red against green, and what the others say
LIFT, SPREAD = (0.42, 0.01, 0.55), (14.0, 1.0, 1.0)  # of the channels, so that all are positive and alike in range
CONES = ((0.3, 0.622, 0.078), (0.23, 0.692, 0.078), (0.24342268924547819, 0.20476744424496821, 0.5518098665095536))
BIAS = 0.0037930732552754493  # of all three, which see red, green and blue so


@dataclass(frozen=True, slots=True)
class Part:
    """Weights of one channel at one scale, each half the one before: of structure, edges added and edges lost."""

    scale: int
    channel: int
    structure: Norms = (0.0, 0.0)
    added: Norms = (0.0, 0.0)
    lost: Norms = (0.0, 0.0)


PARTS = (
    Part(0, LUMA, structure=(0.0, 7.466890328078848), lost=(0.0, 17.445833984131262)),
    Part(1, RED, structure=(0.0, 1.1041726426657346)),
    Part(1, LUMA, structure=(0.0, 6.683678146179332), lost=(0.0, 1.027889937768264)),
    Part(2, RED, structure=(0.0, 1.8422455520539298), added=(0.0, 11.441172603757666)),
    Part(2, LUMA, structure=(225.20515300849274, 19.213238186143016)),
    Part(3, RED, structure=(0.0, 1.8787594979546387), added=(0.0, 10.94906990605142)),
    Part(3, LUMA, structure=(176.39317598450694, 24.43300999870476), added=(0.0, 0.28520802612117757)),
    Part(3, BLUE, structure=(0.0, 8.826982764996862), added=(0.0, 23.19243343998926)),
    Part(4, RED, added=(0.9677937080626833, 0.9981766977854967)),
    Part(4, LUMA, structure=(0.0, 34.77906344483772), added=(0.0, 44.835625328877896)),
    Part(
        *(4, BLUE),
        structure=(95.1080498811086, 0.0),
        added=(0.9863978034400682, 171.2667255897307),
        lost=(0.9834382792465353, 0.9807858872435379),
    ),
)
"""All that weighs 0.01 or more, 25 of 108 weights; the others weigh up to 0.0025. At the image's own size, three
quarters of all samples, that is luma alone. On 432 pairs it moves the figure by 0.06 at most, below 93 by 0.02."""
TOTAL = 0.9562382616834844
CURVE = (2.326765642916932, -0.020884521182843837, 6.248496625763138e-05)
POWER = 0.6276336467831387
"""From the sum of all that differs, by a cubic, to what is taken off 100."""


@dataclass(frozen=True, slots=True)
class Half:
    """One image's half of a part: its plane, blurred, and what else the weights ask for."""

    plane: Plane
    mean: Plane
    variance: Plane | None
    edges: Plane | None


def halves(image: NDArray[np.uint8]) -> tuple[Half, ...]:
    """An sRGB image of height by width by 3, both at least 256 px, as `figure` wants an original: one for each part."""
    return tuple(_halves(image))


def figure(original: tuple[Half, ...], candidate: NDArray[np.uint8]) -> float:
    """SSIMULACRA2 of a candidate of the original's size, height by width by 3."""
    differs = TOTAL * sum(map(_differs, PARTS, original, _halves(candidate)))
    bent = sum(factor * differs**power for power, factor in enumerate(CURVE, 1))
    return 100 - 10 * bent**POWER if bent > 0 else 100.0


def _differs(part: Part, one: Half, other: Half) -> float:
    """How much the halves of a part differ, weighed."""
    found = 0.0
    if one.variance is not None and other.variance is not None:
        found += _weighed(_unlike(one, other, one.variance + other.variance), part.structure)
    if one.edges is not None and other.edges is not None:
        lifted = other.edges / one.edges
        lifted -= 1
        found += _weighed(np.maximum(lifted, 0), part.added) if any(part.added) else 0.0
        found += _weighed(np.minimum(lifted, 0), part.lost) if any(part.lost) else 0.0
    return found


def _weighed(found: Plane, weights: Norms) -> float:
    """The norms of a map, as far as they count."""
    mean, fourth = weights
    total = mean * abs(float(found.mean())) if mean else 0.0
    if fourth:
        square = np.square(found).ravel()
        total += fourth * float(np.dot(square, square) / square.size) ** 0.25
    return total


def _halves(image: NDArray[np.uint8]) -> Iterator[Half]:
    """One after the other, as a candidate needs each but once. Light is halved, not what the eye makes of it."""
    light = np.take(_LIGHT, np.ascontiguousarray(np.moveaxis(image, -1, 0)))
    for scale, parts in groupby(PARTS, key=lambda part: part.scale):
        light = _halved(light) if scale else light
        wanted = list(parts)
        for part, plane in zip(wanted, _seen(light, [part.channel for part in wanted]), strict=True):
            yield _half(part, plane)


def _half(part: Part, plane: Plane) -> Half:
    mean = _blur(plane)
    variance = edges = None
    if any(part.structure):
        variance = _blur(plane * plane)
        variance -= mean * mean
    if any((*part.added, *part.lost)):
        edges = np.abs(plane - mean)
        edges += 1
    return Half(plane, mean, variance, edges)


def _halved(light: Planes) -> Planes:
    """The mean of each two by two; a row or column that is over stands for two."""
    odd = light.shape[1] % 2, light.shape[2] % 2
    even = np.pad(light, ((0, 0), (0, odd[0]), (0, odd[1])), "edge") if any(odd) else light
    half: Planes = even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]
    half /= 4
    return half


def _light() -> NDArray[np.float32]:
    """Linear light of each of the 256 values of sRGB (IEC 61966-2-1)."""
    value = np.arange(256) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


_LIGHT = _light()


def _seen(light: Planes, channels: Sequence[int]) -> Iterator[Plane]:
    """Channels of linear light as positive XYB: what the cones answer, as differences."""
    cones = np.array(CONES if BLUE in channels else CONES[:2], np.float32)
    mixed = np.tensordot(cones, light, 1)
    mixed += np.float32(BIAS)
    np.cbrt(mixed, out=mixed)
    mixed -= np.cbrt(np.float32(BIAS))
    luma = (mixed[0] + mixed[1]) / 2
    for channel in channels:
        seen = luma if channel == LUMA else mixed[2] - luma if channel == BLUE else (mixed[0] - mixed[1]) / 2
        yield seen * np.float32(SPREAD[channel]) + np.float32(LIFT[channel])


def _blur(plane: Plane) -> Plane:
    """A Gaussian; beyond the left and right edge lies black, beyond the others the mirror, as in the package."""
    height, width = plane.shape
    beside = np.zeros((height, width + 2 * RADIUS), np.float32)
    beside[:, RADIUS:-RADIUS] = plane
    above = np.empty((height + 2 * RADIUS, width), np.float32)
    across = above[RADIUS:-RADIUS]
    for start in range(0, width, BLOCK):
        size = min(BLOCK, width - start)
        weights = _BAND[: size + 2 * RADIUS, :size]
        np.matmul(beside[:, start : start + size + 2 * RADIUS], weights, out=across[:, start : start + size])
    above[:RADIUS], above[-RADIUS:] = across[RADIUS - 1 :: -1], across[: -RADIUS - 1 : -1]
    blurred = np.empty(plane.shape, np.float32)
    for start in range(0, height, BLOCK):
        size = min(BLOCK, height - start)
        weights = _BAND.T[:size, : size + 2 * RADIUS]
        np.matmul(weights, above[start : start + size + 2 * RADIUS], out=blurred[start : start + size])
    return blurred


def _band() -> Plane:
    """The Gaussian of each of BLOCK samples in a row, as a column: times 2 RADIUS samples more it gives the blurred."""
    bell = np.exp(-0.5 * (np.arange(-RADIUS, RADIUS + 1) / SIGMA) ** 2)
    band = np.zeros((BLOCK + 2 * RADIUS, BLOCK), np.float32)
    for sample in range(BLOCK):
        band[sample : sample + len(bell), sample] = bell / bell.sum()
    return band


_BAND = _band()


def _unlike(one: Half, other: Half, variance: Plane) -> Plane:
    """How far the structure differs around each pixel, 0 and more. variance: of both; used up."""
    alike = _blur(one.plane * other.plane)
    alike -= one.mean * other.mean
    alike *= 2
    alike += KNEE
    step = one.mean - other.mean
    step *= step
    alike *= np.subtract(1, step, out=step)
    variance += KNEE
    alike /= variance
    unlike: Plane = np.maximum(np.subtract(1, alike, out=alike), 0, out=alike)
    return unlike
