"""Fits the search's surrogates on photographs and prints `semopt/search/prior.py`'s numbers.

    python -m tests.bench.fit_prior --photos DIR --weights mobilenet_v2.pth [--count 110] [--store tables.jsonl]

Two thirds of the photographs are fitted, the rest simulated: passes and bytes against the exhaustive search. Margins
are fitted for both judges together, each image and judge with an offset of its own. Tables take about 7 s a
photograph and are kept in --store; the fit takes a minute.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from semopt.criteria import Recognised, margin, with_default
from semopt.evaluators import KINDS
from semopt.evaluators.calibration import THRESHOLD
from semopt.search import exhaustive, recognise
from semopt.search import prior as present
from semopt.search.surrogate import CENTRE, LARGEST, Array, Places, Prior, _basis, _covariance
from semopt.types import Candidate, EvaluatorSpec, Keep
from tests.bench.lattices import LOSSY, Table, kept, photographs
from tests.bench.simulate import simulated

SAMPLE = 60  # candidates of each photograph in the likelihood: it costs the cube of their number
NAMES = [encoder.name for encoder in LOSSY]
KEEP = Keep(similarity=THRESHOLD)


def main() -> None:
    """Fit, print, simulate."""
    wanted = _arguments()
    specs = {
        "embedded": EvaluatorSpec("embedded", "embedded"),
        "mobilenet_v2": EvaluatorSpec(
            "mobilenet_v2", "torchvision", (("model", "mobilenet_v2"), ("weights", str(wanted.weights.resolve())))
        ),
    }
    judges = {name: KINDS[spec.kind].load(spec, False) for name, spec in specs.items()}
    tables = list(kept(photographs(wanted.photos)[: wanted.count], judges, wanted.store))
    fitted, held = tables[: 2 * len(tables) // 3], tables[2 * len(tables) // 3 :]
    seen = [(table, lambda one, table=table: float(np.log(table.bytes[one]))) for table in fitted]
    bytes_ = fit(seen, present.BYTES, capped=False)
    margins = [
        (table, lambda one, table=table, name=name: margin(table.scores[one][name], KEEP))
        for table in fitted
        for name in wanted.judges
    ]
    margin_ = fit(margins, present.MARGIN, capped=True)
    print(f"BYTES = {bytes_}\nMARGIN = {margin_}")
    for label, numbers in (("now in prior.py", (present.BYTES, present.MARGIN)), ("this fit", (bytes_, margin_))):
        _simulate(label, held, specs, *numbers)


Figure = Callable[[Candidate], float]


def fit(rows: Sequence[tuple[Table, Figure]], start: Prior, capped: bool) -> Prior:
    """Mean by least squares, then covariance by maximum likelihood (Nelder-Mead over logarithms)."""
    places = [Places(list(table.bytes), LOSSY) for table, _ in rows]
    octaves = [np.minimum(place.octave, LARGEST - CENTRE) if capped else place.octave for place in places]
    figures = [np.array([figure(one) for one in table.bytes]) for table, figure in rows]
    columns = np.concatenate([_columns(place, octave) for place, octave in zip(places, octaves, strict=True)])
    solved = np.linalg.lstsq(columns, np.concatenate(figures), rcond=None)[0].reshape(len(NAMES), -1)
    mean = {name: tuple(float(round(x, 3)) for x in row) for name, row in zip(NAMES, solved, strict=True)}
    begun = replace(start, mean={**mean, "*": mean["webp"]})
    random = np.random.default_rng(0)
    chosen = [np.sort(random.choice(len(f), min(SAMPLE, len(f)), replace=False)) for f in figures]
    rests = [f - _columns(p, o) @ solved.reshape(-1) for f, p, o in zip(figures, places, octaves, strict=True)]

    def unlikely(logs: Array) -> float:
        guess, total = _with(begun, logs), 0.0
        for place, octave, rest, some in zip(places, octaves, rests, chosen, strict=True):
            gram = _covariance(guess, _part(place, some), octave[some]) + guess.noise**2 * np.eye(len(some))
            try:
                root = np.linalg.cholesky(gram)
            except np.linalg.LinAlgError:
                return 1e12
            total += 0.5 * float(np.sum(np.linalg.solve(root, rest[some]) ** 2)) + float(np.log(np.diag(root)).sum())
        return total

    found = minimize(
        unlikely, _logs(begun), method="Nelder-Mead", options={"maxiter": 300, "xatol": 0.02, "fatol": 0.5}
    )
    return _with(begun, found.x)


HYPER = ("offset", "slope", "rest", "noise", "length_size", "length_quality", "across")


def _logs(one: Prior) -> Array:
    return np.log([getattr(one, name) for name in HYPER])


def _with(one: Prior, logs: Array) -> Prior:
    values = {name: float(round(np.exp(x), 3)) for name, x in zip(HYPER, logs, strict=True)}
    return replace(one, **{**values, "across": min(values["across"], 0.99)}, own=0.0)


def _columns(place: Places, octave: Array) -> Array:
    basis = _basis(octave, place.rung)
    parts = [np.where((np.array(place.names) == name)[:, None], basis, 0.0) for name in NAMES]
    return np.concatenate(parts, axis=1)


def _part(place: Places, some: Array) -> Places:
    part = object.__new__(Places)
    part.names = [place.names[i] for i in some]
    part.octave, part.rung, part.encoder = place.octave[some], place.rung[some], place.encoder[some]
    return part


def _simulate(label: str, tables: Sequence[Table], judges: Sequence[str], bytes_: Prior, margin_: Prior) -> None:
    import sys

    from semopt.search import recognise as module_  # noqa: F401

    module = sys.modules["semopt.search.recognise"]
    module.BYTES, module.MARGIN = bytes_, margin_  # type: ignore[attr-defined]
    for name in judges:
        rule = Recognised(((name, with_default(Keep())),))
        pairs = [(simulated(recognise, table, rule), simulated(exhaustive, table, rule)) for table in tables]
        both = [(a, b) for a, b in pairs if a[0].accepted and b[0].accepted]
        ratio = sum(a[0].accepted[0].bytes for a, _ in both) / sum(b[0].accepted[0].bytes for _, b in both)
        middle = {key: float(np.median([a[1][key] for a, _ in pairs])) for key in ("search", "confirm", "encodes")}
        lost = sum(bool(b[0].accepted) and not a[0].accepted for a, b in pairs)
        print(f"{label}: {name}: {len(pairs)} photographs, {ratio:.3f} x exhaustive, medians {middle}, {lost} missed")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--count", type=int, default=110)
    parser.add_argument("--store", type=Path, default=Path("lattices.jsonl"))
    parser.add_argument("--judges", nargs="+", default=["embedded", "mobilenet_v2"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
