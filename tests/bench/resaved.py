"""Photographs saved once more, as cameras, phones and sites save theirs: other sizes, qualities and colour samplings.

A folder of photographs often comes from one program with one setting, and what is fitted on it takes that for the way
of the world: the one JPEG quality at which a variant falls on the original's own grid, the noise that is there to keep.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

from semopt.atomic import digest, replace_whole

QUALITIES = (70, 75, 80, 85, 90, 92, 95, 98)
SAMPLINGS = ("4:2:0", "4:4:4")
Make = Callable[[Image.Image, random.Random], bytes]
LEAST = 0.45  # of the width, which is drawn from here to all of it: scaling wipes out the traces of the save before


def resaved(files: Sequence[Path], folder: Path, seed: int) -> Iterator[Path]:
    """A JPEG of each in the folder, made where it is missing; its width, quality and sampling are drawn by the seed.

    Raises OSError where a file cannot be read or written.
    """
    return made(files, folder, seed, ".jpg", _saved)


def made(files: Sequence[Path], folder: Path, seed: int, suffix: str, make: Make) -> Iterator[Path]:
    """What is made of each photograph, in the folder, where it is missing. make: from its pixels and its own draws."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        name = f"{file.stem}-{digest(str(file.resolve()).encode())[:8]}"  # a stem may come again in another folder
        target = folder / f"{name}{suffix}"
        if not target.exists():
            content = make(Image.open(file).convert("RGB"), random.Random(f"{seed} {file.name}"))
            replace_whole(target, content)  # half a photograph would be taken for a whole one ever after
        yield target


def _saved(image: Image.Image, drawn: random.Random) -> bytes:
    share, quality, sampling = drawn.uniform(LEAST, 1), drawn.choice(QUALITIES), drawn.choice(SAMPLINGS)
    small = image.resize(
        (max(1, round(image.width * share)), max(1, round(image.height * share))), Image.Resampling.LANCZOS
    )
    content = BytesIO()
    small.save(content, "JPEG", quality=quality, subsampling=sampling)
    return content.getvalue()
