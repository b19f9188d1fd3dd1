"""The post's resize loop and semopt's `semantic` with the same network, on the same photographs."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from semopt import Evaluator
from tests.bench.frontier.photos import opened
from tests.bench.peers.times import timed
from tests.bench.peers.tool import Tool, prepared, run
from tests.bench.post import LOOPS


def loops(source: Path, weights: Path, seed: int) -> dict[str, list[float]]:
    """Processor seconds of the post's loops on each image: the network is loaded before, the last file written."""
    evaluator = Evaluator("mobilenet_v2", weights=weights)
    files = sorted(source.iterdir())
    evaluator(opened(files[0].read_bytes()))
    return {name: [timed(_looped(kind, evaluator, file, seed)) for file in files] for name, kind in LOOPS.items()}


def _looped(
    kind: Callable[..., Callable[..., object]], evaluator: Evaluator, file: Path, seed: int
) -> Callable[[], object]:
    def work() -> None:
        given = kind(evaluator, seed)(opened(file.read_bytes()))
        given.save(io.BytesIO(), "JPEG")  # type: ignore[attr-defined]

    return work


def ours(tool: Tool, home: Path, source: Path, repeats: int) -> list[float]:
    """Processor seconds an image of the whole command with one job, the loading of the network included."""
    target, seconds = source.with_name("target"), []
    for _ in range(repeats):
        prepared(tool, source, target)
        seconds.append(run(tool, home, source, target, 1).processor / len(list(source.iterdir())))
    return seconds
