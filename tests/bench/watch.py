"""How long after a change its variant stands: `python -m tests.bench.watch [--photos DIR] [--changes 20]`.

One photograph of a megapixel is written anew again and again, with other content each time, while `semopt watch` runs
warm; each change on its own, as a save within a second of the last build is made to wait. Measured is from the close
after the write to the variant's rename, which its ctime tells.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.bench.lattices import photographs

SIDES = (1224, 816)
RULE = "version: 1\nrules: [{{match: '**', strategy: {strategy}, formats: [webp]}}]\n"
APART_S = 1.5  # from one change to the next: a file that is saved again within a second of its build waits on purpose
STRATEGIES = ("visual", "semantic", "both")


def main() -> None:
    """Measure each strategy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--only", choices=STRATEGIES)
    wanted = parser.parse_args()
    files = photographs(wanted.photos) if wanted.photos else []
    for strategy in (wanted.only,) if wanted.only else STRATEGIES:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), strategy, list(pictures(files, wanted.changes + 1)))


def pictures(files: list[Path], count: int) -> Iterator[bytes]:
    """JPEG files of one megapixel: of the photographs, or drawn with the soft spectrum that photographs have."""
    random = np.random.default_rng(0)
    for number in range(count):
        if files:
            image = Image.open(files[number % len(files)]).convert("RGB").resize(SIDES, Image.Resampling.LANCZOS)
        else:
            layers = [octave(random, 2**step) * (2 / 3) ** step for step in range(1, 9)]
            canvas = 128 + 60 * sum(layers) / np.std(sum(layers))
            image = Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=92)
        yield buffer.getvalue()


def octave(random: np.random.Generator, cells: int) -> Any:
    """Noise with so many cells across."""
    small = [Image.fromarray(random.normal(0, 1, (cells, cells)).astype(np.float32)) for _ in range(3)]
    return np.stack([np.asarray(one.resize(SIDES, Image.Resampling.BICUBIC)) for one in small], axis=2)


def measure(folder: Path, strategy: str, contents: list[bytes]) -> None:
    """Milliseconds of each change, split at the begin of the build."""
    (folder / "semopt.yaml").write_text(RULE.format(strategy=strategy))
    original = folder / "photo.jpg"
    original.write_bytes(contents[0])
    command = [sys.executable, "-m", "semopt", "watch", str(folder), "--json"]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        built(watcher)
        time.sleep(2)
        rows = [change(watcher, original, content) for content in contents[1:]]
    finally:
        watcher.terminate()
        watcher.wait()
    whole, before, inside, encodes = (list(column) for column in zip(*rows, strict=True))
    print(
        f"watch, {strategy}: {len(rows)} changes, median {statistics.median(whole):.0f} ms, most {max(whole):.0f} ms; "
        f"of the median {statistics.median(before):.0f} ms until the build begins, "
        f"{statistics.median(inside):.0f} ms of build until the rename, {statistics.median(encodes):.0f} encodes"
    )


def change(watcher: subprocess.Popen[str], original: Path, content: bytes) -> tuple[float, float, float, int]:
    """From close to rename, from close to the build's begin, from there to the rename, in ms; encodes."""
    original.write_bytes(content)
    closed = time.time()
    outcome, done, seconds = built(watcher)
    assert outcome is not None, "nothing came of the change"
    assert outcome["variants"], outcome["reason"]
    renamed = os.stat(original.with_name(original.name + ".semopt.webp")).st_ctime_ns / 1e9
    time.sleep(APART_S)
    begun = done - seconds
    return 1e3 * (renamed - closed), 1e3 * (begun - closed), 1e3 * (renamed - begun), outcome["work"]["encodes"]


def built(watcher: subprocess.Popen[str]) -> tuple[dict[str, Any] | None, float, float]:
    """The last outcome before the next build is over, when that was, and how long it took."""
    assert watcher.stdout is not None
    outcome = None
    for text in watcher.stdout:
        line = json.loads(text)
        if line["type"] == "outcome":
            outcome = line
        if line["type"] == "built":
            return outcome, time.time(), line["seconds"]
    raise RuntimeError("the watcher ended")


if __name__ == "__main__":
    main()
