"""Fits the search's surrogates and its first guess on photographs and prints `semopt/search/prior.py`'s numbers.

    make prior PHOTOS=DIR WEIGHTS=mobilenet_v2.pth [STORE=tables.jsonl]
    python -m tests.bench.fit_prior --photos DIR --weights mobilenet_v2.pth [--config semopt.yaml] [--count 148]
                                    [--store tables.jsonl]

Fitted are `embedded`, MobileNetV2 and the judges that a config names, all together, each image and judge with an offset
of its own. Drawings and photographs that one of them cannot decide about are left out, as the search leaves them to the
eye. Two thirds are fitted, the rest simulated: passes and bytes against the exhaustive search. Tables take about 7 s a
photograph and are kept in --store; the fit takes a few seconds. Random numbers have a fixed seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from semopt import load_config
from semopt.criteria import Recognised, margin, with_default
from semopt.evaluators import KINDS
from semopt.evaluators.calibration import THRESHOLD
from semopt.search import exhaustive, recognise, routed
from semopt.search import prior as present
from semopt.search.guess import Guess, features
from semopt.search.surrogate import CENTRE, LARGEST, Array, Places, Prior, Surrogate, _basis, _covariance
from semopt.types import Candidate, EvaluatorSpec, Keep, Problem, Search, SearchResult
from tests.bench.lattices import LOSSY, Live, Table, kept, photographs
from tests.bench.simulate import LABELS, World, simulated

SAMPLE = 48  # candidates of each photograph in the likelihood: it costs the cube of their number
NAMES = [encoder.name for encoder in LOSSY]
KEEP = Keep(similarity=THRESHOLD)
NEAR = 2.0  # margins about the threshold by the first fit, in which it has to be right: there the search ends
FAR = 0.05  # weight of the others
RIDGE = 50.0  # candidates' worth of doubt in the guess
START = {"offset": 0.2, "slope": 0.3, "rest": 0.3, "noise": 0.15, "length_size": 0.8, "length_quality": 0.5}
START["across"] = 0.8
BOUNDS = dict.fromkeys(START, (0.02, 3.0)) | {"noise": (0.02, 1.0), "across": (0.02, 0.99)}


def main() -> None:
    """Fit, print, simulate."""
    wanted = _arguments()
    specs = {
        "embedded": EvaluatorSpec("embedded", "embedded"),
        "mobilenet_v2": EvaluatorSpec(
            "mobilenet_v2", "torchvision", (("model", "mobilenet_v2"), ("weights", str(wanted.weights.resolve())))
        ),
    }
    named = load_config(wanted.config).evaluators if wanted.config else ()
    specs |= {spec.name: spec for spec in named if spec.kind != "text"}
    judges = {name: KINDS[spec.kind].load(spec, False) for name, spec in specs.items()}
    able = (file for file in photographs(wanted.photos) if searchable(Live(file, judges), list(specs)))
    tables = list(kept(islice(able, wanted.count), judges, wanted.store))
    fitted, held = tables[: 2 * len(tables) // 3], tables[2 * len(tables) // 3 :]
    now = present.BYTES, present.MARGIN, present.GUESS
    fit = fitting(fitted, list(specs))
    print("\n".join(f"{name} = {one}" for name, one in zip(("BYTES", "MARGIN", "GUESS"), fit, strict=True)))
    for label, numbers in (
        ("now in prior.py", now),
        ("this fit, nothing guessed", (*fit[:2], blind(fit[2]))),
        ("this fit", fit),
    ):
        use(*numbers)
        for name in specs:
            print(f"{label}: {name}: {simulation(held, name)}")


@dataclass(frozen=True)
class Row:
    """What is fitted of one photograph: a figure at each place of its lattice, and what a guess goes by."""

    places: Places
    octave: Array
    figures: Array
    features: Array


def fitting(tables: Sequence[Table], judges: Sequence[str]) -> tuple[Prior, Prior, Guess]:
    """The three numbers of `prior.py`."""
    sizes = [_row(table, lambda one, table=table: float(np.log(table.bytes[one])), capped=False) for table in tables]
    bytes_, _ = fit(sizes, present.BYTES, near=False)
    margins = [
        _row(table, lambda one, table=table, name=name: margin(table.scores[one][name], KEEP), True, bytes_, name)
        for name in judges
        for table in tables
    ]
    margin_, guess = fit(margins, present.MARGIN, near=True)
    return bytes_, margin_, guess


Figure = Callable[[Candidate], float]


def _row(table: Table, figure: Figure, capped: bool, bytes_: Prior | None = None, name: str = "") -> Row:
    places = Places(list(table.bytes), LOSSY)
    octave = np.minimum(places.octave, LARGEST - CENTRE) if capped else places.octave
    seen = np.full(4, np.nan) if bytes_ is None else known(table, places, bytes_, name)
    return Row(places, octave, np.array([figure(one) for one in table.bytes]), seen)


def known(table: Table, places: Places, bytes_: Prior, name: str) -> Array:
    """What a guess goes by once the first candidate of each encoder is encoded, as the search does it."""
    candidates, first = list(table.bytes), []
    for encoder in LOSSY:
        middle = encoder.ladder[len(encoder.ladder) // 2]
        same = [i for i, one in enumerate(candidates) if (one.encoder, one.quality) == (encoder.name, middle)]
        first.append(min(same, key=lambda i: abs(places.octave[i])))
    figures = [float(np.log(table.bytes[candidates[i]])) for i in first]
    surplus = Surrogate(bytes_, places, capped=False).surplus(first, figures)
    looks = [score for look, score in table.original[name].items() if look != "plain"] if LABELS.get(name, True) else []
    return features(table.source, surplus, {name: looks})


def fit(rows: Sequence[Row], start: Prior, near: bool) -> tuple[Prior, Guess]:
    """Mean and guess by weighted least squares with a ridge, then the covariance by maximum likelihood.

    near: what lies about the threshold counts most.
    """
    seen = np.array([row.features for row in rows])
    guessed = not np.isnan(seen).all()
    typical, spread = (np.nanmean(seen, 0), np.nanstd(seen, 0)) if guessed else (np.zeros(4), np.ones(4))
    apart = np.nan_to_num((seen - typical) / spread)
    weights = [np.ones_like(row.figures) for row in rows]
    if near:
        first = _solved(rows, apart[:, :0], weights)
        close = [np.abs(_columns(row, np.zeros(0)) @ first) < NEAR for row in rows]
        weights = [np.where(one, 1.0, FAR) for one in close]
    solved = _solved(rows, apart if guessed else apart[:, :0], weights)
    means = solved[: 8 * len(NAMES)].reshape(len(NAMES), -1)
    mean = {name: tuple(float(round(x, 3)) for x in one) for name, one in zip(NAMES, means, strict=True)}
    rests = [
        row.figures - _columns(row, one if guessed else one[:0]) @ solved for row, one in zip(rows, apart, strict=True)
    ]
    found = replace(start, mean={**mean, "*": mean["webp"]}, own=0.0, **_hyper(rows, rests, weights))
    tilts = solved[8 * len(NAMES) :].reshape(3, -1) if guessed else np.zeros((3, 4))
    return found, Guess(*(tuple(float(round(x, 3)) for x in one) for one in (typical, spread, *tilts)))


def _solved(rows: Sequence[Row], apart: Array, weights: Sequence[Array]) -> Array:
    gram, right = np.zeros(()), np.zeros(())
    for row, one, weight in zip(rows, apart, weights, strict=True):
        columns = _columns(row, one)
        gram = gram + (columns * weight[:, None]).T @ columns
        right = right + (columns * weight[:, None]).T @ row.figures
    doubt = np.full(len(right), RIDGE)
    doubt[: 8 * len(NAMES)] = 0.01
    return np.asarray(np.linalg.solve(gram + np.diag(doubt), right))


def _columns(row: Row, apart: Array) -> Array:
    """A polynomial for each encoder, then the tilts by each feature."""
    basis = _basis(row.octave, row.places.rung)
    parts = [np.where((np.array(row.places.names) == name)[:, None], basis, 0.0) for name in NAMES]
    tilts = np.stack([np.ones_like(row.octave), row.octave, row.places.rung], axis=1)
    return np.concatenate([*parts, (tilts[:, :, None] * apart).reshape(len(row.octave), -1)], axis=1)


def _hyper(rows: Sequence[Row], rests: Sequence[Array], weights: Sequence[Array]) -> dict[str, float]:
    """Standard deviations and lengths under which the rests are likeliest, of a sample of each row."""
    random = np.random.default_rng(0)
    drawn = []
    for row, rest, weight in zip(rows, rests, weights, strict=True):
        likely = np.flatnonzero(weight == 1)
        some = np.sort(random.choice(likely, SAMPLE, replace=len(likely) < SAMPLE))
        drawn.append((_part(row.places, some), row.octave[some], rest[some]))
    noise = np.eye(SAMPLE)

    def unlikely(logs: Array) -> float:
        guess = replace(present.MARGIN, own=0.0, **dict(zip(START, np.exp(logs), strict=True)))
        grams = np.stack([_covariance(guess, places, octave) + guess.noise**2 * noise for places, octave, _ in drawn])
        roots = np.linalg.cholesky(grams)
        solved = np.linalg.solve(roots, np.stack([rest for *_, rest in drawn])[:, :, None])
        return float((0.5 * np.sum(solved**2) + np.log(np.diagonal(roots, axis1=1, axis2=2)).sum()) / len(drawn))

    bounds = [tuple(np.log(BOUNDS[name])) for name in START]
    found = minimize(unlikely, np.log(list(START.values())), method="L-BFGS-B", bounds=bounds, options={"maxiter": 40})
    return {name: float(round(np.exp(x), 3)) for name, x in zip(START, found.x, strict=True)}


def _part(place: Places, some: Array) -> Places:
    part = object.__new__(Places)
    part.names = [place.names[i] for i in some]
    part.octave, part.rung, part.encoder = place.octave[some], place.rung[some], place.encoder[some]
    return part


def blind(guess: Guess) -> Guess:
    """A guess that takes every image for a typical one."""
    nothing = (0.0,) * len(guess.typical)
    return replace(guess, offset=nothing, octave=nothing, rung=nothing)


def use(bytes_: Prior, margin_: Prior, guess: Guess) -> None:
    """Let the search start from these numbers."""
    import sys

    module: Any = sys.modules["semopt.search.outlook"]
    module.BYTES, module.MARGIN, module.GUESS = bytes_, margin_, guess


UNSURE = "unsure"


def searched(problem: Problem) -> Search:
    """The search as `semantic` has it; what its judge cannot decide about goes nowhere."""
    return routed(problem, recognise, *[((UNSURE, _nothing),)] * 2)


def _nothing(problem: Problem) -> Search:
    return SearchResult((), ())
    yield


def searchable(world: World, judges: Sequence[str]) -> bool:
    """Whether it is a photograph about which every judge can decide."""
    return not world.source.graphic and all(_decided(world, name) for name in judges)


def _decided(world: World, name: str) -> bool:
    rule = Recognised(((name, with_default(Keep())),))
    return (
        simulated(lambda problem: routed(problem, _nothing, *[((UNSURE, _nothing),)] * 2), world, rule)[0].strategy
        is None
    )


def simulation(tables: Sequence[Table], name: str) -> str:
    """What the search finds on these, and at what cost."""
    rule = Recognised(((name, with_default(Keep())),))
    pairs = [(simulated(searched, table, rule), simulated(exhaustive, table, rule)) for table in tables]
    both = [(a, b) for a, b in pairs if a[0].accepted and b[0].accepted]
    ratio = sum(a[0].accepted[0].bytes for a, _ in both) / sum(b[0].accepted[0].bytes for _, b in both)
    counts = {key: [a[1][key] for a, _ in pairs] for key in ("reference", "search", "confirm", "encodes")}
    middle = ", ".join(f"{key} {np.median(some):g} ({np.mean(some):.1f})" for key, some in counts.items())
    lost = sum(bool(b[0].accepted) and not a[0].accepted for a, b in pairs)
    return f"{len(pairs)} photographs, {ratio:.3f} x exhaustive, medians (means) {middle}, {lost} missed"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--count", type=int, default=148)
    parser.add_argument("--store", type=Path, default=Path("lattices.jsonl"))
    parser.add_argument("--config", type=Path, help="a semopt.yaml that names more judges")
    return parser.parse_args()


if __name__ == "__main__":
    main()
