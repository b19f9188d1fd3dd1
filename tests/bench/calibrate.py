"""Measures what a judge's threshold buys: bytes, and agreement of networks that took no part in the choice.

    python tests/bench/calibrate.py --photos DIR --weights mobilenet_v2.pth --judge other.tflite --evaluator embedded

For each photograph that the asked networks see stably (one confident answer on it, its mirror image and a WebP of
quality 80), candidates over sizes x encoders x qualities; the smallest passes whose next larger size and next better
quality pass too. A factor of 1 is the default threshold, similarity 0.9. Needs the package `ai-edge-litert`.

Tables are kept in --cache, so that a change of the comparison costs seconds. `--skip 120 --count 80` takes photographs
that `--count 120` did not.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from semopt.encoders import ENCODERS
from semopt.evaluators import KINDS
from semopt.evaluators.calibration import THRESHOLD
from semopt.evaluators.sighting import Sighting
from semopt.imagefolder.report import wilson
from semopt.types import Evaluator, EvaluatorSpec, Metadata
from tests.bench.frontier.judges import classifier
from tests.bench.frontier.store import Answer

SIDES = (32, 45, 64, 91, 128, 181, 256, 362)
FROM = {"webp": 0, "avif": 181, "jpeg": 181}  # below, their headers alone weigh more than a WebP (308 and 307 bytes)
FACTORS = (0.25, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.7, 2.0, 2.8, 4.0)
CONFIDENT = 0.5
Ask = Callable[[Image.Image], Answer]


@dataclass(frozen=True)
class Table:
    """One photograph and its candidates. size: bytes of the photograph. answers: the other network's classes."""

    image: Image.Image
    size: int
    lattice: list[tuple[str, int, int]]
    files: list[bytes]
    reference: Sighting
    seen: list[Sighting]
    before: int
    answers: list[int]


def main() -> None:
    """Tables, then one line for each factor of the safe drift."""
    wanted = _arguments()
    network = KINDS["torchvision"].load(_spec(wanted.weights), False)
    tables = list(_tables(wanted, network))[wanted.skip :]
    mean = np.mean([table.size for table in tables])
    print(f"{wanted.evaluator}: {len(tables)} photographs, originals of {mean:,.0f} bytes")
    ratios = [_ratios(wanted.evaluator, network, table) for table in tables]
    own = wanted.evaluator == "torchvision"
    print("factor | mean bytes | median | agreement (95 % interval)")
    for factor in FACTORS:
        _line(f"{factor:6}", tables, [_choice(t, r <= factor) for t, r in zip(tables, ratios, strict=True)], own)
    for side, encoder, quality in ((256, "webp", 50), (256, "webp", 70), (256, "avif", 45), (256, "avif", 60)):
        fixed = [t.lattice.index(key) if (key := (encoder, side, quality)) in t.lattice else None for t in tables]
        _line(f"{side} px {encoder} q{quality}", tables, fixed, own)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--weights", type=Path, required=True, help="state dict for torchvision's mobilenet_v2")
    parser.add_argument("--judge", type=Path, required=True, help="a .tflite network of 8-bit input and output")
    parser.add_argument("--evaluator", choices=("torchvision", "embedded"), default="torchvision")
    parser.add_argument("--count", type=int, default=20, help="stable photographs to use")
    parser.add_argument("--skip", type=int, default=0, help="stable photographs to leave out first")
    parser.add_argument("--seconds", type=float, default=420, help="stop making tables after this time")
    parser.add_argument("--seed", type=int, default=7, help="order of the photographs")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "semopt-calibrate")
    return parser.parse_args()


def _spec(weights: Path) -> EvaluatorSpec:
    return EvaluatorSpec("mobilenet", "torchvision", (("model", "mobilenet_v2"), ("weights", str(weights.resolve()))))


def _tables(wanted: argparse.Namespace, network: Evaluator) -> Iterator[Table]:
    """Tables of the stable photographs, from the cache where they are there."""
    photos = sorted(path for path in wanted.photos.iterdir() if path.is_file())
    random.Random(wanted.seed).shuffle(photos)
    wanted.cache.mkdir(parents=True, exist_ok=True)
    judge, end, found = classifier(wanted.judge), time.monotonic() + wanted.seconds, 0
    named = {wanted.cache / f"{hashlib.sha256(photo.read_bytes()).hexdigest()[:24]}.npz": photo for photo in photos}
    for kept, photo in named.items():  # a copy of a photograph counts once
        if not kept.exists():
            if time.monotonic() > end:
                return
            _make(photo, kept, network, judge)
        table = _read(photo, kept)
        if table is not None:
            yield table
            found += 1
        if found == wanted.skip + wanted.count:
            return


