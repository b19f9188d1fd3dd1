"""Which photographs are trained on and which are held back; one scene is never on both sides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from semopt.atomic import digest

ALIKE = 0.95
"""Correlation of two thumbnails from which they count as one scene. Among 867 photographs
it finds the 17 wallpapers that are there in several sizes, and one more pair."""

THUMBNAIL = 16


def parted(photos: Sequence[Path], share: float) -> tuple[list[Path], list[Path]]:
    """To train on and to hold back; by the hash of a name, so that further photographs move none of the others."""
    trained, held = [], []
    for scene in scenes(photos):
        place = int(digest(min(photo.name for photo in scene).encode())[:8], 16) / 16**8
        (held if place < share else trained).extend(scene)
    return sorted(trained), sorted(held)


def without(photos: Sequence[Path], names: Collection[str]) -> tuple[list[Path], list[Path]]:
    """To train on and to hold back, which are the named ones; what resembles one of them is on neither side."""
    held = sorted(photo for photo in photos if photo.name in names)
    clear = (scene for scene in scenes(photos) if not any(photo.name in names for photo in scene))
    return sorted(photo for scene in clear for photo in scene), held


def scenes(photos: Sequence[Path]) -> list[list[Path]]:
    """The photographs in groups of what looks alike, directly or by way of others."""
    thumbnails = np.stack([_thumbnail(photo) for photo in photos])
    alike = thumbnails @ thumbnails.T > ALIKE
    free, found = set(range(len(photos))), []
    while free:
        group, edge = set(), {min(free)}
        while edge:
            group |= edge
            edge = {int(other) for one in edge for other in np.flatnonzero(alike[one])} - group
        free -= group
        found.append([photos[one] for one in sorted(group)])
    return found


def _thumbnail(photo: Path) -> np.ndarray:
    """Grey, its mean 0 and its length 1."""
    with Image.open(photo) as image:
        grey = np.asarray(image.convert("L").resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX), np.float64).ravel()
    grey = grey - grey.mean()
    return grey / (np.linalg.norm(grey) + 1e-9)
