"""What an image costs in processor seconds: `python -m tests.bench.cost --photos DIR [--weights mobilenet_v2.pth]`.

Each strategy is built with one worker over the photographs, and over the first of them alone; the difference is what
the others took, start-up left out. Processor seconds of all processes are counted, which other load on the machine
stretches less than the clock's. The network's part is its passes times what one pass takes here. docs/cost.md has the
figures, and what follows from them for a million images at prices that one puts in oneself (--core-hour).
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from semopt.evaluators import KINDS
from semopt.types import EvaluatorSpec
from tests.bench.lattices import photographs

LOOKS = 20
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one image. cpu: seconds of all processes. network: of these, in the network. written: bytes."""

    cpu: float
    network: float
    passes: float
    written: float


def main() -> None:
    """A line for each strategy, and the table for a million."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="of torchvision's mobilenet_v2; without it that row is left out")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--enlarge", type=float, default=0, help="megapixels to which each photograph is enlarged")
    parser.add_argument("--core-hour", type=float, default=0.04, help="price of one core for an hour")
    wanted = parser.parse_args()
    files = photographs(wanted.photos)[: wanted.count]
    print(f"{len(files)} photographs; a core hour at {wanted.core_hour}")
    print("| rule | core s an image | of that network | passes | bytes written | core hours a million | price |")
    print("|---|---|---|---|---|---|---|")
    for name, rule, spec in _rules(wanted.weights):
        one = measured(files, rule, spec, wanted.enlarge)
        hours = one.cpu * MILLION / 3600
        share = f"{100 * one.network / one.cpu:.0f} %"
        price = f"{hours * wanted.core_hour:,.2f}"
        print(f"| {name} | {one.cpu:.2f} | {share} | {one.passes:.0f} | {one.written:,.0f} | {hours:,.0f} | {price} |")


Rule = tuple[str, str, EvaluatorSpec | None]


def _rules(weights: Path | None) -> list[Rule]:
    embedded = EvaluatorSpec("embedded", "embedded")
    rules: list[Rule] = [
        ("`semantic`, `embedded`", "strategy: semantic", embedded),
        ("`semantic`, `embedded`, WebP alone", "strategy: semantic, formats: [webp]", embedded),
        ("`both`", "strategy: both", embedded),
        ("`visual`", "strategy: visual", None),
    ]
    if weights:
        options = (("model", "mobilenet_v2"), ("weights", str(weights.resolve())))
        rules.insert(2, ("`semantic`, `mobilenet_v2`", "strategy: semantic, evaluator: net", _net(options)))
    return rules


def _net(options: tuple[tuple[str, str], ...]) -> EvaluatorSpec:
    return EvaluatorSpec("net", "torchvision", options)


def measured(files: Sequence[Path], rule: str, spec: EvaluatorSpec | None, megapixels: float) -> Cost:
    """What one image costs in the mean of these, the first left out."""
    alone, _, _ = _built(files[:1], rule, spec, megapixels)
    cpu, passes, written = _built(files, rule, spec, megapixels)
    others = len(files) - 1
    each = passes / len(files)
    return Cost((cpu - alone) / others, each * (_pass_seconds(spec, files[0]) if spec else 0.0), each, written)


def _built(files: Sequence[Path], rule: str, spec: EvaluatorSpec | None, megapixels: float) -> tuple[float, int, float]:
    """Processor seconds of a build of these, passes, and the mean of bytes written for an image."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for file in files:
            _put(file, root / file.name, megapixels)
        judges = ""
        if spec is not None and spec.kind == "torchvision":
            judges = f"evaluators: {{net: {{kind: torchvision, {', '.join(f'{k}: {v}' for k, v in spec.options)}}}}}\n"
        (root / "semopt.yaml").write_text(f"version: 1\n{judges}rules: [{{match: '**', {rule}}}]\n")
        before = _spent()
        command = [sys.executable, "-m", "semopt", "build", str(root), "--jobs", "1", "--json"]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        cpu = _spent() - before
    outcomes = [one for one in map(json.loads, lines) if one["type"] == "outcome"]
    passes = sum(sum(one["work"][phase] for phase in ("reference", "search", "confirm")) for one in outcomes)
    return cpu, passes, sum(v["bytes"] for one in outcomes for v in one["variants"]) / len(outcomes)


def _put(file: Path, place: Path, megapixels: float) -> None:
    if not megapixels:
        shutil.copyfile(file, place)
        return
    image = Image.open(file).convert("RGB")
    scale = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
    image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS).save(
        place, "JPEG", quality=90
    )


def _spent() -> float:
    """Processor seconds of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _pass_seconds(spec: EvaluatorSpec, file: Path) -> float:
    """Processor seconds of one look of a judge at a photograph of a size that judges are shown."""
    judge = KINDS[spec.kind].load(spec, False)
    image = Image.open(file).convert("RGB")
    image.thumbnail((320, 320))
    judge.observe([image])
    begun = time.process_time()
    for _ in range(LOOKS):
        judge.observe([image])
    return (time.process_time() - begun) / LOOKS


if __name__ == "__main__":
    main()
