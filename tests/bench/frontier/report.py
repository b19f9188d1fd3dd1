"""Rows as lines of a table, and lines as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from semopt.imagefolder.report import wilson
from tests.bench.frontier.evaluate import Row
from tests.bench.frontier.figures import Ratio, agreed, best_at, ratio, single
from tests.bench.frontier.judges import Judge
from tests.bench.frontier.photos import Photo

STEPS = (0.8, 0.85, 0.9, 0.95, 0.975)
"""Agreements for which the best single setting is named."""


@dataclass(frozen=True)
class Line:
    """A row of the table. group: which kind of way. each: the judges' own agreements, None where one took part."""

    name: str
    group: str
    count: int
    mean: float
    median: float
    share: float
    low: float
    high: float
    each: tuple[float | None, ...]
    kept: int
    ratio: Ratio | None = None
    passes: float | None = None
    slow: float | None = None
    encodes: float | None = None
    seconds: float | None = None


def line(row: Row, group: str, grid: Sequence[Row], photos: Sequence[Photo], names: Sequence[str], seed: int) -> Line:
    """One way's line. grid: the rows of single settings, whose photographs begin with the row's."""
    count = len(row.sizes)
    held = agreed(row, names)
    low, high = wilson(int(held.sum()), count)
    against = None
    if group != "single":
        settings = single(grid, names, row.took_part).first(count)
        originals = np.array([photo.bytes for photo in photos[:count]], float)
        against = ratio(row.sizes, held, settings, originals, seed)
    notes = row.notes
    return Line(
        row.name,
        group,
        count,
        float(row.sizes.mean()),
        float(np.median(row.sizes)),
        float(held.mean()),
        low,
        high,
        tuple(None if n in row.took_part else float(row.held[:, at].mean()) for at, n in enumerate(names)),
        int(row.kept.sum()),
        against,
        *(notes.get(key) for key in ("passes", "slow", "encodes", "seconds")),
    )


def steps(grid: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """The best single settings at the agreements of STEPS, each once."""
    settings = single(grid, names)
    found = [best_at(settings, share) for share in STEPS]
    return [grid[place] for place in dict.fromkeys(place for place in found if place is not None)]


def table(lines: Sequence[Line], names: Sequence[str]) -> str:
    """Markdown. A mean of bytes counts a kept original with all its bytes."""
    counts = len({one.count for one in lines}) > 1
    head = ["way", *(["photographs"] if counts else []), "mean bytes", "median", "transfer agreement", *names]
    head += ["mean bytes against the best single setting", "passes", "encodes", "seconds", "originals kept"]
    rows = [head, ["---"] * len(head)]
    rows += [[one.name, *([f"{one.count}"] if counts else []), *_cells(one)] for one in lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(one: Line) -> list[str]:
    return [
        f"{one.mean:,.0f}",
        f"{one.median:,.0f}",
        f"{one.share:.0%} ({100 * one.low:.0f} to {100 * one.high:.0f})",
        *("took part" if share is None else f"{share:.0%}" for share in one.each),
        _against(one.ratio),
        _passes(one),
        "" if one.encodes is None else f"{one.encodes:.1f}",
        "" if one.seconds is None else f"{one.seconds:.2g}" if one.seconds < 10 else f"{one.seconds:.0f}",
        f"{one.kept}",
    ]


def _against(found: Ratio | None) -> str:
    if found is None:
        return ""
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f}), {found.setting or 'the originals'}"


def _passes(one: Line) -> str:
    """Of networks, then of all judges where that is another figure."""
    if one.passes is None:
        return ""
    if one.slow is None:
        return f"{one.passes:.1f} of all judges"
    return (
        f"{one.slow:.1f}" if one.slow == one.passes else f"{one.slow:.1f}, and {one.passes - one.slow:.1f} of embedded"
    )


def asked(judges: Sequence[Judge]) -> str:
    """Markdown: the judges and what each shares with those of the search."""
    rows = [["judge that took no part", "what it shares with the search's", "sha256 of its file"], ["---"] * 3]
    rows += [[judge.name, judge.kin, f"`{judge.file[:12]}`"] for judge in judges]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def between(file: Path, section: str, block: str) -> None:
    """Put a block between the markers of this section in a page; they are added at its end where there are none."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    text = file.read_text("utf-8") if file.exists() else "# The frontier\n"
    if begin not in text:
        text = f"{text.rstrip()}\n\n{begin}\n{end}\n"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{file}: {begin!r} has no {end!r} after it")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{before}{begin}\n\n{block.strip()}\n\n{end}{after}", "utf-8")


def block(facts: str, judges: Sequence[Judge], lines: Sequence[Line], picture: Any = None) -> str:
    """All that is written of one run."""
    names = [judge.name for judge in judges]
    shown = f"![Mean bytes and transfer agreement of every way]({picture})" if picture else ""
    return "\n\n".join(part for part in (facts, shown, table(lines, names), asked(judges)) if part)
