"""`python -m tests.bench.peers`: semopt beside other image optimisers, on your own photographs.

    python -m tests.bench.peers --photos DIR --weights mobilenet_v2.pth --judge other.tflite --judge another.onnx

Peers are installed into --peers, in the versions that are written in tests/bench/peers/tools; one that cannot be is
left out, and it is said. Parts: `files` (bytes, agreement, closeness; every photograph), `times` (whole processes in
turns; --timed of them), `jobs`, `post` (the blog post's loops), `noop` (nothing to do). Bytes and answers repeat;
seconds are those of this machine.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tests.bench.frontier import judges, photos, report
from tests.bench.frontier.evaluate import Panel
from tests.bench.frontier.photos import Photo
from tests.bench.frontier.store import Store
from tests.bench.installed import compiled
from tests.bench.peers import install, noop, page, post, times
from tests.bench.peers.taken import Taken, judged, source, taken
from tests.bench.peers.tool import Tool, ToolError
from tests.bench.peers.tools import PEERS, ours

PARTS = ("files", "times", "jobs", "post", "noop")
LARGE = 12.0  # megapixels of what a camera gives


def main() -> None:
    """Each part's tables on stdout, and into a page with --out."""
    wanted = _arguments().parse_args()
    compiled()
    peers = install.installed([tool for tool in PEERS if tool.name not in wanted.without], wanted.peers.resolve())
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder).resolve()
        for part in wanted.only:
            block = "\n\n".join(PART[part](wanted, peers, work))
            print(f"## {part}\n\n{block}\n", flush=True)
            if wanted.out:
                report.between(wanted.out.with_suffix(".md"), f"{part}{wanted.section}", block)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="a folder, or a text file with one path a line")
    add("--judge", action="append", default=[], help="[NETWORK=]FILE[?key=value&...]; takes no part; repeat it")
    add("--weights", type=Path, required=True, help="of torchvision's mobilenet_v2")
    add("--peers", type=Path, default=Path.home() / ".cache" / "semopt-peers", help="where peers are installed")
    add("--without", nargs="*", default=[], help="peers to leave out, by name")
    add("--only", nargs="*", choices=PARTS, default=list(PARTS))
    add("--timed", type=int, default=40, help="photographs for times (40)")
    add("--repeats", type=int, default=3, help="rounds of times (3)")
    add("--images", type=int, default=5000, help="of the build with nothing to do (5000)")
    add("--enlarge", type=float, help="enlarge photographs to so many megapixels first")
    add("--seed", type=int, default=7, help="order of the photographs (7)")
    add("--cache", type=Path, default=Path(tempfile.gettempdir()) / "semopt-frontier")
    add("--out", type=Path, help="a page: OUT.md, each part between its markers")
    add("--section", default="", help="appended to the markers' names")
    return parser


def _photos(wanted: argparse.Namespace, count: int | None = None, enlarge: float | None = None) -> list[Photo]:
    each: Iterator[Photo] = photos.distinct(photos.listed(wanted.photos, wanted.seed))
    if enlarge := enlarge or wanted.enlarge:
        each = photos.enlarged(each, enlarge, wanted.cache / "enlarged")
    return list(itertools.islice(each, count))


def _semantic(wanted: argparse.Namespace) -> list[Tool]:
    return [
        ours.tool("semantic, embedded", "strategy: semantic"),
        ours.tool("semantic, mobilenet_v2", f"strategy: semantic, evaluator: {ours.NET}", wanted.weights),
        ours.tool("semantic, both judges", f"strategy: semantic, evaluator: [embedded, {ours.NET}]", wanted.weights),
        ours.tool("semantic, embedded, confirmed", f"strategy: semantic, confirm: [{ours.NET}]", wanted.weights),
    ]


KEYS = {
    "both": "strategy: both",
    "both, AVIF alone": "strategy: both, formats: [avif]",
    "both, WebP alone": "strategy: both, formats: [webp]",
}
EYE = [ours.tool(name, keys) for name, keys in KEYS.items()]


def _files(wanted: argparse.Namespace, peers: Sequence[Tool], work: Path) -> Iterator[str]:
    """Bytes, agreement and closeness."""
    store = Store(wanted.cache / "peers.sqlite")
    panel = Panel([judges.load(spec) for spec in wanted.judge], store)
    each = _photos(wanted)
    stable = {photo.sha: photo for photo in panel.stable(each)}
    names = source(each, work / "source")

    def took(tools: Sequence[Tool]) -> list[Taken]:
        return [one for tool in tools for one in _tried(tool, wanted, names, work, store)]

    theirs = took([tool for tool in peers if tool.kind in ("search", "fixed")])
    mine = took([*_semantic(wanted), *EYE])
    pairs = []
    for base in KEYS:
        for other in theirs if base == "both" else (o for o in theirs if o.tool.kind == "fixed"):
            pairs += [(one, other) for one in took([_level(base, other, list(names))])]
    level = [one for one, _ in pairs]
    rows = [judged(one, each, stable, panel, set()) for one in (*theirs, *mine, *level)]
    originals = float(np.mean([photo.bytes for photo in each]))
    yield (
        f"{len(each)} photographs of {originals:,.0f} bytes and "
        f"{np.median([photo.megapixels for photo in each]):.2g} megapixels in the median; {len(stable)} of them stable."
    )
    yield page.tools([*(one.tool for one in theirs), *(one.tool for one in mine)])
    yield page.files([*theirs, *mine, *level], rows, panel.names, originals)
    yield page.against(mine, theirs)
    yield page.level(pairs)
    yield report.asked(panel.judges)
    store.close()


