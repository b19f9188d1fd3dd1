"""Every way to choose a file that the benchmark compares, as rows."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from semopt.atomic import digest
from tests.bench.frontier import built, loops, ssim
from tests.bench.frontier.evaluate import Choice, Choose, Panel, Row, evaluate
from tests.bench.frontier.grid import DEFAULTS, GRID, Setting, candidates, saved
from tests.bench.frontier.photos import Photo

SSIM_TARGETS = (0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def grid(photos: Sequence[Photo], panel: Panel, settings: Sequence[Setting] = GRID) -> list[Row]:
    """One row for each single setting."""
    for number, photo in enumerate(photos):
        candidates(photo, panel.store, settings)
        said(f"grid: encoded {number + 1} of {len(photos)}")
    rows = []
    for setting in settings:
        rows.append(evaluate(photos, panel, _at(setting, panel), str(setting)))
        said(f"grid: judged {len(rows)} of {len(settings)} settings")
    return rows


def fixed(photos: Sequence[Photo], panel: Panel) -> Iterator[Row]:
    """What tools give by default, at the original's size."""
    for name, (format, options) in DEFAULTS.items():
        yield evaluate(photos, panel, _default(format, options, panel), name)
        said(name)


def targets(photos: Sequence[Photo], panel: Panel, least: Sequence[float] = SSIM_TARGETS) -> Iterator[Row]:
    """The smallest candidate of the grid with each of these SSIMs."""
    for target in least:
        yield evaluate(photos, panel, _over(target, panel), f"SSIM of {target:g} or more")
        said(f"SSIM {target:g}")


def post(photos: Sequence[Photo], panel: Panel, weights: Path, seed: int) -> Iterator[Row]:
    """The post's two loops."""
    own = taking_part({"": digest(weights.read_bytes())}, panel)
    for name in loops.NAMES:
        yield evaluate(photos, panel, _counted(name, loops.chooser(name, weights, panel.store, seed)), name, own)


def rules(photos: Sequence[Photo], panel: Panel, stated: Sequence[built.Rule], jobs: int) -> Iterator[Row]:
    """semopt with each of these rules; one that the command refuses is left out, with its words."""
    for rule in stated:
        said(rule.name)
        try:
            choose = built.chooser(rule, photos, panel.store, jobs)
        except built.RefusedError as error:
            print(f"{rule.name}: left out, semopt refuses it:\n{error}", file=sys.stderr)
            continue
        yield evaluate(photos, panel, choose, rule.name, taking_part(rule.files, panel))


def taking_part(files: Mapping[str, str], panel: Panel) -> set[str]:
    """Judges of the panel that are made of the same file as a judge of the search."""
    return {judge.name for judge in panel.judges if judge.file in files.values()}


def said(text: str) -> None:
    """Progress, one line that is written over where a person watches."""
    if sys.stderr.isatty():
        print(f"\r{text:<70}", end="", file=sys.stderr, flush=True)


def _at(setting: Setting, panel: Panel) -> Choose:
    def choose(photo: Photo) -> Choice:
        content, seconds = candidates(photo, panel.store, [setting])[setting]
        return Choice(content if len(content) < photo.bytes else None, {"encodes": 1, "seconds": seconds})

    return choose


def _default(format: str, options: dict[str, Any], panel: Panel) -> Choose:
    way = f"{format} {sorted(options.items())}"

    def choose(photo: Photo) -> Choice:
        known = panel.store.files(photo.sha, [way])
        if way not in known:
            image, begun = photo.image, time.monotonic()
            content = saved(image, format, **options)
            notes = {"encodes": 1, "seconds": time.monotonic() - begun}
            panel.store.keep(photo.sha, way, content if len(content) < photo.bytes else None, notes)
            return choose(photo)
        return Choice(*known[way])

    return choose


def _over(target: float, panel: Panel) -> Choose:
    return lambda photo: ssim.smallest(photo, panel.store, target)


def _counted(name: str, choose: Callable[[Photo], Choice]) -> Choose:
    shown = 0

    def counted(photo: Photo) -> Choice:
        nonlocal shown
        shown += 1
        said(f"{name}: {shown}")
        return choose(photo)

    return counted
