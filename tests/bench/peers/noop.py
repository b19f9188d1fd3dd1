"""A build in which nothing has changed, of semopt and of every peer that has a cache."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from tests.bench.peers.tool import Tool, prepared, run


def images(photos: Sequence[Path], count: int, folder: Path) -> None:
    """So many small JPEGs, no two alike, in folders of 250."""
    for number, picture in zip(range(count), _sizes(photos), strict=False):
        place = folder / f"{number // 250:03d}"
        place.mkdir(parents=True, exist_ok=True)
        picture.save(place / f"{number:05d}.jpg", quality=90)


def _sizes(photos: Sequence[Path]) -> Iterator[Image.Image]:
    """Every photograph at 96 by 72 px, then each a pixel wider, and so on."""
    for wider in itertools.count():
        for file in photos:
            with Image.open(file) as image:
                image.draft("RGB", (96, 72))
                yield image.convert("RGB").resize((96 + wider % 16, 72 + wider // 16))


def rebuilds(tools: Sequence[Tool], home: Path, source: Path, repeats: int) -> dict[str, list[float]]:
    """Seconds of the whole process, after one build of each; the tools in turns."""
    targets = {tool.name: source.with_name(f"target {place}") for place, tool in enumerate(tools)}
    for tool in tools:
        prepared(tool, source, targets[tool.name])
        run(tool, home, source, targets[tool.name], None)
    time.sleep(2.1)  # semopt compares files younger than two seconds by content
    for tool in tools:  # and a build after that once more
        run(tool, home, source, targets[tool.name], None)
    found: dict[str, list[float]] = {tool.name: [] for tool in tools}
    for _ in range(repeats):
        for tool in tools:
            found[tool.name].append(run(tool, home, source, targets[tool.name], None))
    return found
