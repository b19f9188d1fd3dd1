"""What four probes lose: `python -m tests.bench.eye --photos DIR [--skip 150] [--count 60] [--floor 70] [--width PX]`.

The search for `visual` against bisection of every format down to one step of quality (seven probes each). With
--cut-out photographs are cut out first, as for `fit_eye`, and formats without transparency left out. With --width they
are first made so wide, by Lanczos, and saved as JPEG of quality 92 beside --store. --widths searches the variants of
several widths at once. Everything measured is kept in --store.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from semopt.criteria import Recognised
from semopt.encoders import ENCODERS, chosen
from semopt.search.board import Board
from semopt.search.eye import close_to_the_eye
from semopt.search.lattice import displayed, fits
from semopt.types import Candidate, Encode, Measure, Problem, Search, SearchResult
from tests.bench.cutouts import cut_out
from tests.bench.lattices import photographs
from tests.bench.sights import Sight, Store

FORMATS = ("webp", "avif", "jpeg")
SEED = 1  # of how photographs are cut out


def main() -> None:
    """Search every photograph and print ratios."""
    wanted = _arguments()
    store = Store(wanted.store)
    files = photographs(wanted.photos)[wanted.skip :][: wanted.count]
    if wanted.cut_out:
        files = list(cut_out(files, wanted.store.with_name(f"{wanted.store.stem}-cut"), SEED))
    pairs = [pair(Sight(file, store), wanted) for file in _widened(files, wanted.width, wanted.store)]
    print("\n".join(summary(pairs)))


@dataclass(frozen=True)
class Pair:
    """Bytes by format and width of what the search and the yardstick found; probes and encodes of the search."""

    found: dict[tuple[str, int], int]
    yardstick: dict[tuple[str, int], int]
    counts: Counter[str]


def pair(sight: Sight, wanted: argparse.Namespace) -> Pair:
    """Both searches of one photograph."""
    rule = Recognised((), None)
    floor = {"ssimulacra2": wanted.floor}
    formats = chosen([name for name in FORMATS if ENCODERS[name].alpha or not wanted.cut_out])
    source = replace(sight.source, alpha=wanted.cut_out)
    problem = Problem(source, formats, wanted.write, rule, floor, tuple(wanted.widths))
    ended, counts = driven(close_to_the_eye(problem, judged=False), sight)
    yardstick, _ = driven(bisected(problem), sight)
    sight.close()
    return Pair(_bytes(ended), _bytes(yardstick), counts)


def driven(search: Search, sight: Sight) -> tuple[SearchResult, Counter[str]]:
    """What a search finds in a photograph, and counts by "probes" and "encodes"."""
    answer, counts = None, Counter[str]()
    while True:
        try:
            request = search.send(answer)
        except StopIteration as stop:
            return stop.value, counts
        assert isinstance(request, Encode | Measure)
        counts["probes" if isinstance(request, Measure) else "encodes"] += len(request.candidates)
        seen = [sight.measured(one) for one in request.candidates]
        answer = [figure if isinstance(request, Measure) else size for size, figure in seen]


def bisected(problem: Problem) -> Search:
    """The yardstick: each format at each size down to one step of quality."""
    ((metric, floor),) = problem.floor.items()
    board, accepted = Board(problem, []), []
    for size in displayed(problem):
        for encoder in (encoder for encoder in problem.encoders if fits(encoder, *size)):
            low, high = encoder.worst - 1, encoder.best + 1
            while high - low > 1:
                index = board.add(Candidate(encoder.name, *size, (low + high) // 2))
                yield from board.measure(index, metric)
                holds = (board.trials[index].measured or 0.0) >= floor
                accepted += [index] if holds else []
                low, high = (low, (low + high) // 2) if holds else ((low + high) // 2, high)
    return board.conclude(accepted)


def summary(pairs: Sequence[Pair]) -> Iterator[str]:
    """A line for each format, one for the smallest file of each width, one for the work."""
    for name in FORMATS:
        places = [(one, place) for one in pairs for place in one.yardstick if place[0] == name]
        both = [one.found[place] / one.yardstick[place] for one, place in places if place in one.found]
        yield f"{name}: {_ratio(both)}, {len(places) - len(both)} of {len(places)} not found"
    least = [(_least(one.found), _least(one.yardstick)) for one in pairs]
    both = [found[width] / yard[width] for found, yard in least for width in yard if width in found]
    none = sum(width not in found for found, yard in least for width in yard)
    yield f"the smallest: {_ratio(both)}, {none} not found"
    probes, encodes = ([one.counts[what] for one in pairs] for what in ("probes", "encodes"))
    yield f"probes {np.mean(probes):.2f} (most {max(probes)}), encodes {np.mean(encodes):.1f}, {len(pairs)} photographs"


def _ratio(ratios: Sequence[float]) -> str:
    """Geometric mean and its 95 % interval, by drawing anew."""
    if not ratios:
        return "none"
    logs, random = np.log(ratios), np.random.default_rng(0)
    means = [random.choice(logs, len(logs)).mean() for _ in range(2000)]
    low, high = np.exp(np.percentile(means, (2.5, 97.5)))
    worst = np.exp(np.percentile(logs, 90))
    return f"{np.exp(logs.mean()):.3f} times the bytes ({low:.3f} to {high:.3f}; 90 % under {worst:.2f})"


def _least(found: dict[tuple[str, int], int]) -> dict[int, int]:
    return {width: min(size for (_, at), size in found.items() if at == width) for _, width in found}


def _bytes(ended: SearchResult) -> dict[tuple[str, int], int]:
    return {(one.candidate.encoder, one.candidate.width): one.bytes for one in ended.accepted}


def _widened(files: Sequence[Path], width: int | None, store: Path) -> Iterator[Path]:
    folder = store.with_name(f"{store.stem}-{width}")
    for file in files:
        wide = folder / f"{file.stem}.jpg"
        if width and not wide.exists():
            folder.mkdir(parents=True, exist_ok=True)
            image = Image.open(file).convert("RGB")
            high = round(image.height * width / image.width)
            image.resize((width, high), Image.Resampling.LANCZOS).save(wide, quality=92)
        yield wide if width else file


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--cut-out", action="store_true")
    parser.add_argument("--skip", type=int, default=150)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--floor", type=float, default=70.0)
    parser.add_argument("--width", type=int)
    parser.add_argument("--widths", type=int, nargs="*", default=[])
    parser.add_argument("--write", choices=("each", "smallest"), default="each")
    parser.add_argument("--store", type=Path, default=Path("sights.jsonl"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
