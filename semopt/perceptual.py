"""How close two images are to the human eye: SSIMULACRA2, and equality.

SSIMULACRA2 by Jon Sneyers (Cloudinary, libjxl), as `pyramid.py` has it. Its scale: 100 the same, 90 not told apart even
in a flicker test, 70 hard to notice, 50 medium, below 30 poor; it may be negative.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semopt.images import flatten
from semopt.pyramid import Half, figure, halves

TILE, TILES = 256, 6
"""Above TILES tiles of pixels, only so many square tiles of TILE px are looked at: a probe of six takes 13 ms of one
core, the first 23; a whole megapixel would take 31, the first 60."""

HELD_PX = 16_000_000
"""Of an original with more pixels the scales are worked out anew for each candidate, which takes 10 ms: they weigh 10
MB, and there the search has its peak of memory."""

LEAST_PX = 256
"""Smaller sides are mirrored up to this. Below 225 px there are fewer than six scales, and the weights go astray in
the C++ original: 112 px JPEGs of quality 97 get 35, 24 px ones of quality 20 get 82; mirrored up 89 and 46."""

DARK, LIGHT = (26, 26, 26), (230, 230, 230)
"""Backgrounds under transparency, 0.1 and 0.9 as in the original; the worse figure counts."""

SPOTS = ((0.5, 0.5), (0.2, 0.25), (0.8, 0.75))
"""Centres of the tiles that lie on a fixed grid, shares of width and height; the others go where most detail is."""

Box = tuple[int, int, int, int]
Ground = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """The part of an original that is looked at: its size and its tiles, so that the whole need not stay in memory.

    halves: of each tile by background, filled when first asked for.
    """

    size: tuple[int, int]
    parts: tuple[tuple[Box, Image.Image], ...]
    halves: dict[Ground, list[tuple[Half, ...]]] = field(default_factory=dict, compare=False)


def sample(original: Image.Image) -> Sample:
    """Take the tiles of an original, of mode L, LA, RGB or RGBA."""
    return Sample(original.size, tuple((box, original.crop(box)) for box in tiles(original)))


def ssimulacra2(original: Sample, candidate: Image.Image) -> float:
    """The figure for a candidate of the original's size; modes as in `sample`. Up to 100, for the same pixels.

    Measured on 14 images of 1.6 to 2.4 megapixels with 8 settings of WebP, JPEG and AVIF, figures from 34 to 92: the
    tiles' figure has a rank correlation of 0.990 with the whole image's, lies 1.7 above it in the mean and 2.0 beside
    it (7 at most in 95 % of cases). The tiles' plain mean lies 1.9 above.
    """
    if original.size != candidate.size:
        raise ValueError(f"sizes differ: {original.size} and {candidate.size}")
    grounds = (DARK, LIGHT) if "A" in original.parts[0][1].mode + candidate.mode else (LIGHT,)
    return min(_over_tiles(original, candidate, ground) for ground in grounds)


def identical(a: Image.Image, b: Image.Image) -> bool:
    """Whether every pixel shows the same, on any background: equal, but for colours under full transparency."""
    if a.size != b.size:
        return False
    rows = max(1, (1 << 22) // a.width)  # bands of 4 megapixels: whole arrays of 50 would take 400 MB
    bounds = [(0, top, a.width, min(top + rows, a.height)) for top in range(0, a.height, rows)]
    return all(np.array_equal(_shown(a.crop(box)), _shown(b.crop(box))) for box in bounds)


def tiles(image: Image.Image) -> tuple[Box, ...]:
    """The boxes that are looked at: the whole image up to TILES tiles of pixels, else TILES squares. Deterministic."""
    if max(image.width, LEAST_PX) * max(image.height, LEAST_PX) <= TILES * TILE**2:
        return ((0, 0, *image.size),)
    fixed = [_around(image.size, x, y) for x, y in SPOTS]
    rest = [box for box in _by_detail(image) if box not in fixed]
    return tuple(fixed + rest[: TILES - len(fixed)])


def _starts(length: int) -> list[int]:
    """Where the tiles of the grid begin along a side: spread evenly from end to end, in the middle if it is but one."""
    side, count = min(TILE, length), max(1, round(length / TILE))
    return [(length - side) * index // (count - 1) for index in range(count)] if count > 1 else [(length - side) // 2]


def _around(size: tuple[int, int], x: float, y: float) -> Box:
    """The tile of the grid that a point lies in; shares of width and height."""
    lefts, tops = _starts(size[0]), _starts(size[1])
    left, top = lefts[int(x * len(lefts))], tops[int(y * len(tops))]
    return left, top, left + min(TILE, size[0]), top + min(TILE, size[1])


def _by_detail(image: Image.Image) -> list[Box]:
    """The grid's tiles, those with the largest steps between neighbours first. Every fourth row is looked at."""
    width, height = min(TILE, image.width), min(TILE, image.height)
    found = []
    for top in _starts(image.height):
        band = flatten(image.crop((0, top, image.width, top + height)), LIGHT).convert("L")
        steps = np.abs(np.diff(np.asarray(band)[::4].astype(np.int16), axis=1)).sum(axis=0)
        for left in _starts(image.width):
            found.append((-int(steps[left : left + width - 1].sum()), (left, top, left + width, top + height)))
    return [box for _, box in sorted(found)]


def _over_tiles(original: Sample, candidate: Image.Image, ground: Ground) -> float:
    """One figure of many: 100 less the root mean square of what each lacks, so that a bad tile weighs more."""
    others = (_padded(flatten(candidate.crop(box), ground)) for box, _ in original.parts)
    lacks = [100 - figure(one, other) for one, other in zip(_halves(original, ground), others, strict=True)]
    return 100 - float(np.sqrt(np.mean(np.square(lacks))))


def _halves(original: Sample, ground: Ground) -> Iterable[tuple[Half, ...]]:
    if ground in original.halves:
        return original.halves[ground]
    found = (halves(_padded(flatten(part, ground))) for _, part in original.parts)
    if original.size[0] * original.size[1] >= HELD_PX:
        return found
    original.halves[ground] = list(found)
    return original.halves[ground]


def _padded(image: Image.Image) -> NDArray[np.uint8]:
    """The samples of an RGB image, mirrored up to LEAST_PX."""
    wide, high = max(0, LEAST_PX - image.width), max(0, LEAST_PX - image.height)
    samples = np.asarray(image)
    return np.pad(samples, ((0, high), (0, wide), (0, 0)), "symmetric") if wide or high else samples


def _shown(image: Image.Image) -> NDArray[np.uint8]:
    """RGBA, nothing under full transparency."""
    samples = np.array(image.convert("RGBA"))
    samples[samples[..., 3] == 0] = 0
    return samples
