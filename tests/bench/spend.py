"""`python -m tests.bench.spend`: what shares of `spend` are worth, beside one threshold moved for all.

    python -m tests.bench.spend --photos DIR --judge other.tflite --judge another.onnx

Photographs that the judges, who take no part, see stably are built with `strategy: semantic`, or another; then with
`spend` at several shares of those bytes, and, for the same bytes, at another `keep: {similarity}` for all. Judged is
the smallest file of each. How a judge is stated is explained at the top of tests/bench/frontier/judges.py. Everything
repeats on the same kind of processor.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.frontier import judges, photos
from tests.bench.frontier.evaluate import Panel
from tests.bench.frontier.photos import Photo
from tests.bench.frontier.store import Store

SHARES = (0.5, 0.6, 0.8, 0.9, 1.0, 1.3)
HALVINGS = 7
NEAR = 0.005  # a threshold whose bytes are within this of those wanted is near enough


@dataclass(frozen=True)
class Built:
    """One build. similarity: in the eyes of the judge that searched, of each variant that it judged."""

    total: int
    similarity: tuple[float, ...]
    below: int
    agreement: tuple[float, ...]
    passes: int
    encodes: int

    def row(self, name: str, whole: int) -> str:
        """As a row of the table."""
        seen = f"{np.mean(self.similarity):.4f} | {min(self.similarity):.3f} | {self.below}"
        agrees = " | ".join(f"{share:.1%}" for share in self.agreement)
        counts = f"{self.passes} | {self.encodes}"
        return f"| {name} | {self.total:,} | {self.total / whole:.3f} | {seen} | {agrees} | {counts} |"


class Bench:
    """A tree of the photographs, built again and again."""

    def __init__(self, root: Path, found: Sequence[Photo], panel: Panel, strategy: str) -> None:
        self._root, self._found, self._panel, self._strategy = root, found, panel, strategy
        self._names = [f"{number:04}{one.path.suffix.lower()}" for number, one in enumerate(found)]
        for name, one in zip(self._names, found, strict=True):
            shutil.copyfile(one.path, root / name)

    def build(self, rule: str = "", top: str = "") -> Built:
        """Build with further keys of the rule, and at the top."""
        config = f"version: 1\n{top}\nrules:\n  - {{match: '**', strategy: {self._strategy}{rule}}}\n"
        (self._root / "semopt.yaml").write_text(config, "utf-8")
        command = [sys.executable, "-m", "semopt", "build", str(self._root), "--json", "--jobs", "1"]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        print(ran.stderr, end="", file=sys.stderr)
        lines = map(json.loads, ran.stdout.splitlines())
        return self._seen({line["path"]: line for line in lines if line["type"] == "outcome"})

    def _seen(self, outcomes: dict[str, dict[str, Any]]) -> Built:
        ours = [outcomes[name] for name in self._names]
        variants = [one["variants"][0] if one["variants"] else None for one in ours]
        contents = [
            (self._root / (name if one is None else one["path"])).read_bytes()
            for name, one in zip(self._names, variants, strict=True)
        ]
        held = self._panel.classes(contents) == np.array([photo.before for photo in self._found])
        works = [one["work"] for one in ours]
        return Built(
            sum(one["bytes"] for outcome in ours for one in outcome["variants"]),
            tuple(one["scores"]["embedded"]["similarity"] for one in variants if one and "embedded" in one["scores"]),
            sum("share" in one and not one["share"]["met"] for one in ours),
            (*map(float, held.mean(axis=0)), float(held.all(axis=1).mean())),
            sum(work["reference"] + work["search"] + work["confirm"] for work in works),
            sum(work["encodes"] for work in works),
        )

    def uniform(self, wanted: int) -> tuple[float, Built]:
        """The threshold for all whose bytes are nearest to those wanted, and its build."""
        low, high = 0.3, 0.99
        tried: list[tuple[float, Built]] = []
        for _ in range(HALVINGS):
            middle = round((low + high) / 2, 4)
            tried.append((middle, self.build(f", keep: {{similarity: {middle}}}")))
            total = tried[-1][1].total
            if abs(total - wanted) <= NEAR * wanted:
                break
            low, high = (middle, high) if total < wanted else (low, middle)
        return min(tried, key=lambda one: abs(one[1].total - wanted))


def main() -> None:
    """The table on stdout."""
    wanted = _arguments().parse_args()
    store = Store(wanted.cache / "frontier.sqlite")
    panel = Panel([judges.load(spec) for spec in wanted.judge], store)
    every = [Photo(path) for path in sorted(wanted.photos.rglob("*")) if path.suffix.lower() in photos.SUFFIXES]
    found = list(itertools.islice(panel.stable(every), wanted.count))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), found, panel, wanted.strategy)
        plain = bench.build()
        heads = ["", "bytes", "of plain", "mean similarity", "least", "below", *panel.names, "all", "passes", "encodes"]
        print(f"{len(found)} photographs\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
        print(plain.row("plain", plain.total), flush=True)
        for share in wanted.share or SHARES:
            budget = int(share * plain.total)
            shared = bench.build(top=f"spend: {budget}")
            print(shared.row(f"spend {share:g}", plain.total), flush=True)
            if share != 1 and not wanted.quick:
                threshold, built = bench.uniform(shared.total)
                print(built.row(f"similarity {threshold:g} for all", plain.total), flush=True)
    store.close()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.spend",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--judge", action="append", required=True, metavar="SPEC")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--share", type=float, action="append", metavar="OF_PLAIN")
    parser.add_argument("--strategy", choices=("semantic", "both"), default="semantic")
    parser.add_argument("--quick", action="store_true", help="without the thresholds for all")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "semopt-frontier")
    return parser


if __name__ == "__main__":
    main()
