"""Fits what the eye's search believes of photographs and prints `semopt/search/typical.py`, or `cutout.py`.

    python -m tests.bench.fit_eye --photos DIR [--count 97] [--store sights.jsonl] > semopt/search/typical.py
    python -m tests.bench.fit_eye --cut-out --photos DIR [...] > semopt/search/cutout.py

Each photograph is taken as it is and once more as another program would have saved it (`resaved`, beside --store), and
measured at its own width, a half, a quarter and an eighth of it, with the qualities of `sights.GRID`: 12 s a photograph
on one core with OPENBLAS_NUM_THREADS=1, kept in --store. Photographs that are not among the first --count are left to
`tests.bench.eye`. With --cut-out each is taken once, cut out (`cutouts`), in formats with transparency alone.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from semopt.encoders import ENCODERS, chosen
from semopt.search.curves import Array, Curves, Line, Typical, drifts
from semopt.types import Candidate
from tests.bench.cutouts import cut_out
from tests.bench.lattices import photographs
from tests.bench.resaved import resaved
from tests.bench.sights import GRID, Sight, Store

DIRECTIONS = 9  # 4 and 6 lost 1 to 2 % more bytes on photographs left out of the fit, 11 hardly fewer
LEAST_REST = 0.15, 0.02  # points, log of bytes: no rest is taken for smaller
DECIMALS = 2, 3  # of points and of logs of bytes
FOLDS = 3
PARTS = (1, 2, 4, 8)  # of its width
LARGE = 2  # so many of these make up the line; the others only tell how it drifts below
SEED = 1  # of how photographs are saved once more, or cut out
MIDDLE = {"webp": 75, "avif": 58, "jpeg": 70}  # where the default floor lies


def main() -> None:
    """Measure, fit, print."""
    wanted = _arguments()
    files = photographs(wanted.photos)[: wanted.count]
    if wanted.cut_out:
        constant, said, formats = "CUT_OUT", "cut out, at four sizes", [one for one in GRID if ENCODERS[one].alpha]
        copies = [cut_out(files, _beside(wanted.store, "cut"), SEED)]
    else:
        constant, said, formats = "TYPICAL", "at four sizes, each saved anew too", list(GRID)
        copies = [files, resaved(files, _beside(wanted.store, "resaved"), SEED)]
    seen = [measured(list(each), wanted.store, formats) for each in copies]
    octaves, rows = (np.stack(one, axis=1) for one in zip(*seen, strict=True))
    whole = replace(fit(octaves, rows, formats), doubt=round(doubt(octaves, rows, formats), 2))
    print("\n".join(module(whole, constant, f"{len(files)} photographs {said}")))


def _beside(store: Path, what: str) -> Path:
    return store.with_name(f"{store.stem}-{what}")


def measured(files: Sequence[Path], store: Path, formats: Sequence[str]) -> tuple[Array, Array]:
    """Log2 of the longest side, (files, parts), and figures, then logs of bytes by pixel, (files, parts, knots)."""
    kept, octaves, rows = Store(store), [], []
    for file in files:
        sight = Sight(file, kept)
        for part in PARTS:
            found = list(sight.grid(round(sight.source.width / part), formats))
            one = found[0][0]
            octaves.append(math.log2(max(one.width, one.height)))
            figures = [figure for _, _, figure in found]
            rows.append([*figures, *(math.log(size / (one.width * one.height)) for _, size, _ in found)])
        sight.close()
    return np.reshape(octaves, (-1, len(PARTS))), np.reshape(rows, (len(files), len(PARTS), -1))


def fit(octaves: Array, rows: Array, formats: Sequence[str]) -> Typical:
    """Means and drifts by least squares, directions by principal components of what is left.

    octaves: (photographs, copies, parts). rows: (photographs, copies, parts, knots).
    """
    design = np.stack([np.ones_like(octaves), *drifts(octaves)], axis=-1)
    large, wide = rows[:, :, :LARGE].reshape(-1, rows.shape[-1]), design[:, :, :LARGE, :2].reshape(-1, 2)
    line = np.linalg.lstsq(wide, large, rcond=None)[0]
    apart = large - wide @ line
    below = np.tensordot(design[..., 2], rows - design[..., :2] @ line, 3) / np.sum(design[..., 2] ** 2)
    scale = apart.std(axis=0)
    _, strengths, axes = np.linalg.svd(apart / scale, full_matrices=False)
    loadings = (axes[:DIRECTIONS].T * strengths[:DIRECTIONS] / math.sqrt(len(large))) * scale[:, None]
    places = (apart / scale) @ axes[:DIRECTIONS].T
    rests = apart - places @ axes[:DIRECTIONS] * scale
    least = np.repeat(LEAST_REST, len(scale) // 2)
    table = np.column_stack([line.T, below, np.maximum(rests.std(axis=0), least), loadings])
    kept = _alike(places / places.std(axis=0)), _alike(rests / rests.std(axis=0))
    return Typical(dict(_lines(table, formats)), round(kept[0], 3), round(kept[1], 3))


def _lines(table: Array, formats: Sequence[str]) -> Iterator[tuple[str, Line]]:
    top, half = 0, len(table) // 2
    for name in formats:
        qualities = GRID[name]
        end = top + len(qualities)
        yield name, Line(qualities, _rounded(table[top:end], 0), _rounded(table[half + top : half + end], 1))
        top = end


def _rounded(rows: Array, kind: int) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in np.round(rows, DECIMALS[kind]))


def doubt(octaves: Array, rows: Array, formats: Sequence[str]) -> float:
    """How many standard deviations figures of photographs left out of the fit are off, as the search comes by them:
    the bytes of all formats known, and the figures of the other formats."""
    fold, off = np.arange(len(rows)) % FOLDS, []
    for left_out in range(FOLDS):
        typical = fit(octaves[fold != left_out], rows[fold != left_out], formats)
        large = (one[fold == left_out, :, :LARGE] for one in (octaves, rows))
        for octave, row in zip(*(one.reshape(-1, *one.shape[3:]) for one in large), strict=True):
            off += _off(typical, octave, row, formats)
    return float(np.sqrt(np.mean(np.square(off))))


def _off(typical: Typical, octave: float, row: Array, formats: Sequence[str]) -> list[float]:
    """For each format how far the figure of its middle quality is off, in standard deviations."""
    side = round(2**octave)
    size, off = (side, side), []
    middles = {name: MIDDLE[name] for name in formats}
    knots = [(name, quality) for name in formats for quality in GRID[name]]
    at = {name: knots.index((name, quality)) for name, quality in middles.items()}
    for name, quality in middles.items():
        curves = Curves(typical, chosen(formats), [size])
        for other, middle in middles.items():
            one = Candidate(other, *size, middle)
            curves.bytes_seen(one, math.exp(row[len(knots) + at[other]]) * side**2)
            if other != name:
                curves.figure_seen(one, row[at[other]])
        mean, deviation = curves.figures(name, size, [quality])
        off.append(float((row[at[name]] - mean[0]) / deviation[0]))
    return off


def _alike(values: Array) -> float:
    """Correlation of each even row with the odd row after it."""
    return float(np.sum(values[::2] * values[1::2]) / np.sqrt(np.sum(values[::2] ** 2) * np.sum(values[1::2] ** 2)))


def module(typical: Typical, constant: str, of: str) -> Iterator[str]:
    """The lines of the module."""
    yield f'"""The lines of {of}; by `tests/bench/fit_eye.py`."""\n'
    yield "from __future__ import annotations\n\nfrom semopt.search.curves import Line, Typical\n"
    yield f"{constant} = Typical(\n    lines={{"
    for name, line in typical.lines.items():
        yield f'        "{name}": Line(\n            {line.qualities},'
        for rows in (line.figures, line.bytes):
            yield "            (" + "".join(f"\n                {row}," for row in rows) + "\n            ),"
        yield "        ),"
    rest = {key: getattr(typical, key) for key in ("kept_directions", "kept_rest", "rough", "rough_bytes", "doubt")}
    yield "    },\n" + "".join(f"    {key}={value},\n" for key, value in rest.items()) + ")"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--cut-out", action="store_true")
    parser.add_argument("--count", type=int, default=97)
    parser.add_argument("--store", type=Path, default=Path("sights.jsonl"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
