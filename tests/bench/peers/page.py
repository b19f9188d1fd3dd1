"""What was measured, as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from semopt.imagefolder.report import wilson
from tests.bench.frontier.evaluate import Row
from tests.bench.frontier.figures import agreed
from tests.bench.peers.figures import bytes_ratio, mean_difference, short, spread, times_ratio
from tests.bench.peers.taken import Taken
from tests.bench.peers.tool import Spent, Tool

COMPARED = 0.9
"""Share of files of the original's size from which closeness is compared: `semantic` keeps the size of a few only."""


def table(rows: Iterable[Sequence[str]]) -> str:
    """Markdown; the first row is the head."""
    head, *rest = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rest))


def tools(each: Iterable[Tool]) -> str:
    """How each tool was run."""
    return table(
        [
            ("tool", "version", "how it is run"),
            *((t.name, ", ".join(f"`{p}`" for p in t.packages) or "this one", t.says) for t in each),
        ]
    )


def files(takens: Sequence[Taken], rows: Sequence[Row], names: Sequence[str], originals: float) -> str:
    """One line for each tool: bytes, agreement, closeness. originals: mean bytes of the photographs."""
    head = ("tool", "mean bytes", "median", "of the originals", "transfer agreement", "SSIMULACRA2", "originals kept")
    lines = [head]
    for one, row in zip(takens, rows, strict=True):
        held = agreed(row, names)
        low, high = wilson(int(held.sum()), len(held))
        whole = ~np.isnan(one.scores)
        score = f"{one.scores[whole].mean():.1f}" if whole.all() else "smaller than the original's size"
        lines.append(
            (
                one.tool.name,
                f"{one.sizes.mean():,.0f}",
                f"{np.median(one.sizes):,.0f}",
                f"{one.sizes.mean() / originals:.2f}",
                f"{held.mean():.0%} ({100 * low:.0f} to {100 * high:.0f})",
                score,
                f"{one.kept}",
            )
        )
    return table(lines)


def against(ours: Sequence[Taken], theirs: Sequence[Taken]) -> str:
    """Ratio of bytes of each of semopt's rules to each peer, with the difference in SSIMULACRA2 where there is one."""
    lines = [("bytes of semopt to those of", *(one.tool.name for one in theirs))]
    for one in ours:
        lines.append((one.tool.name, *(_compared(one, other) for other in theirs)))
    return table(lines)


def level(pairs: Iterable[tuple[Taken, Taken]]) -> str:
    """Of semopt held to a peer's closeness, and that peer."""
    lines = [("semopt", "bytes to that peer's", "SSIMULACRA2 over that peer's", "originals kept")]
    for one, other in pairs:
        whole = ~np.isnan(one.scores) & ~np.isnan(other.scores)
        closer = mean_difference(one.scores[whole], other.scores[whole])
        lines.append((one.tool.name, str(bytes_ratio(one.sizes, other.sizes)), str(closer), f"{one.kept}"))
    return table(lines)


def _compared(one: Taken, other: Taken) -> str:
    """The bytes, and the closeness where nearly all files have the original's size."""
    said = str(bytes_ratio(one.sizes, other.sizes))
    both = ~np.isnan(one.scores) & ~np.isnan(other.scores)
    if both.mean() < COMPARED:
        return said
    return f"{said}; SSIMULACRA2 {mean_difference(one.scores[both], other.scores[both]).value:+.1f}"


def times(seconds: Mapping[str, Sequence[Spent]], ours: Sequence[str]) -> str:
    """Milliseconds an image, of the clock and of processors, and what semopt's are to each tool's."""
    head = ["tool", "ms an image", "of processors"]
    lines = [head + [f"{name}: times this{of}" for name in ours for of in ("", ", of processors")]]
    for name, values in seconds.items():
        ratios = [
            "" if name == own else str(times_ratio([s[of] for s in seconds[own]], [s[of] for s in values]))
            for own in ours
            for of in (0, 1)
        ]
        lines.append([name, *(str(spread([1000 * spent[of] for spent in values])) for of in (0, 1)), *ratios])
    return table(lines)


def least(works: Mapping[str, float], seconds: Mapping[str, Sequence[Spent]]) -> str:
    """What of a build with one job no build could leave out, in processor time."""
    lines = [("rule", "one decode and the encodes that were written, ms an image", "the build: times this")]
    for name, work in works.items():
        ratio = spread([spent.processor / work for spent in seconds[name]])
        lines.append((name, short(1000 * work), str(ratio)))
    return table(lines)


def rebuilds(seconds: Mapping[str, Sequence[Spent]], own: str) -> str:
    """Seconds of a build with nothing to do."""
    lines = [("tool", "s", "of processors", "of semopt's", "of semopt's, of processors")]
    for name, values in seconds.items():
        each = [[spent[of] for spent in values] for of in (0, 1)]
        mine = [[spent[of] for spent in seconds[own]] for of in (0, 1)]
        ratios = ["" if name == own else str(times_ratio(each[of], mine[of])) for of in (0, 1)]
        lines.append((name, *(str(spread(one)) for one in each), *ratios))
    return table(lines)


def loops(found: Sequence[tuple[str, Mapping[str, Sequence[float]], Sequence[float]]]) -> str:
    """Seconds an image of the post's loops and of `semantic`. found: what of, the loops' seconds, semopt's."""
    lines = [("photographs", "way", "s of processors an image", "of `semantic` with the same network")]
    for what, each, own in found:
        lines.append((what, "semopt, `semantic`", str(spread(own)), ""))
        for name, values in each.items():
            mean = sum(values) / len(values)
            lines.append((what, name, str(spread(values)), f"{short(mean / spread(own).value)} times (of means)"))
    return table(lines)
