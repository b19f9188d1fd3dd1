"""`python -m tests.bench.frontier`: bytes against transfer agreement, on your own photographs.

    python -m tests.bench.frontier --photos DIR --weights mobilenet_v2.pth --judge other.tflite --judge another.onnx

How a judge is stated is explained at the top of tests/bench/frontier/judges.py. What was encoded and what was seen is
kept in --cache. Counts, bytes and answers repeat on the same kind of processor; seconds are those of this machine.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tests.bench.frontier import judges, methods, photos, plot, report
from tests.bench.frontier.built import Rule
from tests.bench.frontier.evaluate import Panel, Row
from tests.bench.frontier.figures import frontier, single
from tests.bench.frontier.report import Line
from tests.bench.frontier.store import Store

FEW = 50  # a share of 90 % of 50 is known to 9 points either way
WAYS = ("post", "fixed", "ssim", "semopt")
RULES = {
    "semopt, embedded": "evaluator: embedded",
    "semopt, mobilenet_v2": "evaluator: net",
    "semopt, both": "evaluator: [embedded, net]",
    "semopt, embedded, mobilenet_v2 confirms": "evaluator: embedded, confirm: [net]",
}


def main() -> None:
    """The table on stdout, or into a page with a plot."""
    wanted = _arguments().parse_args()
    store = Store(wanted.cache / "frontier.sqlite")
    panel = Panel([judges.load(spec) for spec in wanted.judge], store)
    looked, found = _stable(wanted, panel)
    if not found:
        sys.exit(f"none of {looked} photographs is stable for every judge")
    grid = methods.grid(found, panel)
    names, lines = panel.names, []
    for group, row in itertools.chain(
        (("single", row) for row in report.steps(grid, names)), _rows(wanted, found, panel)
    ):
        lines.append(report.line(row, group, grid, found, names, wanted.seed))
    methods.said("")
    _written(wanted, _facts(looked, found, grid), panel, lines, grid)
    store.close()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.frontier",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="a folder, or a text file with one path a line")
    add("--judge", action="append", required=True, help="[NETWORK=]FILE[?key=value&...]; takes no part; repeat it")
    add("--weights", type=Path, help="torchvision's mobilenet_v2, for the loops and as `net` in rules")
    add("--count", type=int, help="stable photographs to use (all)")
    add("--split", type=_split, default=slice(None), help="A:B, a slice of the photographs before any is looked at")
    add("--seed", type=int, default=7, help="order of a folder's photographs, the jpeg loop, the intervals (7)")
    add("--megapixels", type=_range, help="A-B: only photographs of so many")
    add("--enlarge", type=float, help="enlarge photographs to so many megapixels first")
    add("--methods", nargs="*", choices=WAYS, default=list(WAYS), help="beside the grid of single settings")
    add("--slow", type=int, default=30, help="photographs for the post's loops (30)")
    add("--ssim", nargs="*", type=float, default=list(methods.SSIM_TARGETS), help="targets")
    add("--rule", action="append", type=_named, help="NAME=KEYS of a rule as YAML, instead of semopt's usual four")
    add("--evaluator", action="append", type=_named, default=[], help="NAME={kind: ...} that rules may use")
    add("--jobs", type=int, default=2, help="of `semopt build` (2)")
    add("--cache", type=Path, default=Path(tempfile.gettempdir()) / "semopt-frontier")
    add("--out", type=Path, help="page and plot: OUT.md between markers, OUT.svg")
    add("--section", default="photographs", help="the page's markers; another one gets a plot of its own")
    return parser


def _split(text: str) -> slice:
    begin, _, end = text.partition(":")
    return slice(int(begin or 0), int(end) if end else None)


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    return float(low), float(high or low)


def _named(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"expected NAME=..., found {text!r}")
    return name, value


def _stable(wanted: argparse.Namespace, panel: Panel) -> tuple[int, list[photos.Photo]]:
    """How many photographs were looked at, and the stable ones among them."""
    looked = 0

    def counted(each: Iterable[photos.Photo]) -> Iterator[photos.Photo]:
        nonlocal looked
        for looked, photo in enumerate(each, 1):
            methods.said(f"looked at {looked} photographs")
            yield photo

    paths = photos.listed(wanted.photos, wanted.seed)[wanted.split]
    each: Iterable[photos.Photo] = photos.distinct(paths, wanted.megapixels)
    if wanted.enlarge:
        each = photos.enlarged(each, wanted.enlarge, wanted.cache / "enlarged")
    found = list(itertools.islice(panel.stable(counted(each)), wanted.count))
    return looked, found


def _rows(wanted: argparse.Namespace, found: Sequence[photos.Photo], panel: Panel) -> Iterator[tuple[str, Row]]:
    """The ways that were asked for, with their groups."""
    if "fixed" in wanted.methods:
        yield from (("fixed", row) for row in methods.fixed(found, panel))
    if "ssim" in wanted.methods:
        yield from (("ssim", row) for row in methods.targets(found, panel, wanted.ssim))
    if "post" in wanted.methods and wanted.weights:
        yield from (("post", row) for row in methods.post(found[: wanted.slow], panel, wanted.weights, wanted.seed))
    if "semopt" in wanted.methods:
        yield from (("semopt", row) for row in methods.rules(found, panel, _stated(wanted), wanted.jobs))


def _stated(wanted: argparse.Namespace) -> list[Rule]:
    """The rules to try; those that need `net` only where there are weights for it."""
    evaluators = dict(wanted.evaluator)
    if wanted.weights:
        place = json.dumps(str(wanted.weights.resolve()))
        evaluators = {"net": f"{{kind: torchvision, model: mobilenet_v2, weights: {place}}}"} | evaluators
    stated = [Rule(name, keys, evaluators) for name, keys in wanted.rule or RULES.items()]
    return [rule for rule in stated if set(rule.judges) <= {"embedded", *evaluators}]


def _facts(looked: int, found: Sequence[photos.Photo], grid: Sequence[Row]) -> str:
    sizes = [photo.bytes for photo in found]
    pixels = sorted(photo.megapixels for photo in found)
    ends = dict.fromkeys(f"{end:.2g}" for end in (pixels[0], pixels[-1]))  # once where they are the same
    return (
        f"{len(found)} stable photographs of {looked} looked at; originals of {np.mean(sizes):,.0f} bytes in the mean "
        f"({np.median(sizes):,.0f} in the median) and {' to '.join(ends)} megapixels. "
        f"Single settings: {len(grid)}, the best of them chosen on these same photographs."
        f"{' So few photographs say little about agreement: see the intervals.' if len(found) < FEW else ''}"
    )


def _written(wanted: argparse.Namespace, facts: str, panel: Panel, lines: Sequence[Line], grid: Sequence[Row]) -> None:
    if wanted.out is None:
        print(report.block(facts, panel.judges, lines))
        return
    stem = wanted.out.name if wanted.section == "photographs" else f"{wanted.out.name}-{wanted.section}"
    picture = wanted.out.with_name(f"{stem}.svg")
    report.between(
        wanted.out.with_suffix(".md"), wanted.section, report.block(facts, panel.judges, lines, picture.name)
    )
    picture.write_text(_plotted(lines, grid, panel.names), "utf-8")
    print(f"{wanted.out.with_suffix('.md')}, {picture}")


def _plotted(lines: Sequence[Line], grid: Sequence[Row], names: Sequence[str]) -> str:
    settings = single(grid, names)
    points = list(zip(settings.sizes.mean(axis=0), settings.held.mean(axis=0), strict=True))
    curves = [plot.Curve("the best single settings", "single", tuple(points[i] for i in frontier(settings)), True)]
    over = tuple((one.mean, one.share) for one in lines if one.group == "ssim")
    curves += [plot.Curve("smallest over an SSIM", "ssim", over)] if len(over) > 1 else []
    marks = [
        plot.Mark(one.name, one.group, one.mean, one.share, one.low, one.high)
        for one in lines
        if one.group not in ("single", "ssim")
    ]
    count = max(one.count for one in lines)
    return plot.svg(
        f"Bytes against the agreement of {len(names)} networks that took no part, {count} photographs",
        marks,
        curves,
        points,
    )


if __name__ == "__main__":
    main()
