"""A build in which nothing has changed, of semopt and of every peer that has a cache."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from PIL import Image

from tests.bench.peers.tool import Spent, Tool, ToolError, prepared, run

DISTINCT = 500
"""So that the first build takes a minute. When nothing has changed semopt looks at every file by its name, size and
times all the same; a peer that knows images by their content has less to do."""

TRIES = 10
"""mkdocs-material's plugin loses about every second rebuild to a race between its threads."""


def images(photos: Sequence[Path], count: int, folder: Path, distinct: int = DISTINCT) -> None:
    """So many small JPEGs in folders of 250: some that differ, over and over under other names."""
    pictures = list(itertools.islice(_sizes(photos), distinct))
    for number in range(count):
        place = folder / f"{number // 250:03d}"
        place.mkdir(parents=True, exist_ok=True)
        pictures[number % distinct].save(place / f"{number:05d}.jpg", quality=90)


def _sizes(photos: Sequence[Path]) -> Iterator[Image.Image]:
    """Every photograph at 96 by 72 px, then each a pixel wider, and so on."""
    for wider in itertools.count():
        for file in photos:
            with Image.open(file) as image:
                image.draft("RGB", (96, 72))
                yield image.convert("RGB").resize((96 + wider % 16, 72 + wider // 16))


def rebuilds(tools: Sequence[Tool], home: Path, source: Path, repeats: int) -> dict[str, list[Spent]]:
    """Seconds of the whole process, after one build of each; the tools in turns."""
    targets, ready = {tool.name: source.with_name(f"target {place}") for place, tool in enumerate(tools)}, []
    for tool in tools:
        prepared(tool, source, targets[tool.name])
        try:
            run(tool, home, source, targets[tool.name], None)
            _again(tool, home, source, targets[tool.name])
            ready.append(tool)
        except ToolError as error:
            print(f"{error}\n{tool.name}: left out", file=sys.stderr)
    time.sleep(2.1)  # semopt compares files younger than two seconds by content
    for tool in ready:  # and a build after that once more
        _again(tool, home, source, targets[tool.name])
    found: dict[str, list[Spent]] = {tool.name: [] for tool in ready}
    for _ in range(repeats):
        for tool in ready:
            found[tool.name].append(_again(tool, home, source, targets[tool.name]))
    return found


def _again(tool: Tool, home: Path, source: Path, target: Path) -> Spent:
    """A rebuild; one that fails is run again, and does not count. Raises ToolError after TRIES."""
    for _ in range(TRIES - 1):
        with suppress(ToolError):
            return run(tool, home, source, target, None)
    return run(tool, home, source, target, None)
