"""`semopt dataset`: shrinks a dataset of class folders into another of the same structure."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semopt.cli import arguments
from semopt.terminal import printable, size

if TYPE_CHECKING:
    from semopt.imagefolder import Wish
    from semopt.types import Sample

EXAMPLES = """\
  semopt dataset raw small                     judged by the built-in network, by similarity
  semopt dataset raw small --evaluator mobilenet_v2 --weights mobilenet_v2.pth --label same
  semopt dataset raw small --config semopt.yaml --evaluator ours --keep-names

SRC holds a folder for each class, as torchvision's ImageFolder reads it; folders in these and a level of splits
(train, val, test ...) above them are kept. DST gets a file for each sample that can be read: STEM.webp or STEM.jpg,
or the original itself where nothing smaller held. Where two samples of a folder have one stem, as a.jpg and a.png,
both keep their whole name: a.jpg.webp, a.png.webp. Other files (labels.csv, ...) are not copied; the report names them.

It may be stopped at any time and run again. What is unchanged is not searched again; what semopt wrote for samples
that are gone is removed; files of others are never overwritten. The books and the cache lie in DST.semopt, beside DST,
for ImageFolder takes every folder in DST for a class. Remove them when you are done.
"""


def add(commands: arguments.Commands[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    does = "shrink a dataset of class folders so that a network's answers are preserved, with a report of agreement"
    command = arguments.command(commands, "dataset", does, EXAMPLES)
    command.set_defaults(command=run)
    add = command.add_argument
    add("source", type=Path, metavar="SRC", help="the dataset; never written to")
    add("target", type=Path, metavar="DST", help="the folder for the new one")
    add("--evaluator", metavar="NAME", help="whose answers are preserved: embedded (default), a network of "
        "torchvision, or a judge of --config")  # fmt: skip
    add("--weights", type=Path, metavar="FILE", help="weights of the network (default: torchvision's own)")
    add(
        "--config",
        type=Path,
        metavar="FILE",
        help="a semopt.yaml whose evaluators may be named; its rules do not count",
    )
    add("--label", choices=("same", "top5", "family", "any"), help="what must hold of the answer (default: same, "
        "where the judge has classes)")  # fmt: skip
    add("--similarity", type=arguments.share, metavar="S", help="what must be left in its eyes, 0 to 1 (default: 0.9)")
    add(
        "--confirm", action="append", default=[], metavar="NAME", help="a judge that has the last word; may be repeated"
    )
    add("--formats", type=_names, default=("webp", "jpeg"), metavar="A,B", help="of webp, jpeg, avif (default: "
        "webp,jpeg; ImageFolder knows no .avif)")  # fmt: skip
    add("--max-side", type=arguments.positive, metavar="PX", help="longer side at most; a copied original "
        "keeps its own")  # fmt: skip
    add("--keep-names", action="store_true", help="call files as in SRC, suffix included, whatever they hold")
    add("--report", type=Path, metavar="FOLDER", help="for semopt-report.json and .md (default: DST)")
    add("--state", type=Path, metavar="FOLDER", help="for the books and the cache (default: DST.semopt)")
    arguments.add_jobs(command)
    add("--dry-run", action="store_true", help="say what would be done and write nothing")
    add("--json", action="store_true", help="one JSON object a line on stdout, each with a type")
    arguments.add_loudness(command, verbose="a line for every sample")


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def run(parsed: argparse.Namespace) -> int:
    """Shrink, or say what would be done; 1 where a sample was left out."""
    from semopt import imagefolder, pipeline

    wish = _wish(parsed)
    if parsed.dry_run:
        return _preview(wish, parsed)
    shown = _Shown(parsed)
    ways = imagefolder.Ways(
        parsed.jobs or pipeline.default_jobs(), shown.live, shown.planned, parsed.report, shown.report
    )
    try:
        for sample in imagefolder.run(wish, ways):
            shown.sample(sample)
    finally:
        shown.close()
    return 1 if shown.failures else 0


def _wish(parsed: argparse.Namespace) -> Wish:
    from semopt.imagefolder import Wish

    return Wish(
        *(parsed.source, parsed.target, parsed.evaluator, parsed.weights, parsed.config, parsed.similarity),
        *(parsed.label, tuple(dict.fromkeys(parsed.confirm)), tuple(dict.fromkeys(parsed.formats))),
        *(parsed.max_side, parsed.keep_names, parsed.state),
    )


def _preview(wish: Wish, parsed: argparse.Namespace) -> int:
    from dataclasses import asdict

    from semopt import imagefolder

    counts: Counter[str] = Counter()
    for step in imagefolder.preview(wish):
        counts[step.action] += 1
        if parsed.json:
            print(json.dumps({"type": "step", **asdict(step)}))
        elif parsed.verbose or (step.action == "fail" and not parsed.quiet):
            print(f"{printable(step.path)}: {step.action}{': ' if step.reason else ''}{printable(step.reason)}")
    if not parsed.json and not parsed.quiet:
        said = {"search": "to be searched", "restore": "to be restored from the cache", "none": "up to date"}
        print(", ".join(f"{count} {said.get(action, action)}" for action, count in sorted(counts.items())))
    return 1 if counts["fail"] else 0


class _Shown:
    """Shows samples as they come, and the figures at the end."""

    def __init__(self, parsed: argparse.Namespace) -> None:
        self._parsed = parsed
        self._bar: Any = None
        self._fresh = 0
        self.failures: list[str] = []

    @property
    def live(self) -> bool:
        """Whether a person watches."""
        return sys.stderr is not None and sys.stderr.isatty() and not self._parsed.quiet

    def planned(self, images: int) -> None:
        """The number of samples is known: start the bar."""
        if self.live:
            from tqdm import tqdm

            self._bar = tqdm(total=images, unit="sample", file=sys.stderr, leave=False, dynamic_ncols=True)

    def sample(self, sample: Sample) -> None:
        """Note one sample; show it where that was asked for."""
        if self._bar is not None:
            self._bar.update()
        self._fresh += sample.fresh
        if sample.status == "failed":
            self.failures.append(f"{printable(sample.path)}: left out: {printable(sample.reason)}")
        if self._parsed.json:
            print(json.dumps({"type": "sample", **sample_json(sample)}), flush=True)
        elif self._parsed.verbose:
            print(_sentence(sample))

    def report(self, value: dict[str, Any]) -> None:
        """The figures, once all is done."""
        total = value["total"]
        folder = self._parsed.report or self._parsed.target
        if self._parsed.json:
            print(json.dumps({"type": "summary", **total, "evaluator": value["evaluator"], "report": str(folder)}))
        elif not self._parsed.quiet:
            print("\n".join(_summary(value, self._fresh, folder)))

    def close(self) -> None:
        """Take the bar away and name what was left out."""
        if self._bar is not None:
            self._bar.close()
        for failure in self.failures:
            print(failure, file=sys.stderr)


def _summary(value: dict[str, Any], fresh: int, folder: Path) -> list[str]:
    from semopt.imagefolder.page import percent

    total = value["total"]
    low, high = total["interval"]
    by = "gives the same label" if value["agreement_by"] == "label" else f"gives {value['threshold']:g} or more"
    saved = f" ({percent(total['bytes_after'] / total['bytes'])})" if total["bytes"] else ""
    return [
        f"{total['samples']} samples in {len(value['classes'])} classes, {fresh} of them new or changed: "
        f"{size(total['bytes'])} to {size(total['bytes_after'])}{saved}.",
        f"{value['evaluator']} {by} on {total['agree']} of {total['judged']} "
        f"({percent(total['agreement'])}, 95 % interval {percent(low)} to {percent(high)}).",
        f"{total['copied']} copied as they are, {total['failed']} left out. Report: {folder / 'semopt-report.md'}",
    ]


def sample_json(sample: Sample) -> dict[str, Any]:
    """A sample as a program reads it."""
    from semopt.records import scores_json

    keys = ("path", "target", "split", "status", "reason", "bytes", "bytes_after", "strategy", "agrees", "similarity")
    plain = {key: getattr(sample, key) for key in (*keys, "margin", "same", "fresh")}
    return {**plain, "class": sample.class_name, "scores": scores_json(sample.scores)}


def _sentence(sample: Sample) -> str:
    from semopt.imagefolder.page import figure

    if sample.target is None:
        return f"{printable(sample.path)}: left out: {printable(sample.reason)}"
    why = f"; {printable(sample.reason)}" if sample.reason else ""
    sizes = f"{size(sample.bytes or 0)} to {size(sample.bytes_after or 0)}"
    agrees = "" if sample.agrees else ", another answer"
    similar = f"similarity {figure(sample.similarity)}"
    return f"{printable(sample.path)}: {sample.status}: {sizes} in {printable(sample.target)} ({similar}{agrees}){why}"
