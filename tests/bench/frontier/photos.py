"""Photographs, as sRGB pixels the way semopt reads them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from PIL import Image

from semopt.atomic import digest
from semopt.images import decode, flatten
from semopt.types import ImageError, KeptError, Limits

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")


@dataclass(frozen=True)
class Photo:
    """One photograph. before: the class that each judge sees in it, in the order of the panel; empty until asked."""

    path: Path
    before: tuple[int, ...] = ()

    @cached_property
    def sha(self) -> str:
        """sha256 of the file, in hex."""
        return digest(self.path.read_bytes())

    @cached_property
    def bytes(self) -> int:
        """Of the file."""
        return self.path.stat().st_size

    @cached_property
    def size(self) -> tuple[int, int]:
        """px of both sides, as they lie in the file."""
        with Image.open(self.path) as image:
            return image.size

    @property
    def megapixels(self) -> float:
        """Of the file's picture."""
        return self.size[0] * self.size[1] / 1e6

    @property
    def image(self) -> Image.Image:
        """Upright sRGB, mode RGB or L. Raises ImageError."""
        return _image(self.path)


@lru_cache(maxsize=2)
def _image(path: Path) -> Image.Image:
    return opened(path.read_bytes())


def opened(content: bytes) -> Image.Image:
    """Upright sRGB pixels of a file, mode RGB or L. Raises ImageError."""
    try:
        image = decode(content, Limits(max_pixels=200_000_000, max_bytes=1_000_000_000)).image
    except KeptError as error:
        raise ImageError(str(error)) from error
    return image if image.mode == "L" else flatten(image)


def listed(place: Path, seed: int) -> list[Path]:
    """Photographs of a folder in an order drawn by the seed, or those that a text file names, in its order."""
    if place.is_file():
        lines = [line.strip() for line in place.read_text("utf-8").splitlines()]
        return [place.parent / line for line in lines if line and not line.startswith("#")]
    found = sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES and ".semopt." not in path.name)
    random.Random(seed).shuffle(found)
    return found


def distinct(paths: Sequence[Path], megapixels: tuple[float, float] | None = None) -> Iterator[Photo]:
    """Each photograph once, whatever it is called; those of so many megapixels if that is wished."""
    seen = set()
    for path in paths:
        photo = Photo(path)
        if megapixels and not megapixels[0] <= photo.megapixels <= megapixels[1]:
            continue
        if photo.sha not in seen:
            seen.add(photo.sha)
            yield photo


def enlarged(photos: Iterable[Photo], megapixels: float, folder: Path) -> Iterator[Photo]:
    """The photographs at so many megapixels, saved as JPEG of quality 90: the pixels of a camera without its detail."""
    folder.mkdir(parents=True, exist_ok=True)
    for photo in photos:
        place = folder / f"{photo.sha}-{megapixels:g}.jpg"
        if not place.exists():
            image = photo.image
            share = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
            size = (round(image.width * share), round(image.height * share))
            image.resize(size, Image.Resampling.BICUBIC).save(place.with_suffix(".part"), "JPEG", quality=90)
            place.with_suffix(".part").rename(place)
        yield Photo(place)