def _make(photo: Path, kept: Path, network: Evaluator, judge: Ask) -> None:
    """Encode and ask everything about one photograph; an empty table where it is not stable."""
    image = _open(photo)
    columns: dict[str, Any] = {}
    if all(_stable(ask, image) for ask in (judge, lambda shown: _top(network, shown))):
        longest = max(image.size)
        lattice = [
            (name, side, quality)
            for side in [*(side for side in SIDES if side * 1.05 < longest), longest]
            for name, least in FROM.items()
            if side >= least
            for quality in ENCODERS[name].ladder
        ]
        files = [_encoded(image, *key) for key in lattice]
        shown = [_open(io.BytesIO(file)) for file in files]
        reference, *seen = network.observe([image, *shown])
        columns = {
            "encoder": [key[0] for key in lattice],
            "side": [key[1] for key in lattice],
            "quality": [key[2] for key in lattice],
            "length": [len(file) for file in files],
            "files": np.frombuffer(b"".join(files), np.uint8),
            "before": judge(image)[0],
            "answers": [judge(picture)[0] for picture in shown],
            "logits": np.stack([sighting.logits for sighting in (reference, *seen)]),
            "features": np.stack([sighting.features for sighting in (reference, *seen)]),
        }
    partial = kept.with_suffix(".part.npz")
    np.savez(partial, **columns)
    partial.rename(kept)


def _read(photo: Path, kept: Path) -> Table | None:
    with np.load(kept) as columns:
        if "encoder" not in columns:
            return None
        ends = np.cumsum(columns["length"])
        whole = columns["files"].tobytes()
        keys = zip(columns["encoder"].tolist(), columns["side"].tolist(), columns["quality"].tolist(), strict=True)
        sightings = [Sighting(*pair) for pair in zip(columns["logits"], columns["features"], strict=True)]
        return Table(
            image=_open(photo),
            size=photo.stat().st_size,
            lattice=list(keys),
            files=[whole[end - length : end] for end, length in zip(ends, columns["length"], strict=True)],
            reference=sightings[0],
            seen=sightings[1:],
            before=int(columns["before"]),
            answers=columns["answers"].tolist(),
        )


def _open(file: Path | io.BytesIO) -> Image.Image:
    with Image.open(file) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _encoded(image: Image.Image, encoder: str, side: int, quality: int) -> bytes:
    """The photograph at this longest side."""
    share = side / max(image.size)
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    scaled = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
    return ENCODERS[encoder].encode(scaled, quality, Metadata())


def _top(network: Evaluator, image: Image.Image) -> Answer:
    (seen,) = network.observe([image])
    shares = np.exp(seen.logits - seen.logits.max())
    return int(seen.logits.argmax()), float(1 / shares.sum())


def _stable(ask: Ask, image: Image.Image) -> bool:
    again = _open(io.BytesIO(ENCODERS["webp"].encode(image, 80, Metadata())))
    answers = [ask(shown) for shown in (image, ImageOps.mirror(image), again)]
    return len({answer for answer, _ in answers}) == 1 and min(share for _, share in answers) >= CONFIDENT


def _ratios(evaluator: str, network: Evaluator, table: Table) -> Any:
    """Each candidate's drift as a multiple of the safe one, (candidates,)."""
    judge, reference, seen = network, table.reference, table.seen
    if evaluator != "torchvision":
        judge = KINDS[evaluator].load(EvaluatorSpec(evaluator, evaluator), False)
        (reference,) = judge.observe([table.image])
        seen = [judge.observe([_open(io.BytesIO(file))])[0] for file in table.files]
    found = np.array([judge.compare(reference, sighting).similarity for sighting in seen])
    return (1 / np.maximum(found, 1e-12) - 1) * THRESHOLD / (1 - THRESHOLD)


def _choice(table: Table, passed: Any) -> int | None:
    """The smallest candidate that passes together with its two better neighbours."""
    places = {key: place for place, key in enumerate(table.lattice)}
    sides = sorted({side for _, side, _ in table.lattice})
    for place in sorted(places.values(), key=lambda place: len(table.files[place])):
        encoder, side, quality = table.lattice[place]
        ladder = ENCODERS[encoder].ladder
        larger = [(encoder, above, quality) for above in sides if above > side][:1]
        better = [(encoder, side, above) for above in ladder if above > quality][:1]
        if passed[place] and all(passed[places[key]] for key in larger + better):
            return place
    return None


def _line(title: str, tables: Sequence[Table], choices: Sequence[int | None], own: bool) -> None:
    """A row of the report. Where nothing passes, the original stays and all agree. own: our network chose."""
    sizes, agreed = [], []
    for table, choice in zip(tables, choices, strict=True):
        sizes.append(table.size if choice is None else len(table.files[choice]))
        same = choice is None or table.answers[choice] == table.before
        if choice is not None and not own:
            same = same and table.seen[choice].logits.argmax() == table.reference.logits.argmax()
        agreed.append(same)
    low, high = wilson(sum(agreed), len(agreed))
    share = f"{np.mean(agreed):5.1%} ({low:.0%} to {high:.0%})"
    print(f"{title} | {np.mean(sizes):8,.0f} | {np.median(sizes):8,.0f} | {share}")


if __name__ == "__main__":
    main()
