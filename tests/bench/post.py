"""The blog post's two loops beside `semantic`, on the same photographs and with the same network.

    python -m tests.bench.post --photos DIR --weights mobilenet_v2.pth [--judge other.tflite] [--megapixels 12]

Passes are images shown to the network, the original's included. Bytes: what the resize loop gives is saved as Pillow
saves a JPEG by default, the jpeg loop has its own file; `strategy resize` is the first loop shown each finished file.
Agreement is the share of photographs on which a network gives the file the class that it gives the original: the
network that chose, and with --judge (8-bit .tflite, package `ai-edge-litert`) another, which took no part.
--megapixels enlarges the photographs first, and leaves the slowest way out. Everything but the time repeats.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from semopt import Compressor, Evaluator, JPEGCompressor, ResizeCompressor
from semopt.imagefolder.report import wilson
from tests.bench.frontier.judges import classifier
from tests.bench.lattices import photographs

OURS = "semantic"
SLOW = "strategy resize"
RULES = {
    SLOW: "strategy: resize",
    OURS: "strategy: semantic",
    "semantic, label: same": "strategy: semantic, keep: {similarity: 0.9, label: same}",
}
Class = Callable[[Image.Image], Hashable]


@dataclass(frozen=True)
class Row:
    """What one way made of one photograph. file: None where the original was kept."""

    passes: int
    bytes: int
    file: bytes | None


def main() -> None:
    """One line for each way, then the ratios."""
    wanted = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        files = list(_prepared(photographs(wanted.photos)[: wanted.count], Path(folder), wanted.megapixels))
        evaluator = Evaluator("mobilenet_v2", weights=wanted.weights)
        rows = {name: list(loop(name, kind, evaluator, files, wanted.seed)) for name, kind in LOOPS.items()}
        for name, keys in RULES.items():
            if name != SLOW or wanted.megapixels is None:
                rows[name] = list(built(Path(folder), files, wanted.weights.resolve(), keys))
        judge = classifier(wanted.judge) if wanted.judge else None
        originals = [file.stat().st_size for file in files]
        pixels = statistics.median(opened(file).width * opened(file).height for file in files) / 1e6
        print(f"{len(files)} photographs, {pixels:.1f} megapixels in the median, mean {np.mean(originals):,.0f} bytes")
        print(
            "way | passes: mean | median | most | bytes: mean | median | own network | another network (95 % interval)"
        )
        for name, made in rows.items():
            own = _agreed(made, files, evaluator)
            _line(name, made, own, _agreed(made, files, lambda image: judge(image)[0]) if judge else None)
        _ratios(rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--weights", type=Path, required=True, help="state dict for torchvision's mobilenet_v2")
    parser.add_argument("--judge", type=Path, help="a .tflite network of 8-bit input and output, which takes no part")
    parser.add_argument("--count", type=int, default=12, help="photographs to use")
    parser.add_argument("--megapixels", type=float, help="enlarge each photograph to this many")
    parser.add_argument("--seed", type=int, default=0, help="of the jpeg loop, one more for each photograph")
    return parser.parse_args()


def _prepared(photos: Sequence[Path], folder: Path, megapixels: float | None) -> Iterator[Path]:
    """The photographs in a folder of their own, enlarged where that is wished."""
    for photo in photos:
        place = folder / f"{photo.stem}.jpg"
        if megapixels is None:
            place.write_bytes(photo.read_bytes())
        else:
            image = opened(photo)
            share = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
            size = (round(image.width * share), round(image.height * share))
            image.resize(size, Image.Resampling.BICUBIC).save(place, quality=90)
        yield place


def _resized(evaluator: Callable[[Image.Image], str], seed: int) -> Compressor:
    return ResizeCompressor(evaluator)


LOOPS: dict[str, Callable[[Callable[[Image.Image], str], int], Compressor]] = {
    "post: resize": _resized,
    "post: jpeg": JPEGCompressor,
}


def loop(
    name: str,
    kind: Callable[[Callable[[Image.Image], str], int], Compressor],
    evaluator: Evaluator,
    files: Sequence[Path],
    seed: int,
) -> Iterator[Row]:
    """One of the post's loops over every photograph, each with random numbers of its own."""
    for number, file in enumerate(files):
        begun, shown = time.monotonic(), 0

        def counted(image: Image.Image) -> str:
            nonlocal shown
            shown += 1
            return evaluator(image)

        original = opened(file)
        given = kind(counted, seed + number)(original)
        buffer = io.BytesIO()
        given.save(buffer, "JPEG")
        print(f"{name} {file.name}: {shown} passes, {time.monotonic() - begun:.1f} s", file=sys.stderr, flush=True)
        content = given.info.get("file", buffer.getvalue())
        held = given.tobytes() != original.tobytes()
        yield Row(shown, len(content), content) if held else Row(shown, file.stat().st_size, None)


