"""Seconds of whole processes, the tools in turns, and processor seconds of work in this one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from semopt.encoders import ENCODERS
from semopt.images import decode, flatten, resize
from semopt.types import Limits, Metadata
from tests.bench.peers.tool import Spent, Tool, made, prepared, run


def rounds(tools: Sequence[Tool], home: Path, source: Path, jobs: int | None, repeats: int) -> dict[str, list[Spent]]:
    """Seconds an image of each tool, one for each round; each round has every tool once, in a turned order."""
    count, target = len(list(source.iterdir())), source.with_name("target")
    found: dict[str, list[Spent]] = {tool.name: [] for tool in tools}
    for turn in range(repeats):
        at = turn % len(tools)
        for tool in (*tools[at:], *tools[:at]):
            prepared(tool, source, target)
            spent = run(tool, home, source, target, jobs)
            found[tool.name].append(Spent(spent.wall / count, spent.processor / count))
    return found


def least_work(tool: Tool, home: Path, source: Path) -> float:
    """Seconds an image of what no build could leave out: one decode, and one encode of each variant that was written.

    Processor seconds in this process, on one thread, the better of two.
    """
    target = source.with_name("target")
    prepared(tool, source, target)
    run(tool, home, source, target, None)
    written = made(target)
    total = 0.0
    files = sorted(source.iterdir())
    for file in files:
        variants = [p for p in written[file.name.partition(".")[0]] if ".semopt." in p.name]
        total += min(_work(file.read_bytes(), _settings(target, variants)) for _ in range(2))
    return total / len(files)


def _settings(target: Path, variants: Sequence[Path]) -> list[tuple[str, int | None, tuple[int, int]]]:
    """Encoder, quality, size of some variants, from the manifest."""
    manifest = json.loads((target / "semopt-manifest.json").read_text("utf-8"))
    names = {variant.relative_to(target).as_posix() for variant in variants}
    each = [v for asset in manifest["assets"].values() for v in asset["variants"] if v["path"] in names]
    return [(v["format"], v["quality"], (v["width"], v["height"])) for v in each]


def _work(content: bytes, settings: Sequence[tuple[str, int | None, tuple[int, int]]]) -> float:
    begun = time.process_time()
    image = flatten(decode(content, Limits()).image)
    for name, quality, size in settings:
        ENCODERS[name].encode(image if image.size == size else resize(image, size), quality, Metadata())
    return time.process_time() - begun


def timed(work: Callable[[], object]) -> float:
    """Processor seconds of some work in this process, all threads together."""
    begun = time.process_time()
    work()
    return time.process_time() - begun
