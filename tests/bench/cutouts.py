"""Photographs cut out, as shops and sites cut theirs: shapes with hard and soft edges, and rounded corners."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from tests.bench.resaved import made

ROUNDED = 0.25  # of them show all but their corners; the others one to four ellipses that overlap
EDGES = (0.7, 1.5, 6.0)  # px, by which the edge is blurred
HIDDEN = 0.5  # of them are black where nothing shows, as some programs save them; the others keep what was there


def cut_out(files: Sequence[Path], folder: Path, seed: int) -> Iterator[Path]:
    """A PNG of each in the folder, made where it is missing; its shape is drawn by the seed.

    Raises OSError where a file cannot be read or written.
    """
    return made(files, folder, seed, ".png", _cut)


def _cut(image: Image.Image, drawn: random.Random) -> bytes:
    mask = Image.new("L", image.size)
    draw, (width, height) = ImageDraw.Draw(mask), image.size
    if drawn.random() < ROUNDED:
        radius = drawn.uniform(0.02, 0.3) * min(image.size)
        draw.rounded_rectangle((0, 0, width - 1, height - 1), radius, fill=255)
    else:
        for _ in range(drawn.randint(1, 4)):
            x, y = drawn.uniform(0.25, 0.75) * width, drawn.uniform(0.25, 0.75) * height
            across, down = drawn.uniform(0.12, 0.5) * width, drawn.uniform(0.12, 0.5) * height
            draw.ellipse((x - across, y - down, x + across, y + down), fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(drawn.choice(EDGES)))
    if drawn.random() < HIDDEN:
        image = Image.composite(image, Image.new("RGB", image.size), mask.point([0] + [255] * 255))
    image.putalpha(mask)
    content = BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