def built(folder: Path, files: Sequence[Path], weights: Path, keys: str = "strategy: semantic") -> Iterator[Row]:
    """What a rule with these keys gives through the real command."""
    (folder / "semopt.yaml").write_text(
        "version: 1\nevaluators:\n"
        f"  net: {{kind: torchvision, model: mobilenet_v2, weights: {json.dumps(str(weights))}}}\n"
        f"rules: [{{match: '**', evaluator: net, {keys}}}]\n"
    )
    command = [sys.executable, "-m", "semopt", "build", str(folder), "--json", "--jobs", "1"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    outcomes = {line["path"]: line for line in map(json.loads, said) if line["type"] == "outcome"}
    for file in files:
        outcome = outcomes[file.name]
        passes = sum(outcome["work"][phase] for phase in ("reference", "search", "confirm"))
        written = [(folder / variant["path"]).read_bytes() for variant in outcome["variants"]]
        yield Row(passes, len(written[0]) if written else file.stat().st_size, written[0] if written else None)


def opened(file: Path | io.BytesIO) -> Image.Image:
    with Image.open(file) as image:
        return image.convert("RGB")


def _agreed(rows: Sequence[Row], files: Sequence[Path], ask: Class) -> list[bool]:
    """Whether a network gives what was made the class that it gives the original; a kept original agrees."""
    pairs = zip(rows, files, strict=True)
    return [row.file is None or ask(opened(io.BytesIO(row.file))) == ask(opened(file)) for row, file in pairs]


def _line(name: str, rows: Sequence[Row], own: Sequence[bool], other: Sequence[bool] | None) -> None:
    passes, sizes = [row.passes for row in rows], [row.bytes for row in rows]
    print(
        f"{name} | {np.mean(passes):.1f} | {statistics.median(passes):g} | {max(passes)}"
        f" | {np.mean(sizes):,.0f} | {statistics.median(sizes):,.0f} | {_share(own)}"
        f" | {'not asked' if other is None else _share(other)}"
    )


def _share(agreed: Sequence[bool]) -> str:
    low, high = wilson(sum(agreed), len(agreed))
    return f"{sum(agreed)} of {len(agreed)}, {np.mean(agreed):.0%} ({low:.0%} to {high:.0%})"


def _ratios(rows: dict[str, list[Row]]) -> None:
    """How many times the passes and bytes of `semantic` each loop needs, each by sums and photograph by photograph."""
    ours, loops = rows[OURS], [rows[name] for name in LOOPS]
    both = [
        Row(one.passes + other.passes, min(one.bytes, other.bytes), None) for one, other in zip(*loops, strict=True)
    ]
    for name, theirs in {**{name: rows[name] for name in LOOPS}, "both loops, the smaller file": both}.items():
        said = []
        for what in ("passes", "bytes"):
            pairs = [(getattr(a, what), getattr(b, what)) for a, b in zip(theirs, ours, strict=True)]
            whole = sum(a for a, _ in pairs) / sum(b for _, b in pairs)
            said.append(f"{whole:.1f} times the {what} (median {statistics.median(a / b for a, b in pairs):.1f})")
        print(f"{name}: {', '.join(said)} of {OURS}")


if __name__ == "__main__":
    main()
