"""Bytes, and whether text is still read, of screenshots under each strategy, with and without the judge `text`.

    python -m tests.bench.text --images DIR [--strategies lossless both semantic] [--keep DIR]
    python -m tests.bench.text --images DIR --noise

The first builds the folder through the real command and reads every variant again: bytes are those of the smallest
variant of each image, or of the original where there is none; an image counts as unreadable where the character error
rate of any of its variants is over --cer. --keep: a folder for what was built. The second shows the recogniser copies
of known quality, to tell its own wavering from harm: what the threshold rests on.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageFilter

from semopt.encoders import ENCODERS
from semopt.evaluators import KINDS
from semopt.evaluators.text import SAFE
from semopt.images import decode, resize, view
from semopt.types import BUILT_IN, Evaluator, Limits, Metadata

STRATEGIES = ("lossless", "both", "semantic")
JUDGES = {"without": "embedded", "with text": "[embedded, text]"}


def main() -> None:
    """One line for each strategy and set of judges, or for each kind of copy."""
    wanted = _arguments()
    judge = next(KINDS[spec.kind].load(spec, False) for spec in BUILT_IN if spec.name == "text")
    originals = {file.name: file for file in sorted(wanted.images.iterdir()) if file.suffix == ".png"}
    seen = dict(_read(judge, originals.values()))
    if wanted.noise:
        _noise(judge, originals, seen)
        return
    print("strategy | judges | bytes | of the originals | optimised | unreadable | worst CER | s")
    for strategy in wanted.strategies:
        for name, evaluators in JUDGES.items():
            if strategy == "lossless" and name != "without":
                continue  # asks no judge
            with tempfile.TemporaryDirectory() as folder:
                place = wanted.keep / f"{strategy}-{name.replace(' ', '-')}" if wanted.keep else Path(folder)
                begun = time.monotonic()
                rows = built(place, originals.values(), strategy, evaluators, wanted.formats)
                seconds = time.monotonic() - begun
                rates = {row.path: _worst(judge, seen[row.path], row.files) for row in rows}
            over = {path: rate for path, rate in rates.items() if rate > wanted.cer}
            total, before = sum(row.bytes for row in rows), sum(file.stat().st_size for file in originals.values())
            print(
                f"{strategy} | {name} | {total:,} | {total / before:.1%} | {sum(bool(row.files) for row in rows)}"
                f" | {len(over)} | {max(rates.values()):.3f} | {seconds:.0f}",
                flush=True,
            )
            for path, rate in sorted(over.items(), key=lambda pair: -pair[1]):
                print(f"  {path}: {rate:.3f}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=Path, required=True, help="folder of PNG files")
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES, choices=STRATEGIES)
    parser.add_argument("--formats", nargs="+", help="fewer than the strategy's own")
    parser.add_argument("--cer", type=float, default=SAFE, help="the rate over which an image counts as unreadable")
    parser.add_argument("--keep", type=Path, help="a folder for what was built")
    parser.add_argument("--noise", action="store_true", help="only measure the recogniser")
    return parser.parse_args()


@dataclass(frozen=True)
class Row:
    """What a build made of one image. bytes: of the smallest variant. files: all of them."""

    path: str
    bytes: int
    files: tuple[Path, ...]


def built(
    folder: Path, files: Iterable[Path], strategy: str, evaluators: str, formats: Sequence[str] | None = None
) -> list[Row]:
    """What a rule with this strategy and these judges gives through the real command, in one worker."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copyfile(file, folder / file.name)
    more = f", formats: [{', '.join(formats)}]" if formats else ""
    rule = f"{{match: '**', strategy: {strategy}, evaluator: {evaluators}{more}}}"
    (folder / "semopt.yaml").write_text(f"version: 1\nrules: [{rule}]\n")
    command = [sys.executable, "-m", "semopt", "build", str(folder), "--json", "--jobs", "1"]
    said = map(json.loads, subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines())
    rows = []
    for line in (line for line in said if line["type"] == "outcome"):
        variants = line["variants"]
        size = min((one["bytes"] for one in variants), default=(folder / line["path"]).stat().st_size)
        rows.append(Row(line["path"], size, tuple(folder / one["path"] for one in variants)))
    return rows


def shown(content: bytes, judge: Evaluator) -> Image.Image:
    """The view that a build shows to the judge."""
    return view(decode(content, Limits()).image, pixels=judge.pixels)  # type: ignore[attr-defined]


def _read(judge: Evaluator, files: Iterable[Path]) -> Iterator[tuple[str, object]]:
    """What is read in each original; the time goes to stderr."""
    times = []
    for file in files:
        image = shown(file.read_bytes(), judge)
        begun = time.process_time()
        yield file.name, judge.observe([image])[0]
        times.append(time.process_time() - begun)
    said = f"median {statistics.median(times):.2f} s, most {max(times):.2f} s of one processor"
    print(f"{len(times)} originals read: {said}", file=sys.stderr)


def _worst(judge: Evaluator, reference: object, files: Sequence[Path]) -> float:
    """The highest error rate of some files; 0 where there is none, or nothing to read."""
    observed = judge.observe([shown(file.read_bytes(), judge) for file in files])
    return max((judge.compare(reference, one).cer or 0.0 for one in observed), default=0.0)


def _encoded(name: str, quality: int) -> Callable[[Image.Image], Image.Image]:
    def copy(image: Image.Image) -> Image.Image:
        return Image.open(io.BytesIO(ENCODERS[name].encode(image, quality, Metadata()))).convert("RGB")

    return copy


def _scaled(share: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: resize(image, (max(1, round(image.width * share)), max(1, round(image.height * share))))


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    **{f"{name} q{q}": _encoded(name, q) for name, q in (("webp", 90), ("jpeg", 95), ("avif", 90))},
    **{f"{name} q{q}": _encoded(name, q) for name, q in (("webp", 50), ("jpeg", 40), ("avif", 45))},
    **{f"{name} q{q}": _encoded(name, q) for name, q in (("webp", 1), ("jpeg", 5), ("avif", 10))},
    **{f"scaled to {share:.0%}": _scaled(share) for share in (0.7, 0.5, 0.35)},
    "blurred by 2 px": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
}


def _noise(judge: Evaluator, originals: dict[str, Path], seen: dict[str, object]) -> None:
    images = {name: shown(file.read_bytes(), judge) for name, file in originals.items()}
    print("copy | images with text | CER: mean | median | worst | over 0.01 | 0.02 | 0.05 | 0.1")
    for copy, made in COPIES.items():
        scores = [judge.compare(seen[name], judge.observe([made(image)])[0]) for name, image in images.items()]
        rates = [score.cer for score in scores if score.cer is not None]
        over = " | ".join(str(sum(rate > most for rate in rates)) for most in (0.01, 0.02, 0.05, 0.1))
        mean, median = statistics.mean(rates), statistics.median(rates)
        print(f"{copy} | {len(rates)} | {mean:.3f} | {median:.3f} | {max(rates):.3f} | {over}", flush=True)


if __name__ == "__main__":
    main()
