"""What a perceptual target would choose: the smallest candidate of the grid whose SSIM stays over a threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from semopt.atomic import digest
from tests.bench.frontier.evaluate import Choice
from tests.bench.frontier.grid import candidates
from tests.bench.frontier.photos import Photo, opened
from tests.bench.frontier.store import Store

SIDE = 256
"""Longest side in px at which both pictures are compared: SSIM is meant for the size at which a picture is seen."""

SIGMA = 1.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(one: Any, other: Any) -> float:
    """Mean structural similarity of two luma planes of one size, 0 to 255 (Wang et al. 2004, 11 px Gaussian window)."""
    x, y = np.asarray(one, np.float64), np.asarray(other, np.float64)
    mean_x, mean_y, xx, yy, xy = (gaussian_filter(plane, SIGMA, truncate=3.5) for plane in (x, y, x * x, y * y, x * y))
    spread_x, spread_y, common = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    above = (2 * mean_x * mean_y + C1) * (2 * common + C2)
    return float((above / ((mean_x**2 + mean_y**2 + C1) * (spread_x + spread_y + C2))).mean())


def luma(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """An image's grey picture of this size."""
    return image.convert("L").resize(size, Image.Resampling.BICUBIC)


def smallest(photo: Photo, store: Store, least: float) -> Choice:
    """The smallest candidate with at least this SSIM; the original where there is none."""
    files = sorted({content for content, _ in candidates(photo, store).values()}, key=lambda c: (len(c), c))
    found = _scores(photo, store, files)
    return next(
        (Choice(c) for c, value in zip(files, found, strict=True) if value >= least and len(c) < photo.bytes),
        Choice(None),
    )


def _scores(photo: Photo, store: Store, files: list[bytes]) -> list[float]:
    metric, names = f"ssim {SIDE} px", [f"{photo.sha}:{digest(content)}" for content in files]
    known = store.scores(metric, names)
    if missing := [place for place, name in enumerate(names) if name not in known]:
        image = photo.image
        share = min(1, SIDE / max(image.size))
        size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
        plane = luma(image, size)
        new = {names[place]: ssim(plane, luma(opened(files[place]), size)) for place in missing}
        store.scored(metric, new.items())
        known |= new
    return [known[name] for name in names]