def _tried(
    tool: Tool, wanted: argparse.Namespace, names: dict[str, Photo], work: Path, store: Store
) -> Iterator[Taken]:
    try:
        yield taken(tool, wanted.peers.resolve(), names, work / "source", store)
    except ToolError as error:
        print(f"{error}\n{tool.name}: left out", file=sys.stderr)


def _level(base: str, other: Taken, names: Sequence[str]) -> Tool:
    """A rule of `both` that is at least as close to the eye as a peer, photograph by photograph."""
    floors = {name: min(100.0, float(score) + 0.005) for name, score in zip(names, other.scores, strict=True)}
    return ours.tool(f"{base}, each at least as close as {other.tool.name}", KEYS[base], floors=floors)


def _times(wanted: argparse.Namespace, peers: Sequence[Tool], work: Path) -> Iterator[str]:
    """Seconds of whole processes."""
    folder, home = work / "source", wanted.peers.resolve()
    source(_photos(wanted, wanted.timed), folder)
    rules = [*_semantic(wanted)[:1], *EYE]
    tools = [*(tool for tool in peers if tool.kind in ("search", "fixed")), *rules]
    yield f"{_machine()}; {len(list(folder.iterdir()))} photographs, {wanted.repeats} rounds."
    yield "Each with its own use of the processors:"
    yield page.times(times.rounds(tools, home, folder, None, wanted.repeats), [tool.name for tool in rules])
    single = times.rounds(tools, home, folder, 1, wanted.repeats)
    yield "Each with one job:"
    yield page.times(single, [tool.name for tool in rules])
    yield page.least({tool.name: times.least_work(tool, home, folder) for tool in rules}, single)


def _jobs(wanted: argparse.Namespace, peers: Sequence[Tool], work: Path) -> Iterator[str]:
    """Images a second with two jobs to those with one."""
    folder, home = work / "source", wanted.peers.resolve()
    source(_photos(wanted, wanted.timed), folder)
    tools = [*_semantic(wanted)[:1], EYE[0]]
    turns = [
        (times.rounds(tools, home, folder, 1, 1), times.rounds(tools, home, folder, 2, 1))
        for _ in range(wanted.repeats)
    ]
    yield f"{_machine()}; {len(list(folder.iterdir()))} photographs, {wanted.repeats} rounds."
    lines = [("rule", "images a second with `--jobs 2` to those with `--jobs 1`")]
    for tool in tools:
        one, two = ([turn[place][tool.name][0].wall for turn in turns] for place in (0, 1))
        lines.append((tool.name, str(page.times_ratio(one, two))))
    yield page.table(lines)


def _post(wanted: argparse.Namespace, peers: Sequence[Tool], work: Path) -> Iterator[str]:
    """The post's loops with the same network."""
    folder, home, found = work / "source", wanted.peers.resolve(), []
    rule = _semantic(wanted)[1]
    for enlarge, count in ((None, 12), (LARGE, 3)):
        names = source(_photos(wanted, count, enlarge), folder)
        pixels = np.median([photo.megapixels for photo in names.values()])
        seconds = post.loops(folder, wanted.weights, wanted.seed)
        found.append(
            (f"{len(names)} of {pixels:.2g} megapixels", seconds, post.ours(rule, home, folder, wanted.repeats))
        )
    yield f"{_machine()}. The loops: from the file, with the network loaded. semopt: the whole command, one job."
    yield page.loops(found)


def _noop(wanted: argparse.Namespace, peers: Sequence[Tool], work: Path) -> Iterator[str]:
    """Nothing to do."""
    folder, home = work / "small", wanted.peers.resolve()
    noop.images([photo.path for photo in _photos(wanted)], wanted.images, folder)
    own = ours.tool("semopt", "strategy: visual, formats: [webp]")
    tools = [own, *(tool for tool in peers if tool.kind == "cache")]
    yield (
        f"{_machine()}; {wanted.images:,} images, {noop.DISTINCT} different ones under many names; "
        f"{wanted.repeats} rounds; one WebP each (mkdocs-material: JPEG)."
    )
    yield page.tools(tools)
    yield page.rebuilds(noop.rebuilds(tools, home, folder, wanted.repeats), own.name)


def _machine() -> str:
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} processors, {platform.machine()}{load}"


PART = {"files": _files, "times": _times, "jobs": _jobs, "post": _post, "noop": _noop}


if __name__ == "__main__":
    main()
