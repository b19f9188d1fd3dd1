"""Single settings: one size, format and quality for every photograph. And the fixed qualities that tools default to."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from semopt.encoders import ENCODERS
from semopt.images import resize
from semopt.types import Metadata
from tests.bench.frontier.photos import Photo
from tests.bench.frontier.store import Store

SIDES = (96, 128, 160, 192, 224, 256, 320, 384, 448, 512)
"""Longest sides in px. A photograph that is smaller keeps its own size."""

QUALITIES = {"webp": (10, 25, 40, 55, 70, 85), "avif": (20, 25, 30, 35, 40, 45, 50, 60, 75)}
LEAST_SIDE = {"webp": 0, "avif": 128}  # an AVIF's headers alone are 308 bytes

DEFAULTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "JPEG q75 (Pillow)": ("JPEG", {"quality": 75}),
    "JPEG q80 (sharp)": ("JPEG", {"quality": 80, "optimize": True, "subsampling": "4:2:0"}),
    "WebP q80 (both)": ("WEBP", {"quality": 80, "method": 4}),
    "AVIF q50 (sharp)": ("AVIF", {"quality": 50, "subsampling": "4:4:4", "speed": 5, "max_threads": 1}),
    "AVIF q75 (Pillow)": ("AVIF", {"quality": 75, "max_threads": 1}),
}
"""At the original's size, by Pillow, whose libraries sharp has too. sharp's AVIF effort of 4 is aom's speed 5."""


@dataclass(frozen=True, order=True)
class Setting:
    """side: px of the longest side. quality: in the encoder's own range."""

    encoder: str
    side: int
    quality: int

    def __str__(self) -> str:
        shown = {"webp": "WebP", "avif": "AVIF"}.get(self.encoder, self.encoder)
        return f"{self.side} px {shown} q{self.quality}"

    def size(self, image: Image.Image) -> tuple[int, int]:
        """Width and height of an image at this setting."""
        share = min(1, self.side / max(image.size))
        return max(1, round(image.width * share)), max(1, round(image.height * share))


GRID = tuple(
    Setting(encoder, side, quality)
    for side in SIDES
    for encoder, qualities in QUALITIES.items()
    if side >= LEAST_SIDE[encoder]
    for quality in qualities
)


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def candidates(photo: Photo, store: Store, settings: Sequence[Setting] = GRID) -> dict[Setting, tuple[bytes, float]]:
    """The photograph's file at each setting, and the seconds from its pixels to it; made where it is not there yet.

    A setting larger than the photograph is the one of its own size.
    """
    ways = {setting: _way(setting, max(photo.size)) for setting in settings}
    known = store.files(photo.sha, sorted(set(ways.values())))
    for setting, way in ways.items():
        if way not in known:
            begun = time.monotonic()
            scaled = resize(photo.image, setting.size(photo.image))
            content = ENCODERS[setting.encoder].encode(scaled, setting.quality, Metadata())
            known[way] = content, {"seconds": time.monotonic() - begun}
            store.keep(photo.sha, way, *known[way])
    return {setting: (known[way][0] or b"", known[way][1]["seconds"]) for setting, way in ways.items()}


def _way(setting: Setting, longest: int) -> str:
    return f"{ENCODERS[setting.encoder].fingerprint()} {min(setting.side, longest)} px q{setting.quality}"
