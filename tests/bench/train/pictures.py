"""What is shown: photographs and random parts of them, and a few candidates of the search's lattice of each."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps

from semopt.encoders import ENCODERS
from semopt.images import resize, view
from semopt.search.lattice import lattice
from semopt.types import Candidate, Metadata, Source
from tests.bench.frontier.photos import opened

LEAST_SIDE = {"webp": 40, "avif": 120, "jpeg": 120}
"""Longest side in px. Below, a format's headers alone cost more than a WebP, and of smaller ones nothing is left."""

PART = 0.15, 1.0
"""Share of the photograph's area that a part has."""

ENLARGED = 384, 512
"""Longest side in px that small parts get, mostly: soft originals are as common on sites as sharp ones."""


@dataclass(frozen=True)
class Order:
    """An original to be shown and degraded: a photograph (part 0) or a random part of it. count: of candidates."""

    photo: Path
    part: int
    count: int
    seed: int

    def random(self) -> random.Random:
        """Its own: the same order gives the same pictures, whatever else is ordered."""
        return random.Random(f"{self.seed} {self.photo.name} {self.part}")


def orders(photos: Sequence[Path], parts: int, each: tuple[int, int], seed: int) -> list[Order]:
    """Every photograph whole and, of photographs drawn, so many parts. each: candidates of a whole, of a part."""
    drawn = random.Random(f"{seed} parts").choices(photos, k=parts)
    whole = [Order(photo, 0, each[0], seed) for photo in photos]
    return whole + [Order(photo, number, each[1], seed) for number, photo in enumerate(drawn, 1)]


def shown(order: Order) -> Iterator[Image.Image]:
    """The original, then its degraded versions; RGB, longest side at most `VIEW_PX`. Raises ImageError."""
    chance = order.random()
    original = _photo(order.photo) if order.part == 0 else _part(_photo(order.photo), chance)
    yield original
    choice = candidates(*original.size)
    for one in chance.sample(choice, min(order.count, len(choice))):
        yield degraded(original, one)


def candidates(width: int, height: int) -> list[Candidate]:
    """Of an image of this size in px, those of the search's lattice that it might choose."""
    encoders = [ENCODERS[name] for name in LEAST_SIDE]
    found = lattice(Source(width, height, 0), encoders)
    return [one for one in found if max(one.width, one.height) >= min(LEAST_SIDE[one.encoder], max(width, height))]


def degraded(image: Image.Image, one: Candidate) -> Image.Image:
    """What is left of an image in a candidate, in the candidate's own size."""
    content = ENCODERS[one.encoder].encode(resize(image, (one.width, one.height)), one.quality, Metadata())
    return Image.open(io.BytesIO(content)).convert("RGB")


@lru_cache(maxsize=2)
def _photo(file: Path) -> Image.Image:
    return view(opened(file.read_bytes()))


def _part(image: Image.Image, chance: random.Random) -> Image.Image:
    """A random part, half of them mirrored, most of the small ones enlarged."""
    side, shape = math.sqrt(chance.uniform(*PART)), math.exp(chance.uniform(-0.3, 0.3))
    width, height = (max(1, round(image.width * side * shape)), max(1, round(image.height * side / shape)))
    width, height = min(width, image.width), min(height, image.height)
    left, top = chance.randint(0, image.width - width), chance.randint(0, image.height - height)
    part = image.crop((left, top, left + width, top + height))
    part = ImageOps.mirror(part) if chance.random() < 0.5 else part
    if max(part.size) < ENLARGED[0] and chance.random() < 0.7:
        share = chance.uniform(*ENLARGED) / max(part.size)
        size = max(1, round(part.width * share)), max(1, round(part.height * share))
        part = part.resize(size, Image.Resampling.BICUBIC)
    return part
